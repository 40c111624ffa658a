"""Data parallelism: how devices share a batch. The only file that calls `pmap`."""

import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from handwriting_gan.errors import InputError
from handwriting_gan.training import cpu_memory
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import Terms, TrainStep

AXIS = "batch"
# On a CPU, LLVM's higher levels compile a quarter longer, and the step is no faster.
CPU_COMPILER_OPTIONS = {"xla_backend_optimization_level": 1}


def one_virtual_device_per_core(batch_size: int) -> None:
    """Splits a CPU into one JAX device per core, so that `pmap` is the path everywhere.

    Call it before JAX initialises its devices. It does not affect accelerators. A number of devices set in
    `XLA_FLAGS` or `JAX_NUM_CPU_DEVICES` takes precedence.
    """
    is_set = ("xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
              or "JAX_NUM_CPU_DEVICES" in os.environ)
    if not is_set:
        jax.config.update("jax_num_cpu_devices", most_devices(cores(), batch_size))


def cores() -> int:
    """The cores that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def most_devices(cores: int, batch_size: int) -> int:
    """The largest number of devices, at most one per core, that divides the batch evenly."""
    return max(count for count in range(1, cores + 1) if batch_size % count == 0)


def steps_per_dispatch(requested: int) -> int:
    """The requested number; 1 on a CPU, where convolutions inside a loop are ten times slower."""
    return 1 if jax.default_backend() == "cpu" else requested


def split_batch(batch_size: int, micro_batches: int = 1) -> np.ndarray:
    """The indices in the batch of each local device's examples: int32 `[devices, batch_size / all devices]`.

    Raises:
      InputError: if the devices, or the micro-batches of a device, do not divide the batch evenly.
    """
    devices = jax.device_count()
    if batch_size < 1 or batch_size % (devices * micro_batches):
        each = f" with {micro_batches} micro-batches each" if micro_batches > 1 else ""
        raise InputError(f"{devices} devices{each} do not divide a batch of {batch_size}; "
                         f"choose --config.batch_size as a multiple of {devices * micro_batches}")
    indices = np.arange(batch_size, dtype=np.int32).reshape(devices, -1)
    first = jax.process_index() * jax.local_device_count()
    return indices[first:first + jax.local_device_count()]


def replicate(tree: Any) -> Any:
    """A copy on every local device: arrays `[local devices, ...]`.

    The copies have the sharding that `pmap` returns; with any other the second step would compile again.
    """
    sharding = NamedSharding(Mesh(np.array(jax.local_devices()), (AXIS,)), PartitionSpec(AXIS))
    count = jax.local_device_count()
    # Stack in NumPy: JAX would compile a program for each shape, two seconds in all.
    return jax.tree.map(lambda x: jax.device_put(np.stack([np.asarray(x)] * count), sharding), tree)


def unreplicate(tree: Any) -> Any:
    """The first local device's copy, as NumPy arrays."""
    return jax.tree.map(lambda x: np.asarray(x.addressable_shards[0].data)[0], tree)


def parallel(train_step: TrainStep, steps: int) -> jax.stages.Wrapped:
    """`(state, pool, examples) -> (state, terms)` on all devices, `steps` iterations per call.

    All arrays have a leading axis of local devices. The terms are means over the iterations. The call donates
    the buffers of the state.
    """

    def dispatch(state: TrainState, pool: Any, examples: jax.Array) -> tuple[TrainState, Terms]:
        if steps == 1:
            return train_step(state, pool, examples)
        state, terms = jax.lax.scan(lambda state, _: train_step(state, pool, examples),
                                    state, length=steps)
        return state, jax.tree.map(jnp.mean, terms)

    return jax.pmap(dispatch, axis_name=AXIS, donate_argnums=0)


def compiled(dispatch: jax.stages.Wrapped, state: TrainState,
             *inputs: Any) -> jax.stages.Wrapped | jax.stages.Compiled:
    """Compiles the result of `parallel` before the state is on the devices, which saves memory.

    `state` is one copy of the state, or its shapes; `inputs` are on the devices. With several processes `pmap`
    cannot compile from shapes, so the first call compiles.
    """
    if jax.process_count() > 1:
        return dispatch

    def on_devices(x: jax.Array | jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((jax.local_device_count(), *x.shape), x.dtype)

    cpu_memory.release()
    program = dispatch.lower(jax.tree.map(on_devices, state), *inputs).compile(compiler_options())
    cpu_memory.release()
    return program


def compiler_options() -> dict[str, Any] | None:
    """`CPU_COMPILER_OPTIONS` on a CPU, unless the user sets a level; None, XLA's defaults, otherwise."""
    is_set = (jax.config.read("jax_disable_most_optimizations")
              or "xla_backend_optimization_level" in os.environ.get("XLA_FLAGS", ""))
    return CPU_COMPILER_OPTIONS if jax.default_backend() == "cpu" and not is_set else None


class Agreement:
    """The maximum of a number over all processes, so that all processes stop at the same step.

    With several processes a call returns the result of the previous call, so that it does not wait for a step.
    """

    def __init__(self) -> None:
        """Starts without a pending result."""
        self._maximum = jax.pmap(lambda number: jax.lax.pmax(number, AXIS), axis_name=AXIS)
        self._pending = None

    def __call__(self, number: int) -> int:
        """Submits this process's number; returns the result of the previous call, at first 0."""
        if jax.process_count() == 1:
            return number
        numbers = np.full(jax.local_device_count(), number, np.int32)
        previous, self._pending = self._pending, self._maximum(numbers)
        return 0 if previous is None else int(unreplicate(previous))
