"""Every path inside a workdir, and the config that says what the rest is."""

import contextlib
import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from handwriting_gan.errors import InputError
from handwriting_gan.files import write_atomically

RELEASED = Path(__file__).parents[1] / "released"  # the workdir inside the package


@dataclasses.dataclass(frozen=True)
class Workdir:
    """Where a run keeps what it makes."""

    root: Path

    @property
    def config(self) -> Path:
        """The run's config, JSON."""
        return self.root / "config.json"

    @property
    def checkpoints(self) -> Path:
        """Orbax's folder: one sub-folder per saved step."""
        return self.root / "checkpoints"

    @property
    def metrics(self) -> Path:
        """One JSON line per logged step."""
        return self.root / "metrics.jsonl"

    @property
    def events(self) -> Path:
        """TensorBoard's event files."""
        return self.root / "events"

    @property
    def scorecard(self) -> Path:
        """What evaluation found, JSON."""
        return self.root / "scorecard.json"

    def sample(self, mode: str, step: int) -> Path:
        """The sample sheet of a mode at a step, PNG."""
        return self.root / "samples" / f"{mode}_{step:07d}.png"


def read_config(workdir: Workdir) -> ConfigDict:
    """The config of the run that the workdir holds.

    Raises:
      InputError: if the folder holds no run, or its config cannot be read.
    """
    try:
        return ConfigDict(_fields(workdir.config.read_text()))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{workdir.root} holds no run (there is no config.json in it); "
                         "name a folder that `train` has written") from error
    except (OSError, ValueError) as error:
        raise InputError(f"{workdir.config} cannot be read: {error}") from error


def _fields(text: str) -> dict[str, Any]:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("it is no JSON object")
    return fields


def holds_run(workdir: Workdir) -> bool:
    """Whether the folder has a config, and so a run.

    Raises:
      InputError: if the folder cannot be looked into, or is none.
    """
    try:
        if workdir.root.exists() and not workdir.root.is_dir():
            raise InputError(f"{workdir.root} is a file; name a folder as --workdir")
        return workdir.config.exists()
    except OSError as error:
        raise InputError(f"{workdir.root} cannot be used ({error.strerror}); "
                         "name another --workdir") from error


@contextlib.contextmanager
def alone(workdir: Workdir) -> Iterator[None]:
    """Keeps the workdir for one trainer as long as the context lasts; a killed one keeps nothing.

    Raises:
      InputError: if another process is training in it, or it cannot be written to.
    """
    holds_run(workdir)
    try:
        workdir.root.mkdir(parents=True, exist_ok=True)
        folder = os.open(workdir.root, os.O_RDONLY)
    except OSError as error:
        raise InputError(f"{workdir.root} cannot be written to ({error.strerror}); "
                         "name another --workdir") from error
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the folder itself: no file is left
        except BlockingIOError as error:
            raise InputError(f"another process is training in {workdir.root}; wait for it, stop it, or "
                             "name another --workdir") from error
        yield
    finally:
        os.close(folder)


def claim(workdir: Workdir, config: ConfigDict) -> None:
    """Makes the workdir this config's own, or checks that it already is.

    A run may be prolonged: `steps` may grow. Anything else, a schedule too, must be as it was.

    Raises:
      InputError: if the workdir holds a run with another config.
    """
    if holds_run(workdir):
        held = _flatten(read_config(workdir).to_dict())
        asked = _flatten(json.loads(config.to_json()))
        changed = [name for name in sorted(held.keys() | asked.keys())
                   if held.get(name) != asked.get(name)]
        if changed == ["steps"] and asked["steps"] > held["steps"]:
            changed = []
        if changed:
            said = ", ".join(f"{name} {held.get(name)} -> {asked.get(name)}" for name in changed[:4])
            more = f" and {len(changed) - 4} more" if len(changed) > 4 else ""
            raise InputError(f"{workdir.root} holds a run with another config ({said}{more}); "
                             "choose another --workdir, or the config that it has")
    write_atomically(workdir.config, config.to_json(indent=2).encode() + b"\n")


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
