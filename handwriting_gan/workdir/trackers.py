"""Trackers, which show a run to people: TensorBoard's events in the workdir, or Weights & Biases."""

import hashlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ml_collections import ConfigDict
from tensorboardX import SummaryWriter

from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import Workdir

PROJECT = "handwriting_gan"
WITHOUT_WANDB = ("--config.tracker=wandb needs the extra `wandb`: "
                 "pip install 'handwriting-gan[wandb]'")


class Tracker(Protocol):
    """Receives the metrics and the sample sheets of a run."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Logs the metrics of a step."""

    def pictures(self, step: int, paths: Mapping[str, Path]) -> None:
        """Logs the sample sheets of a step, PNG files by mode."""

    def close(self) -> None:
        """Ends the log."""


class TensorBoard:
    """Metrics as events in the workdir, which holds the sample sheets already."""

    def __init__(self, workdir: Workdir, step: int) -> None:
        """Opens the events of a run that begins or resumes at `step`; hides events of later steps."""
        self._events = SummaryWriter(str(workdir.events), purge_step=step + 1)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Logs the metrics of a step."""
        for name, value in values.items():
            self._events.add_scalar(name, value, step)
        self._events.flush()

    def pictures(self, step: int, paths: Mapping[str, Path]) -> None:
        """Does nothing: the workdir holds the sheets."""

    def close(self) -> None:
        """Closes the file of events."""
        self._events.close()


class WeightsAndBiases:
    """Metrics and sheets in a run of Weights & Biases; WANDB_MODE=offline keeps them in the workdir.

    A resumed run continues the same run there. If a step is logged twice, the service keeps the first metrics.
    """

    def __init__(self, workdir: Workdir, config: ConfigDict) -> None:
        """Starts or continues the run of this config.

        Raises:
          InputError: if the extra is not installed or the service cannot be reached.
        """
        try:
            import wandb  # an extra, and slow to import
        except ImportError as error:
            raise InputError(WITHOUT_WANDB) from error
        self._picture, root = wandb.Image, workdir.root.resolve()
        try:
            self._run = wandb.init(project=PROJECT, name=root.name, dir=root, config=config.to_dict(),
                                   id=hashlib.sha256(str(root).encode()).hexdigest()[:16], resume="allow")
        except wandb.Error as error:
            raise InputError(f"Weights & Biases: {' '.join(str(error).split())}; or set WANDB_MODE=offline"
                             ) from error

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Logs the metrics of a step."""
        self._run.log(dict(values), step=step)

    def pictures(self, step: int, paths: Mapping[str, Path]) -> None:
        """Logs the sample sheets of a step, PNG files by mode."""
        sheets = {f"samples/{mode}": self._picture(str(path)) for mode, path in paths.items()}
        self._run.log(sheets, step=step)

    def close(self) -> None:
        """Waits until everything is uploaded."""
        self._run.finish()


def check_tracker(config: ConfigDict) -> None:
    """Checks that the tracker's package is installed; writes nothing and connects to nothing.

    Raises:
      InputError: if it is not; names the extra to install.
    """
    if config.tracker == "wandb" and not _is_installed("wandb"):
        raise InputError(WITHOUT_WANDB)


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # find_spec raises these if a test replaced or removed the module
        return sys.modules.get(package) is not None


def open_tracker(config: ConfigDict, workdir: Workdir, step: int) -> Tracker:
    """The tracker that `config.tracker` names, for a run that begins or resumes at `step`.

    Raises:
      InputError: if the name is unknown, or the tracker is not installed or cannot be reached.
    """
    if config.tracker == "tensorboard":
        return TensorBoard(workdir, step)
    if config.tracker == "wandb":
        return WeightsAndBiases(workdir, config)
    raise InputError(f"--config.tracker must be tensorboard or wandb, not {config.tracker!r}")
