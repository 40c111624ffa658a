"""The loop: it decides only when to step, log, draw and save."""

import contextlib
from collections.abc import Callable
from typing import Any

import jax
from ml_collections import ConfigDict

from handwriting_gan import methods
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.training import deadlock, devices, optimizers, processes, train_state
from handwriting_gan.training.cadence import due
from handwriting_gan.training.finite import check_params, check_terms
from handwriting_gan.training.interruption import InterruptedRunError, Interruption
from handwriting_gan.training.records import Records, Unrecorded
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import make_train_step
from handwriting_gan.workdir.layout import Workdir

Dispatch = Callable[[TrainState], tuple[TrainState, Any]]


def train(config: ConfigDict, workdir: Workdir, glyphs: Glyphs, held_out: Glyphs,
          stop_at: int | None = None, if_stuck: Callable[[], object] | None = None) -> TrainState:
    """Trains from the newest checkpoint until `config.steps`, or `stop_at` for a run to be resumed.

    Several processes call it alike; only the first touches the workdir. `if_stuck` is called, from another
    thread, on a deadlock of virtual devices. Returns the final state as NumPy arrays.

    Raises:
      InputError: if the config is wrong, the workdir holds a run with another, is being trained in or cannot
        be written to, or a loss is not finite.
      InterruptedRunError: if SIGTERM or SIGINT came; the state is saved.
    """
    check_counts(config)
    method, by_network = methods.build(config), optimizers.build(config)
    examples = devices.split_batch(config.batch_size, config.micro_batches)
    records = Records(config, workdir, method, held_out) if processes.is_first() else Unrecorded()
    with contextlib.ExitStack() as stack:

        def begin() -> TrainState:
            create = jax.jit(lambda: train_state.create(method, by_network, config.seed))
            newest = stack.enter_context(records).newest(jax.eval_shape(create))
            return create() if newest is None else newest

        state = processes.of_the_first(processes.all_or_none(begin))
        step = int(state.step)
        last = min(config.steps, stop_at or config.steps)
        per_dispatch = steps_per_dispatch(config, last - step)
        on_devices = devices.parallel(make_train_step(
            method, by_network, config.averaging, config.seed, devices.AXIS, config.micro_batches),
            per_dispatch)
        inputs = devices.replicate(method.examples.lay_out(glyphs)), examples
        records.begin(step, last)
        interruption = stack.enter_context(Interruption())
        dispatch = devices.compiled(on_devices, state, *inputs) if step < last else on_devices
        state = devices.replicate(state)
        watch = stack.enter_context(deadlock.Watch(if_stuck))
        return _run(config, records, watch, interruption, state, step, last, per_dispatch,
                    lambda state: dispatch(state, *inputs))


def _run(config: ConfigDict, records: Unrecorded, watch: deadlock.Watch, interruption: Interruption,
         state: TrainState, step: int, last: int, per_dispatch: int, dispatch: Dispatch) -> TrainState:
    """Trains from `step`, that of the state, to the step `last`."""
    recent, agree = [], devices.Agreement()
    while step < last:
        state, terms = dispatch(state)
        watch.stepped()
        previous, step = step, step + per_dispatch
        recent.append((step, terms))
        jax.block_until_ready(recent[-2:-1])  # at most one dispatch waits (deadlock.py)
        records.step(step)
        # Being stopped logs and draws nothing, so that a resumed run leaves what an unbroken one does.
        stopped_by = agree(interruption.number)
        if due(step, config.log_every, previous, config.steps):
            records.terms(step, look_at(recent))
        if due(step, config.sample_every, previous, config.steps):
            records.sheets(step, devices.unreplicate(state.averaged))
        # Saved last, so that what a kill took is made again.
        if stopped_by or due(step, config.checkpoint_every, previous, last):
            look_at(recent)
            saved = devices.unreplicate(state)
            check_params(step, saved.params)
            with watch.patient():
                records.save(saved)
        if stopped_by:
            raise InterruptedRunError(stopped_by, step)
    return devices.unreplicate(state)


def describe(config: ConfigDict) -> str:
    """What would be trained on what, with nothing trained and nothing written.

    Raises:
      InputError: if the config is wrong, or its batch cannot be shared.
    """
    check_counts(config)
    method, by_network = methods.build(config), optimizers.build(config)
    _, each = devices.split_batch(config.batch_size, config.micro_batches).shape
    params = jax.eval_shape(lambda: train_state.create(method, by_network, config.seed)).params
    sizes = ", ".join(f"{name} {sum(x.size for x in jax.tree.leaves(tree)):,}"
                      for name, tree in params.items())
    return (f"process {jax.process_index()} of {jax.process_count()}; {jax.device_count()} devices "
            f"({jax.local_devices()[0].device_kind}), {jax.local_device_count()} of them here\n"
            f"batch {config.batch_size}: {each} on each device, in micro-batches of "
            f"{each // config.micro_batches}; computed in {config.compute}\n"
            f"{config.steps} steps, {devices.steps_per_dispatch(config.steps_per_dispatch)} per dispatch\n"
            f"parameters: {sizes}")


def look_at(recent: list[tuple[int, Any]]) -> dict[str, float]:
    """The newest of some steps' terms, taken from the devices once all are known to be finite.

    Only the newest stays in `recent`.

    Raises:
      InputError: naming the first phase, term and step that are not.
    """
    for step, on_devices in recent:
        terms = {name: float(value) for name, value in devices.unreplicate(on_devices).items()}
        check_terms(step, terms)
    del recent[:-1]
    return terms


def steps_per_dispatch(config: ConfigDict, left: int) -> int:
    """How many steps one call plays.

    Raises:
      InputError: if the steps left are no multiple of it.
    """
    count = devices.steps_per_dispatch(config.steps_per_dispatch)
    if left % count:
        raise InputError(f"{left} steps are left, no multiple of steps_per_dispatch = {count}; "
                         "choose --config.steps so that they are")
    return count


def check_counts(config: ConfigDict) -> None:
    """Refuses a count of steps, of examples or of steps between two events that is not above 0.

    Raises:
      InputError: naming the field.
    """
    for name, value in config.items():
        is_count = name.endswith(("steps", "every", "size", "dispatch", "batches"))
        if is_count and not (isinstance(value, int) and value >= 1):
            raise InputError(f"--config.{name} is {value}; it must be a whole number above 0")
