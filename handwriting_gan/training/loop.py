"""The loop: it decides only when to step, log, draw and save."""

import contextlib

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
from handwriting_gan.training.progress import RunProgress
from handwriting_gan.training.samples import draw_sheets
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import make_train_step
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir, claim
from handwriting_gan.workdir.metric_log import MetricLog
from handwriting_gan.workdir.trained_model import TrainedModel


def train(config: ConfigDict, workdir: Workdir, glyphs: Glyphs, held_out: Glyphs,
          stop_at: int | None = None) -> TrainState:
    """Trains from the newest checkpoint until `config.steps`, or `stop_at` for a run to be resumed.

    Returns the final state as NumPy arrays.

    Raises:
      InputError: if the config is wrong, or the workdir holds a run with another.
    """
    check_counts(config)
    method, by_network = methods.build(config), optimizers.build(config)
    examples = devices.share(config.batch_size)
    claim(workdir, config)
    manager = checkpoints.open_for_training(workdir)
    state = restore_or_create(manager, method, by_network, config.seed)
    step, last = int(state.step), min(config.steps, stop_at or config.steps)
    per_dispatch = devices.steps_per_dispatch(config.steps_per_dispatch)
    if (last - step) % per_dispatch:
        raise InputError(f"{last - step} steps are left, no multiple of steps_per_dispatch = {per_dispatch}; "
                         "choose --config.steps so that they are")
    log, progress = MetricLog(workdir, step), RunProgress(step, last)
    dispatch = devices.parallel(
        make_train_step(method, by_network, config.averaging, config.seed, devices.AXIS), per_dispatch)
    state, pool = devices.replicate(state), devices.replicate(make_pool(glyphs))
    with progress, contextlib.closing(log), contextlib.closing(manager):
        while step < last:
            state, terms = dispatch(state, pool, examples)
            previous, step = step, step + per_dispatch
            if due(step, config.log_every, previous, last):
                terms = {name: float(value) for name, value in devices.unreplicate(terms).items()}
                log.write(step, terms, progress.speed(step))
                progress.terms(step, terms)
            progress.step(step)
            if due(step, config.sample_every, previous, last):
                averaged = devices.unreplicate(state.averaged)
                draw_sheets(workdir, TrainedModel(config, method, averaged, step), held_out)
            # Saved last, so that what a kill took is made again.
            if due(step, config.checkpoint_every, previous, last):
                save(manager, devices.unreplicate(state))
    return devices.unreplicate(state)


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
    """The state of the newest checkpoint, or the state before the first step.

    Raises:
      InputError: if the checkpoint is damaged or another method's.
    """
    create = jax.jit(lambda: train_state.create(method, by_network, seed))
    abstract = jax.eval_shape(create)
    restored = checkpoints.restore(manager, {checkpoints.STATE: abstract.replace(averaged={}),
                                             checkpoints.AVERAGED: abstract.averaged})
    if restored is None:
        return create()
    return restored[checkpoints.STATE].replace(averaged=restored[checkpoints.AVERAGED])


def save(manager: checkpoints.Manager, state: TrainState) -> None:
    """Saves a state of NumPy arrays, the averaged networks apart."""
    checkpoints.save(manager, int(state.step), state=state.replace(averaged={}),
                     averaged=state.averaged)
