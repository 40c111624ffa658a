"""Recorders: they save a run in its workdir and show it on the console. Only the first process does so."""

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
from handwriting_gan.workdir.layout import Workdir, check_claim, check_free, claim, locked
from handwriting_gan.workdir.metric_log import MetricLog
from handwriting_gan.workdir.trackers import check_tracker, open_tracker

Sheets = Callable[[int, Mapping[str, Any]], Mapping[str, Sheet]]  # (step, averaged networks) -> {mode: sheet}


def checkpoint_items(state: TrainState) -> dict[str, Any]:
    """A state, or its shapes, as the two items of a checkpoint: the averaged networks, and everything else."""
    return {checkpoints.STATE: state.replace(averaged={}), checkpoints.AVERAGED: state.averaged}


class NullRecorder:
    """Saves and shows nothing: the recorder of every process but the first."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Does nothing, because nothing is open."""

    def check(self, abstract: TrainState) -> None:
        """Does nothing: only the first process checks the workdir."""

    def restore(self) -> TrainState | None:
        """Returns None: the first process broadcasts the state."""

    def begin(self, step: int, last: int) -> None:
        """The loop calls it when a run begins or resumes at `step`, with the run's last step."""

    def show_step(self, step: int) -> None:
        """The loop calls it after it dispatched a step."""

    def log_terms(self, step: int, terms: Mapping[str, float]) -> None:
        """The loop calls it when the terms of a step are due."""

    def save_sheets(self, step: int, averaged: Mapping[str, Any]) -> None:
        """The loop calls it when the sample sheets of a step are due."""

    def save_checkpoint(self, state: TrainState) -> None:
        """The loop calls it when a checkpoint is due; the state has NumPy arrays."""


class Recorder(NullRecorder):
    """Saves a run in its workdir and shows it on the console; a context that locks the workdir.

    Call in order: `check`, which writes nothing; the context; `restore`; `begin`, which claims the workdir.

    Raises:
      InputError: from any method, if the workdir holds a run with another config, another process is training in
        it, it cannot be written to, or the disk is full.
    """

    def __init__(self, config: ConfigDict, workdir: Workdir, sheets: Sheets) -> None:
        """Prepares to record a run of this config; `sheets` makes its sample sheets."""
        self._config, self._workdir, self._sheets = config, workdir, sheets
        self._open = contextlib.ExitStack()
        self._restored: checkpoints.Restored | None = None

    def check(self, abstract: TrainState) -> None:
        """Checks that the run can be saved; `abstract` has the state's shapes."""
        self._abstract = checkpoint_items(abstract)
        check_tracker(self._config)
        check_claim(self._workdir, self._config)
        check_free(self._workdir)
        checkpoints.check_room(self._workdir.checkpoints, self._abstract)

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            stack.enter_context(locked(self._workdir))
            check_claim(self._workdir, self._config)
            self._manager = stack.enter_context(
                contextlib.closing(checkpoints.open_for_training(self._workdir)))
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    def restore(self) -> TrainState | None:
        """The state of the newest intact checkpoint, if there is one; reports damaged ones."""
        self._restored = checkpoints.restore(self._manager, self._abstract)
        if self._restored is None:
            return None
        checkpoints.report_damaged(self._restored)
        items = self._restored.items
        return items[checkpoints.STATE].replace(averaged=items[checkpoints.AVERAGED])

    def begin(self, step: int, last: int) -> None:
        """Opens the tracker, claims the workdir, and opens the log and the progress bar.

        Sets damaged checkpoints aside, because their steps will be trained again, and drops logged lines of
        later steps.
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

    def show_step(self, step: int) -> None:
        """Moves the progress bar."""
        self._progress.step(step)

    def log_terms(self, step: int, terms: Mapping[str, float]) -> None:
        """Logs and shows the terms and the speed."""
        with self._logging():
            self._log.write(step, terms, self._progress.speed(step))
        self._progress.terms(step, terms)

    def save_sheets(self, step: int, averaged: Mapping[str, Any]) -> None:
        """Saves the sample sheets."""
        paths = {}
        for mode, sheet in self._sheets(step, averaged).items():
            paths[mode] = self._workdir.sample(mode, step)
            write_atomically(paths[mode], png_of_sheet(sheet))
        self._log.pictures(step, paths)

    def save_checkpoint(self, state: TrainState) -> None:
        """Saves a checkpoint."""
        checkpoints.save(self._manager, int(state.step), **checkpoint_items(state))

    @contextlib.contextmanager
    def _logging(self) -> Iterator[None]:
        """Context that reports an error of the file system as an InputError."""
        try:
            yield
        except OSError as error:
            raise InputError(f"{self._workdir.root} cannot be written to ({error.strerror or error}); the last "
                             "checkpoint is kept: fix that, then run the same command again to resume") from error
