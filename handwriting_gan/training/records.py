"""What a run shows and keeps; of several processes only the first does."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from ml_collections import ConfigDict

from handwriting_gan.data.pictures import Sheet, png_of_sheet
from handwriting_gan.errors import InputError
from handwriting_gan.files import write_atomically
from handwriting_gan.training.progress import RunProgress
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir, alone, check_claim, check_free, claim
from handwriting_gan.workdir.metric_log import MetricLog
from handwriting_gan.workdir.trackers import check_tracker, open_tracker

Sheets = Callable[[int, Mapping[str, Any]], Mapping[str, Sheet]]  # (step, averaged networks) -> {mode: sheet}


def in_items(state: TrainState) -> dict[str, Any]:
    """A state, or its shapes, as a checkpoint holds it: the averaged networks apart from all else."""
    return {checkpoints.STATE: state.replace(averaged={}), checkpoints.AVERAGED: state.averaged}


class Unrecorded:
    """Shows and keeps nothing: what the processes after the first have."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Nothing is open."""

    def check(self, abstract: TrainState) -> None:
        """Whether a run could be kept is the first process's to find."""

    def newest(self) -> TrainState | None:
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

    In order: `check`, which writes nothing; the context; `newest`; `begin`, which claims the workdir.

    Raises:
      InputError: from any method, if the workdir holds a run with another config, is being trained in,
        cannot be written to, or has no room left.
    """

    def __init__(self, config: ConfigDict, workdir: Workdir, sheets: Sheets) -> None:
        """For a run of this config; `sheets` makes its sample sheets."""
        self._config, self._workdir, self._sheets = config, workdir, sheets
        self._open = contextlib.ExitStack()
        self._restored: checkpoints.Restored | None = None

    def check(self, abstract: TrainState) -> None:
        """Refuses what could not be kept, before anything is made: `abstract` has the state's shapes."""
        self._abstract = in_items(abstract)
        check_tracker(self._config)
        check_claim(self._workdir, self._config)
        check_free(self._workdir)
        checkpoints.check_room(self._workdir.checkpoints, self._abstract)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(alone(self._workdir))
            check_claim(self._workdir, self._config)
            self._manager = stack.enter_context(
                contextlib.closing(checkpoints.open_for_training(self._workdir)))
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    def newest(self) -> TrainState | None:
        """The state of the newest whole checkpoint, if there is one; what is damaged is named."""
        self._restored = checkpoints.restore(self._manager, self._abstract)
        if self._restored is None:
            return None
        checkpoints.report_damaged(self._restored)
        items = self._restored.items
        return items[checkpoints.STATE].replace(averaged=items[checkpoints.AVERAGED])

    def begin(self, step: int, last: int) -> None:
        """Opens the tracker, claims the workdir, and opens the log and the progress bar.

        Damaged checkpoints are set aside, since their steps are made again; logged lines of later steps go.
        """
        with self._logging(), contextlib.ExitStack() as stack:
            tracker = stack.enter_context(
                contextlib.closing(open_tracker(self._config, self._workdir, step)))
            claim(self._workdir, self._config)
            if self._restored is not None:
                checkpoints.set_aside(self._manager, self._restored.damaged)
            self._log = self._open.enter_context(contextlib.closing(MetricLog(self._workdir, step, tracker)))
            stack.pop_all()  # the log closes its tracker
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
        """Saves the sample sheets."""
        paths = {}
        for mode, sheet in self._sheets(step, averaged).items():
            paths[mode] = self._workdir.sample(mode, step)
            write_atomically(paths[mode], png_of_sheet(sheet))
        self._log.pictures(step, paths)

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
