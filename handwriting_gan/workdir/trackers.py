"""Where people follow a run: TensorBoard's events in the workdir, or Weights & Biases."""

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
WITHOUT_WANDB = ("--config.tracker=wandb needs the extra of that name: "
                 "pip install 'handwriting-gan[wandb]'")


class Tracker(Protocol):
    """Follows a run."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """The figures of a step."""

    def pictures(self, step: int, paths: Mapping[str, Path]) -> None:
        """The sample sheets of a step, by mode: PNG files."""

    def close(self) -> None:
        """Nothing comes any more."""


class TensorBoard:
    """Figures as events in the workdir; the sheets lie beside them anyway."""

    def __init__(self, workdir: Workdir, step: int) -> None:
        """Of a run that stands at `step`: later events, lost with a kill, are hidden."""
        self._events = SummaryWriter(str(workdir.events), purge_step=step + 1)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """The figures of a step."""
        for name, value in values.items():
            self._events.add_scalar(name, value, step)
        self._events.flush()

    def pictures(self, step: int, paths: Mapping[str, Path]) -> None:
        """They are files already."""

    def close(self) -> None:
        """Closes the events' file."""
        self._events.close()


class WeightsAndBiases:
    """Figures and sheets in a run of Weights & Biases; WANDB_MODE=offline keeps them in the workdir.

    A run that goes on is the same run there, which keeps the first figures of a step that comes twice.
    """

    def __init__(self, workdir: Workdir, config: ConfigDict) -> None:
        """Of a run of this config.

        Raises:
          InputError: if the extra is not installed or the service cannot be had.
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
        """The figures of a step."""
        self._run.log(dict(values), step=step)

    def pictures(self, step: int, paths: Mapping[str, Path]) -> None:
        """The sheets, as one sees them in the workdir."""
        sheets = {f"samples/{mode}": self._picture(str(path)) for mode, path in paths.items()}
        self._run.log(sheets, step=step)

    def close(self) -> None:
        """Waits until all has arrived."""
        self._run.finish()


def check_tracker(config: ConfigDict) -> None:
    """Refuses a tracker whose package is not installed; writes and connects nothing.

    Raises:
      InputError: naming the extra to install.
    """
    if config.tracker == "wandb" and not _is_installed("wandb"):
        raise InputError(WITHOUT_WANDB)


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):  # a module that was put in its place, or out of it
        return sys.modules.get(package) is not None


def open_tracker(config: ConfigDict, workdir: Workdir, step: int) -> Tracker:
    """The one that `config.tracker` names, of a run that stands at `step`.

    Raises:
      InputError: if there is none of that name, or it cannot be had.
    """
    if config.tracker == "tensorboard":
        return TensorBoard(workdir, step)
    if config.tracker == "wandb":
        return WeightsAndBiases(workdir, config)
    raise InputError(f"a tracker is tensorboard or wandb, not {config.tracker!r}")
