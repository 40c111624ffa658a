"""Which devices share a step, and how: the one file that says `pmap`."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from handwriting_gan.errors import InputError
from handwriting_gan.training import cpu_memory, shards, train_state
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import Terms, TrainStep

AXIS = "batch"
# LLVM's further levels take a CPU a quarter longer to compile, and make no step sooner.
ON_CPU = {"xla_backend_optimization_level": 1}


def one_virtual_device_per_core(batch_size: int) -> None:
    """Asks that a CPU be seen as one device per core, so that `pmap` is the path everywhere.

    It has to be called before JAX looks at its devices; accelerators are not touched. A wish already made
    by `XLA_FLAGS` or `JAX_NUM_CPU_DEVICES` stands.
    """
    told = ("xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
            or "JAX_NUM_CPU_DEVICES" in os.environ)
    if not told:
        jax.config.update("jax_num_cpu_devices", even_share(cores(), batch_size))


def cores() -> int:
    """Those that this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def even_share(cores: int, batch_size: int) -> int:
    """The most devices, one per core at most, among which a batch can be shared evenly."""
    return max(count for count in range(1, cores + 1) if batch_size % count == 0)


def steps_per_dispatch(wanted: int) -> int:
    """As many as wanted; one on a CPU, where convolutions inside a loop are ten times slower."""
    return 1 if jax.default_backend() == "cpu" else wanted


def share(batch_size: int, micro_batches: int = 1) -> np.ndarray:
    """The places in the batch that each local device takes: int32 `[devices, batch_size / all devices]`.

    Raises:
      InputError: if the batch cannot be divided evenly, a device's share into micro-batches included.
    """
    devices = jax.device_count()
    if batch_size < 1 or batch_size % (devices * micro_batches):
        each = f" with {micro_batches} micro-batches each" if micro_batches > 1 else ""
        raise InputError(f"a batch of {batch_size} cannot be shared evenly by {devices} devices{each}; "
                         f"choose --config.batch_size as a multiple of {devices * micro_batches}")
    places = np.arange(batch_size, dtype=np.int32).reshape(devices, -1)
    first = jax.process_index() * jax.local_device_count()
    return places[first:first + jax.local_device_count()]


def replicate(tree: Any) -> Any:
    """A copy on every local device."""
    return _one_each([tree] * jax.local_device_count())


def place(state: TrainState, optimizers: dict[str, optax.GradientTransformation]) -> TrainState:
    """A whole state on the local devices: copies, but of averages and moments each device's own parts."""
    state, count = jax.tree.map(np.asarray, state), jax.device_count()
    first = jax.process_index() * jax.local_device_count()
    return _one_each([train_state.part(state, optimizers, first + index, count)
                      for index in range(jax.local_device_count())])


def _one_each(trees: Sequence[Any]) -> Any:
    """Each local device its tree; on the axis that `pmap` uses, or the second step would compile again."""
    sharding = NamedSharding(Mesh(np.array(jax.local_devices()), (AXIS,)), PartitionSpec(AXIS))
    # From NumPy: stacking JAX's own arrays is a program for each shape, two seconds of a start.
    return jax.tree.map(lambda *arrays: jax.device_put(np.stack(arrays), sharding), *trees)


def unreplicate(tree: Any) -> Any:
    """The first local device's copy, as NumPy arrays."""
    return jax.tree.map(lambda x: np.asarray(x.addressable_shards[0].data)[0], tree)


def take_back(state: TrainState, optimizers: dict[str, optax.GradientTransformation]) -> TrainState:
    """The whole state that `place` put on devices, as NumPy arrays; among processes, all ask at once."""
    opt_states = {name: optax.tree_map_params(optimizers[name], _join, opt_state, state.params[name],
                                              transform_non_params=lambda copies: copies[0])
                  for name, opt_state in _of_all_devices(state.opt_states).items()}
    return TrainState(unreplicate(state.step), unreplicate(state.params), averages(state), opt_states)


def averages(state: TrainState) -> dict[str, Any]:
    """The whole averages of a state on devices, as NumPy arrays; among processes, all ask at once."""
    return {name: jax.tree.map(_join, parts, state.params[name])
            for name, parts in _of_all_devices(state.averaged).items()}


def _join(parts: np.ndarray, param: jax.Array) -> np.ndarray:
    """The array whose parts these are: as the parameter is, of which each local device has a copy."""
    return shards.join(parts, param.shape[1:])


def _of_all_devices(tree: Any) -> Any:
    """What each device has, those of other processes too: NumPy arrays `[devices, ...]`."""
    return jax.tree.map(np.asarray, tree) if jax.process_count() == 1 else unreplicate(_all_gather(tree))


_all_gather = jax.pmap(lambda tree: jax.lax.all_gather(tree, AXIS), axis_name=AXIS)


def parallel(train_step: TrainStep, steps: int) -> Callable[..., tuple[TrainState, Terms]]:
    """`(state, pool, examples)` on all devices at once, `steps` iterations per call; the state is donated.

    Everything has a leading axis of local devices. The terms are means over iterations and devices.
    """

    def dispatch(state: TrainState, pool: Any,
                 examples: jax.Array) -> tuple[TrainState, Terms]:
        if steps == 1:
            return train_step(state, pool, examples)
        state, terms = jax.lax.scan(lambda state, _: train_step(state, pool, examples),
                                    state, length=steps)
        return state, jax.tree.map(jnp.mean, terms)

    return jax.pmap(dispatch, axis_name=AXIS, donate_argnums=0)


def compiled(dispatch: Callable[..., Any], state: TrainState, *inputs: Any) -> Callable[..., Any]:
    """A dispatch of `parallel`, compiled ahead: while that takes memory, there is one copy of the state.

    Of the state it takes the shapes that one device has; what comes after it is on the devices. Among several
    processes it is the dispatch, to be compiled when it is called: `pmap` takes no shapes there.
    """
    if jax.process_count() > 1:
        return dispatch

    def on_devices(x: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((jax.local_device_count(), *x.shape), x.dtype)

    cpu_memory.give_back()
    program = dispatch.lower(jax.tree.map(on_devices, state), *inputs).compile(compiler_options())
    cpu_memory.give_back()
    return program


def compiler_options() -> dict[str, int] | None:
    """`ON_CPU` there, unless the user has said how much to optimize; otherwise XLA's own."""
    told = (jax.config.read("jax_disable_most_optimizations")
            or "xla_backend_optimization_level" in os.environ.get("XLA_FLAGS", ""))
    return ON_CPU if jax.default_backend() == "cpu" and not told else None


class Agreement:
    """Has every process stop at the same step: the largest of their numbers, in all of them.

    Among several processes it is known one call later, so that asking never waits for the step under way.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._largest = jax.pmap(lambda number: jax.lax.pmax(number, AXIS), axis_name=AXIS)
        self._asked = None

    def __call__(self, number: int) -> int:
        """Asks with this process's number; returns what the call before this one found, at first 0."""
        if jax.process_count() == 1:
            return number
        found, self._asked = self._asked, self._largest(np.full(jax.local_device_count(), number, np.int32))
        return 0 if found is None else int(unreplicate(found))
