"""Several processes that train one model: how they connect, and the data that they exchange."""

from collections.abc import Callable
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from handwriting_gan.errors import InputError

Value = TypeVar("Value")


def join(coordinator: str | None = None, count: int | None = None, index: int | None = None) -> None:
    """Connects to the other processes. Call it before JAX initialises its devices.

    `coordinator` is HOST:PORT of the first process, which every process can reach. JAX reads an argument that is
    None from the environment of a TPU pod, Slurm or Open MPI.

    Raises:
      InputError: if the environment lacks it, or the other processes cannot be reached.
    """
    try:
        jax.distributed.initialize(coordinator, count, index)
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"the other processes cannot be joined ({error}); name --coordinator, --processes and --process, "
            "or start this by srun or on a TPU pod with --distributed") from error


def is_first() -> bool:
    """Whether this process writes the files of the run."""
    return jax.process_index() == 0


def all_or_none(begin: Callable[[], Value]) -> Value:
    """Calls a function in every process; returns its result once it has succeeded in all of them.

    Raises:
      InputError: the function's own; in the other processes, which would wait for ever, one that names the
        process that failed.
    """
    try:
        value = begin()
    except InputError:
        _gather_failures(True)
        raise
    failed = _gather_failures(False)
    if np.any(failed):
        raise InputError(f"process {int(np.argmax(failed))} could not begin; see its error message")
    return value


def _gather_failures(failed: bool) -> np.ndarray:
    """Gathers which processes failed: bool `[processes]`. Every process must call it."""
    if jax.process_count() == 1:
        return np.array([failed])
    return np.asarray(multihost_utils.process_allgather(np.bool_(failed)))


def broadcast_from_first(tree: Value) -> Value:
    """The first process's pytree of arrays, in every process."""
    return multihost_utils.broadcast_one_to_all(tree) if jax.process_count() > 1 else tree
