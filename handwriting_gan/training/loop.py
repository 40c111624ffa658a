"""The training loop: it decides when to step, log, save sample sheets and save checkpoints."""

import contextlib
import dataclasses
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
from handwriting_gan.training.recorder import NullRecorder, Recorder, Sheets
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import make_train_step
from handwriting_gan.workdir.config_ranges import check_complete, check_ranges
from handwriting_gan.workdir.layout import Workdir, saved_steps


def train(config: ConfigDict, workdir: Workdir, glyphs: Glyphs, sheets: Sheets,
          stop_at: int | None = None, if_stuck: Callable[[], object] | None = None) -> TrainState:
    """Trains from the newest checkpoint until `config.steps`, or until `stop_at` for a run to be resumed later.

    All processes of a run call it with the same arguments; only the first uses the workdir. `sheets` makes the
    sample sheets. `if_stuck` is called, from another thread, on a deadlock of virtual devices. Returns the final
    state as NumPy arrays.

    Raises:
      InputError: if the config is wrong, the workdir holds a run with another config, another process is training
        in it, it cannot be written to, or a loss is not finite.
      InterruptedRunError: if SIGTERM or SIGINT arrived; the state is saved.
    """
    plan = make_plan(config, glyphs, stop_at)
    recorder = Recorder(config, workdir, sheets) if processes.is_first() else NullRecorder()
    with contextlib.ExitStack() as stack:

        def begin() -> TrainState:
            recorder.check(plan.abstract)
            restored = stack.enter_context(recorder).restore()
            if processes.is_first():  # the other processes do not know the step yet
                step = 0 if restored is None else int(restored.step)
                steps_per_dispatch(config, plan.last - step)
                recorder.begin(step, plan.last)
            return plan.create() if restored is None else restored

        state = processes.broadcast_from_first(processes.all_or_none(begin))
        step = int(state.step)
        per_dispatch = steps_per_dispatch(config, plan.last - step)
        on_devices = devices.parallel(
            make_train_step(plan.method, plan.optimizers, config.ema_decay, config.seed, devices.AXIS,
                            config.micro_batches, optimizers.rate_scale(config)), per_dispatch)
        inputs = devices.replicate(plan.pool), plan.examples
        interruption = stack.enter_context(Interruption())
        dispatch = devices.compiled(on_devices, state, *inputs) if step < plan.last else on_devices
        state = devices.replicate(state)
        watch = stack.enter_context(deadlock.Watch(if_stuck))
        run = Run(config, plan.last, per_dispatch, lambda state: dispatch(state, *inputs), recorder, watch,
                  interruption)
        return run.train(state, step)


@dataclasses.dataclass(frozen=True)
class Run:
    """A run that is ready to step."""

    config: ConfigDict
    last: int  # step
    per_dispatch: int  # steps
    dispatch: Callable[[TrainState], tuple[TrainState, Any]]  # state -> (state, terms), on the devices
    recorder: NullRecorder
    watch: deadlock.Watch
    interruption: Interruption

    def train(self, state: TrainState, step: int) -> TrainState:
        """Trains from `step`, the step of the state; takes a replicated state and returns one copy."""
        config, recent, agree = self.config, [], devices.Agreement()
        while step < self.last:
            state, terms = self.dispatch(state)
            self.watch.stepped()
            previous, step = step, step + self.per_dispatch
            recent.append((step, terms))
            jax.block_until_ready(recent[-2:-1])  # at most one dispatch is queued (deadlock.py)
            self.recorder.show_step(step)
            # An interruption logs nothing and saves no sheet, so a resumed run has the same files as an
            # uninterrupted one.
            stopped_by = agree(self.interruption.number)
            if due(step, config.log_every, previous, config.steps):
                self.recorder.log_terms(step, fetch_terms(recent))
            if due(step, config.sample_every, previous, config.steps):
                self.recorder.save_sheets(step, devices.unreplicate(state.averaged))
            # Save last: a killed run regenerates its logs and sheets on resume.
            if stopped_by or due(step, config.checkpoint_every, previous, self.last):
                fetch_terms(recent)
                saved = devices.unreplicate(state)
                check_params(step, saved.params, saved.averaged)
                with self.watch.patient():
                    self.recorder.save_checkpoint(saved)
            if stopped_by:
                raise InterruptedRunError(stopped_by, step)
        return devices.unreplicate(state)


class Plan(NamedTuple):
    """The method, optimizers, data and initial state of a run, made from its config and its glyphs."""

    method: Method
    optimizers: dict[str, optax.GradientTransformation]  # by network
    examples: np.ndarray  # int32 [local devices, examples of each]: indices in the batch
    pool: Any  # the glyphs in the form that the method samples from
    create: Callable[[], TrainState]
    abstract: TrainState  # the shapes of the state
    last: int  # step


def make_plan(config: ConfigDict, glyphs: Glyphs, stop_at: int | None = None) -> Plan:
    """Checks the config against its ranges, its method, the devices and the glyphs; writes nothing.

    Raises:
      InputError: if a field is wrong; it names the field as on the command line.
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
    for group in ("learning_rates", "max_gradient_norms"):
        if unknown := sorted(set(config.get(group, {})) - set(method.networks)):
            raise InputError(f"--config.{group}.{unknown[0]}: {config.method} has no such network; "
                             f"it has {', '.join(method.networks)}")
    examples = devices.split_batch(config.batch_size, config.micro_batches)
    pool = method.examples.make_pool(glyphs)
    return Plan(method, by_network, examples, pool, create, abstract, stop_at or config.steps)


def describe(config: ConfigDict, workdir: Workdir, glyphs: Glyphs, sheets: Sheets,
             stop_at: int | None = None) -> str:
    """A description of what `train` would do; makes the same checks, trains nothing and writes nothing.

    Raises:
      InputError: as `train` does.
    """
    plan = make_plan(config, glyphs, stop_at)
    if processes.is_first():
        Recorder(config, workdir, sheets).check(plan.abstract)
        steps_per_dispatch(config, plan.last - max(saved_steps(workdir), default=0))
    _, per_device = plan.examples.shape
    sizes = ", ".join(f"{name} {sum(x.size for x in jax.tree.leaves(tree)):,}"
                      for name, tree in plan.abstract.params.items())
    return (f"process {jax.process_index()} of {jax.process_count()}; {jax.device_count()} devices "
            f"({jax.local_devices()[0].device_kind}), {jax.local_device_count()} in this process\n"
            f"batch {config.batch_size}: {per_device} on each device, in micro-batches of "
            f"{per_device // config.micro_batches}; computed in {config.compute}\n"
            f"{config.steps} steps, {devices.steps_per_dispatch(config.steps_per_dispatch)} per dispatch\n"
            f"parameters: {sizes}")


def fetch_terms(recent: list[tuple[int, Any]]) -> dict[str, float]:
    """Fetches the terms of recent steps, `(step, terms on the devices)`, checks them and returns the newest.

    Removes all but the newest from `recent`.

    Raises:
      InputError: if a term is not finite; it names the first phase, term and step.
    """
    for step, on_devices in recent:
        terms = {name: float(value) for name, value in devices.unreplicate(on_devices).items()}
        check_terms(step, terms)
    del recent[:-1]
    return terms


def steps_per_dispatch(config: ConfigDict, remaining: int) -> int:
    """The number of steps that one dispatch runs.

    Raises:
      InputError: if the number of remaining steps is positive and not a multiple of this number.
    """
    count = devices.steps_per_dispatch(config.steps_per_dispatch)
    if remaining > 0 and remaining % count:
        raise InputError(f"{remaining} steps remain, not a multiple of --config.steps_per_dispatch = {count}; "
                         "change --config.steps or --stop_at")
    return count
