"""What a run shows and keeps; of several processes only the first does."""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Self

from ml_collections import ConfigDict

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.methods.method import Method
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.training.progress import RunProgress
from handwriting_gan.training.samples import draw_sheets
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir, alone, claim
from handwriting_gan.workdir.metric_log import MetricLog
from handwriting_gan.workdir.trackers import open_tracker


def in_items(state: TrainState) -> dict[str, Any]:
    """A state, or its shapes, as a checkpoint holds it: the averaged networks apart from all else."""
    return {checkpoints.STATE: state.replace(averaged={}), checkpoints.AVERAGED: state.averaged}


class Unrecorded:
    """Shows and keeps nothing: what the processes after the first have."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def newest(self, abstract: TrainState) -> TrainState | None:
        """None: the first process tells."""

    def begin(self, step: int, last: int) -> None:
        """The run goes on from a step."""

    def step(self, step: int) -> None:
        """A step was dispatched."""

    def terms(self, step: int, terms: Mapping[str, float]) -> None:
        """The terms of a step are known."""

    def sheets(self, step: int, averaged: Mapping[str, Any]) -> None:
        """The averaged networks of a step can be seen at work."""

    def save(self, state: TrainState) -> None:
        """A state of NumPy arrays is to be resumed from."""


class Records(Unrecorded):
    """Keeps a run in its workdir and shows it on the console; used as a context, alone in the workdir.

    Raises:
      InputError: from any method, if the workdir holds a run with another config, is being trained in,
        cannot be written to, or has no room left.
    """

    def __init__(self, config: ConfigDict, workdir: Workdir, method: Method, held_out: Glyphs) -> None:
        """Of a run of this config; `held_out` glyphs are drawn on sample sheets."""
        self._config, self._workdir, self._method, self._held_out = config, workdir, method, held_out
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(alone(self._workdir))
            claim(self._workdir, self._config)
            self._manager = stack.enter_context(
                contextlib.closing(checkpoints.open_for_training(self._workdir)))
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    def newest(self, abstract: TrainState) -> TrainState | None:
        """The state of the newest whole checkpoint, if there is one; and whether there is room for another.

        A damaged checkpoint is named, and goes: its steps are made again.
        """
        checkpoints.check_room(self._manager, abstract)
        restored = checkpoints.restore(self._manager, in_items(abstract))
        if restored is None:
            return None
        for step, why in restored.damaged.items():
            print(f"the checkpoint of step {step} is damaged ({why}); going on from step {restored.step}",
                  file=sys.stderr)
            self._manager.delete(step)
        return restored.items[checkpoints.STATE].replace(averaged=restored.items[checkpoints.AVERAGED])

    def begin(self, step: int, last: int) -> None:
        """Opens the log, where lines of later steps go, and the progress bar."""
        with self._logging():
            tracker = open_tracker(self._config, self._workdir, step)
            self._log = self._open.enter_context(contextlib.closing(MetricLog(self._workdir, step, tracker)))
        self._progress = self._open.enter_context(RunProgress(step, last))

    def step(self, step: int) -> None:
        """Moves the bar."""
        self._progress.step(step)

    def terms(self, step: int, terms: Mapping[str, float]) -> None:
        """Logs terms and speed, and shows them."""
        with self._logging():
            self._log.write(step, terms, self._progress.speed(step))
        self._progress.terms(step, terms)

    def sheets(self, step: int, averaged: Mapping[str, Any]) -> None:
        """Draws the sample sheets."""
        model = TrainedModel(self._config, self._method, averaged, step)
        self._log.pictures(step, draw_sheets(self._workdir, model, self._held_out))

    def save(self, state: TrainState) -> None:
        """Saves a checkpoint, the averaged networks apart."""
        checkpoints.save(self._manager, int(state.step), **in_items(state))

    @contextlib.contextmanager
    def _logging(self) -> Iterator[None]:
        """Says in one line what the system says of a line that could not be logged."""
        try:
            yield
        except OSError as error:
            raise InputError(f"{self._workdir.root} cannot be written to ({error.strerror or error}); the "
                             "last checkpoint is kept: mend that, and the same command goes on") from error
