"""Several processes that train one model together: how they find each other, and what they must share."""

from collections.abc import Callable
from typing import TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from handwriting_gan.errors import InputError

Value = TypeVar("Value")


def join(coordinator: str | None = None, count: int | None = None, index: int | None = None) -> None:
    """Joins the others; before JAX looks at its devices.

    `coordinator` is the first process's HOST:PORT, which every process can reach. What is None is read from
    the environment of a TPU pod, Slurm or Open MPI.

    Raises:
      InputError: if the environment does not tell, or the others cannot be reached.
    """
    try:
        jax.distributed.initialize(coordinator, count, index)
    except (ValueError, RuntimeError) as error:
        raise InputError(
            f"the other processes cannot be joined ({error}); name --coordinator, --processes and --process, "
            "or start this by srun or on a TPU pod with --distributed") from error


def is_first() -> bool:
    """Whether this is the process that writes what is written once."""
    return jax.process_index() == 0


def all_or_none(begin: Callable[[], Value]) -> Value:
    """What a function returns, once it has returned in all processes.

    Raises:
      InputError: its own; and in the others, which would wait for ever, one that says so.
    """
    try:
        value = begin()
    except InputError:
        _failed_in(True)
        raise
    failed = _failed_in(False)
    if np.any(failed):
        raise InputError(f"process {int(np.argmax(failed))} could not begin, and says why; mend that first")
    return value


def _failed_in(here: bool) -> np.ndarray:
    """Which processes failed: bool `[processes]`; every process asks."""
    if jax.process_count() == 1:
        return np.array([here])
    return np.asarray(multihost_utils.process_allgather(np.bool_(here)))


def of_the_first(tree: Value) -> Value:
    """The first process's pytree of arrays, in every process."""
    return multihost_utils.broadcast_one_to_all(tree) if jax.process_count() > 1 else tree
