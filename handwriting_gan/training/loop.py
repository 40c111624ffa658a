"""The loop: it decides only when to step, log, draw and save."""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from ml_collections import ConfigDict

from handwriting_gan import methods
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError, one_line
from handwriting_gan.methods.method import Method
from handwriting_gan.training import deadlock, devices, optimizers, processes, train_state
from handwriting_gan.training.cadence import due
from handwriting_gan.training.finite import check_params, check_terms
from handwriting_gan.training.interruption import InterruptedRunError, Interruption
from handwriting_gan.training.records import Records, Sheets, Unrecorded
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import make_train_step
from handwriting_gan.workdir.config_ranges import check_complete, check_ranges
from handwriting_gan.workdir.layout import Workdir, saved_steps

Dispatch = Callable[[TrainState], tuple[TrainState, Any]]


def train(config: ConfigDict, workdir: Workdir, glyphs: Glyphs, sheets: Sheets,
          stop_at: int | None = None, if_stuck: Callable[[], object] | None = None) -> TrainState:
    """Trains from the newest checkpoint until `config.steps`, or `stop_at` for a run to be resumed.

    All processes of a run call it alike; only the first touches the workdir. `sheets` makes the sample sheets.
    `if_stuck` is called, from another thread, on a deadlock of virtual devices. Returns the final state as NumPy
    arrays.

    Raises:
      InputError: if the config is wrong, the workdir holds a run with another, is being trained in or cannot
        be written to, or a loss is not finite.
      InterruptedRunError: if SIGTERM or SIGINT came; the state is saved.
    """
    plan = make_plan(config, glyphs, stop_at)
    method, by_network, last = plan.method, plan.by_network, plan.last
    records = Records(config, workdir, sheets) if processes.is_first() else Unrecorded()
    with contextlib.ExitStack() as stack:

        def begin() -> TrainState:
            records.check(plan.abstract)
            newest = stack.enter_context(records).newest()
            if processes.is_first():  # the others do not know the step yet
                step = 0 if newest is None else int(newest.step)
                steps_per_dispatch(config, last - step)
                records.begin(step, last)
            return plan.create() if newest is None else newest

        state = processes.of_the_first(processes.all_or_none(begin))
        step = int(state.step)
        per_dispatch = steps_per_dispatch(config, last - step)
        on_devices = devices.parallel(make_train_step(
            method, by_network, config.averaging, config.seed, devices.AXIS, config.micro_batches),
            per_dispatch)
        inputs = devices.replicate(plan.pool), plan.examples
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
            check_params(step, saved.params, saved.averaged)
            with watch.patient():
                records.save(saved)
        if stopped_by:
            raise InterruptedRunError(stopped_by, step)
    return devices.unreplicate(state)


class Plan(NamedTuple):
    """What a run will do, checked as far as its config and its data tell."""

    method: Method
    by_network: dict[str, optax.GradientTransformation]
    examples: np.ndarray  # int32 [local devices, each one's part of the batch]
    pool: Any  # the glyphs as the method draws from them
    create: Callable[[], TrainState]
    abstract: TrainState  # its shapes
    last: int  # step


def make_plan(config: ConfigDict, glyphs: Glyphs, stop_at: int | None = None) -> Plan:
    """Checks the config against its ranges, its method, the devices and the glyphs; nothing is written.

    Raises:
      InputError: naming the field that is wrong, as the command line has it.
    """
    check_complete(config)
    check_ranges(config, "--config.")
    if stop_at is not None and not 1 <= stop_at <= config.steps:
        raise InputError(f"--stop_at is {stop_at}; it must be from 1 to --config.steps, {config.steps}")
    try:
        method, by_network = methods.build(config), optimizers.build(config)
        create = jax.jit(lambda: train_state.create(method, by_network, config.seed))
        abstract = jax.eval_shape(create)
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"the config does not fit its method, {config.method} "
                         f"({one_line(error)}); begin with that method's config file") from error
    if strange := sorted(set(by_network) - set(method.networks)):
        raise InputError(f"--config.learning_rates.{strange[0]} is for no network of {config.method}; "
                         f"it has {', '.join(method.networks)}")
    examples = devices.split_batch(config.batch_size, config.micro_batches)
    pool = method.examples.make_pool(glyphs)
    return Plan(method, by_network, examples, pool, create, abstract, stop_at or config.steps)


def describe(config: ConfigDict, workdir: Workdir, glyphs: Glyphs, sheets: Sheets,
             stop_at: int | None = None) -> str:
    """What `train` would train on what; it makes the same checks, trains nothing and writes nothing.

    Raises:
      InputError: as `train` does.
    """
    plan = make_plan(config, glyphs, stop_at)
    if processes.is_first():
        Records(config, workdir, sheets).check(plan.abstract)
        steps_per_dispatch(config, plan.last - max(saved_steps(workdir), default=0))
    _, each = plan.examples.shape
    params = plan.abstract.params
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
      InputError: if the steps left, where there are any, are no multiple of it.
    """
    count = devices.steps_per_dispatch(config.steps_per_dispatch)
    if left > 0 and left % count:
        raise InputError(f"{left} steps are left, no multiple of --config.steps_per_dispatch = {count}; "
                         "choose --config.steps or --stop_at so that they are")
    return count
