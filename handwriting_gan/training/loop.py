"""The loop: it decides only when to step, log, draw and save."""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

import jax
import optax
from ml_collections import ConfigDict

from handwriting_gan import methods
from handwriting_gan.data.batches import make_pool
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.methods.method import Method
from handwriting_gan.training import devices, optimizers, train_state
from handwriting_gan.training.cadence import due
from handwriting_gan.training.finite import check_params, check_terms
from handwriting_gan.training.interruption import InterruptedRunError, Interruption
from handwriting_gan.training.progress import RunProgress
from handwriting_gan.training.samples import draw_sheets
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import make_train_step
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir, alone, claim
from handwriting_gan.workdir.metric_log import MetricLog
from handwriting_gan.workdir.trained_model import TrainedModel

Dispatch = Callable[[TrainState], tuple[TrainState, Any]]


def train(config: ConfigDict, workdir: Workdir, glyphs: Glyphs, held_out: Glyphs,
          stop_at: int | None = None) -> TrainState:
    """Trains from the newest checkpoint until `config.steps`, or `stop_at` for a run to be resumed.

    Returns the final state as NumPy arrays.

    Raises:
      InputError: if the config is wrong, the workdir holds a run with another or is being trained in, or
        a loss is not finite.
      InterruptedRunError: if SIGTERM or SIGINT came; the state is saved.
    """
    check_counts(config)
    method, by_network = methods.build(config), optimizers.build(config)
    examples = devices.share(config.batch_size)
    with alone(workdir):
        claim(workdir, config)
        manager = checkpoints.open_for_training(workdir)
        with contextlib.closing(manager):
            state = restore_or_create(manager, method, by_network, config.seed)
            last = min(config.steps, stop_at or config.steps)
            per_dispatch = steps_per_dispatch(config, last - int(state.step))
            dispatch = devices.parallel(make_train_step(
                method, by_network, config.averaging, config.seed, devices.AXIS), per_dispatch)
            pool = devices.replicate(make_pool(glyphs))
            return _run(config, workdir, method, manager, held_out, state, last, per_dispatch,
                        lambda state: dispatch(state, pool, examples))


def _run(config: ConfigDict, workdir: Workdir, method: Method, manager: checkpoints.Manager,
         held_out: Glyphs, state: TrainState, last: int, per_dispatch: int, dispatch: Dispatch) -> TrainState:
    """Plays dispatches from the state on until the step `last`."""
    step = int(state.step)
    log, progress = MetricLog(workdir, step), RunProgress(step, last)
    state, recent = devices.replicate(state), []
    with progress, contextlib.closing(log), Interruption() as interruption:
        while step < last:
            state, terms = dispatch(state)
            previous, step = step, step + per_dispatch
            recent.append((step, terms))
            progress.step(step)
            # Being stopped logs and draws nothing, so that a resumed run leaves what an unbroken one does.
            stopped_by = interruption.number
            if due(step, config.log_every, previous, config.steps):
                terms = look_at(recent)
                log.write(step, terms, progress.speed(step))
                progress.terms(step, terms)
            if due(step, config.sample_every, previous, config.steps):
                averaged = devices.unreplicate(state.averaged)
                draw_sheets(workdir, TrainedModel(config, method, averaged, step), held_out)
            # Saved last, so that what a kill took is made again.
            if stopped_by or due(step, config.checkpoint_every, previous, last):
                look_at(recent)
                save(manager, devices.unreplicate(state))
            if stopped_by:
                raise InterruptedRunError(stopped_by, step)
    return devices.unreplicate(state)


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
        is_count = name.endswith(("steps", "every", "size", "dispatch"))
        if is_count and not (isinstance(value, int) and value >= 1):
            raise InputError(f"--config.{name} is {value}; it must be a whole number above 0")


def restore_or_create(manager: checkpoints.Manager, method: Method,
                      by_network: dict[str, optax.GradientTransformation],
                      seed: int) -> TrainState:
    """The state of the newest whole checkpoint, or the state before the first step.

    A damaged checkpoint is named, and goes: its steps are made again.

    Raises:
      InputError: if all checkpoints are damaged, or another method's.
    """
    create = jax.jit(lambda: train_state.create(method, by_network, seed))
    abstract = jax.eval_shape(create)
    restored = checkpoints.restore(manager, {checkpoints.STATE: abstract.replace(averaged={}),
                                             checkpoints.AVERAGED: abstract.averaged})
    if restored is None:
        return create()
    for step, why in restored.damaged.items():
        print(f"the checkpoint of step {step} is damaged ({why}); going on from step {restored.step}",
              file=sys.stderr)
        manager.delete(step)
    return restored.items[checkpoints.STATE].replace(averaged=restored.items[checkpoints.AVERAGED])


def save(manager: checkpoints.Manager, state: TrainState) -> None:
    """Saves a state of NumPy arrays, the averaged networks apart.

    Raises:
      InputError: if a parameter is not finite.
    """
    check_params(int(state.step), state.params)
    checkpoints.save(manager, int(state.step), state=state.replace(averaged={}),
                     averaged=state.averaged)
