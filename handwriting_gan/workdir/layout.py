"""The paths in a workdir, its config, and its lock."""

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from ml_collections import ConfigDict

from handwriting_gan.errors import InputError
from handwriting_gan.files import write_atomically
from handwriting_gan.workdir.config_ranges import check_ranges, with_new_names

RELEASED = Path(__file__).parents[1] / "released"  # the workdir inside the package


@dataclasses.dataclass(frozen=True)
class Workdir:
    """The folder of a run."""

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
        """The result of evaluation, JSON."""
        return self.root / "scorecard.json"

    @property
    def lock(self) -> Path:
        """The file that a process locks while it trains."""
        return self.root / ".training.lock"

    def sample(self, mode: str, step: int) -> Path:
        """The sample sheet of a mode at a step, PNG."""
        return self.root / "samples" / f"{mode}_{step:07d}.png"


def read_config(workdir: Workdir) -> ConfigDict:
    """The config of the run in the workdir; fields with an old name are renamed.

    Raises:
      InputError: if the folder holds no run, or its config cannot be read or has a field out of range.
    """
    try:
        config = ConfigDict(_read_fields(workdir.config.read_text()))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{workdir.root} holds no run (it has no config.json); "
                         "name a folder that `train` has written") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError(f"{workdir.config} cannot be read: {error}") from error
    check_ranges(config, f"{workdir.config}: ")
    return config


def _read_fields(text: str) -> dict[str, Any]:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    return with_new_names(fields)


def holds_run(workdir: Workdir) -> bool:
    """Whether the folder has a config, and so a run.

    Raises:
      InputError: if the path is a file, or cannot be read.
    """
    try:
        if workdir.root.exists() and not workdir.root.is_dir():
            raise InputError(f"{workdir.root} is a file; name a folder as --workdir")
        return workdir.config.exists()
    except OSError as error:
        raise InputError(f"{workdir.root} cannot be used ({error.strerror}); "
                         "name another --workdir") from error


@contextlib.contextmanager
def locked(workdir: Workdir) -> Iterator[None]:
    """Context that locks the workdir for one training process; a killed process no longer holds the lock.

    If the run has not claimed the workdir by the end, the context removes the files and folders made for it.

    Raises:
      InputError: if another process is training in it, or it cannot be written to.
    """
    holds_run(workdir)
    folders = (workdir.root, *workdir.root.parents)  # innermost first
    made = [folder for folder in folders if not folder.exists()]
    try:
        workdir.root.mkdir(parents=True, exist_ok=True)
        before = set(workdir.root.iterdir())
        lock = FileLock(workdir.lock)
        lock.acquire(blocking=False)
    except Timeout as error:
        raise _in_use(workdir) from error
    except OSError as error:
        for folder in made:
            _remove_if_empty(folder)
        raise _unwritable(workdir, error) from error
    try:
        yield
    finally:
        if not workdir.config.exists():
            _remove_new(workdir, before)
        _release(lock, workdir.lock)
        if not workdir.config.exists():
            for folder in made:
                _remove_if_empty(folder)


def _release(lock: FileLock, path: Path) -> None:
    """Removes a lock's file, then releases the lock, so that two processes never lock two files.

    Windows cannot remove an open file, so there the order is reversed.
    """
    with contextlib.suppress(OSError):
        if os.name == "nt":
            lock.release()
        path.unlink()
    lock.release()


def _remove_new(workdir: Workdir, before: set[Path]) -> None:
    """Removes the folders that an unclaimed run has made."""
    for folder in {workdir.checkpoints, workdir.events, workdir.root / "wandb"} - before:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()


def _in_use(workdir: Workdir) -> InputError:
    return InputError(f"another process is training in {workdir.root}; wait for it, stop it, or "
                      "name another --workdir")


def _unwritable(workdir: Workdir, error: OSError) -> InputError:
    return InputError(f"{workdir.root} cannot be written to ({error.strerror or error}); "
                      "name another --workdir")


def check_free(workdir: Workdir) -> None:
    """Checks that a process could lock the workdir and write to it; writes nothing.

    Raises:
      InputError: if another process is training in it, or it cannot be written to.
    """
    holds_run(workdir)
    for path in (workdir.checkpoints, workdir.events, workdir.sample("", 0).parent):
        if path.exists() and not path.is_dir():
            raise InputError(f"{path} is a file, where a run has a folder; name another --workdir")
    if workdir.root.is_symlink() and not workdir.root.exists():
        raise InputError(f"{workdir.root} is a link to a folder that does not exist; name another --workdir")
    nearest = existing_folder(workdir.root)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"{nearest} cannot be written to; name another --workdir")
    if workdir.lock.exists():
        try:
            with FileLock(workdir.lock, blocking=False):
                pass
        except Timeout as error:
            raise _in_use(workdir) from error
        except OSError as error:
            raise _unwritable(workdir, error) from error


def existing_folder(path: Path) -> Path:
    """The path itself, or the nearest of its parents that exists."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def saved_steps(workdir: Workdir) -> list[int]:
    """The steps that have a checkpoint, intact or damaged, in order."""
    if not workdir.checkpoints.is_dir():
        return []
    return sorted(int(path.name) for path in workdir.checkpoints.iterdir() if path.name.isdecimal())


def check_claim(workdir: Workdir, config: ConfigDict) -> None:
    """Checks that the workdir holds a run with this config, or none; writes nothing.

    The new config may have more `steps`, unless the learning rates have begun to decrease toward the old last step.
    Everything else, including a schedule, must be the same.

    Raises:
      InputError: if the workdir holds a run with another config, or one whose config is gone.
    """
    if not holds_run(workdir):
        found = [path.name for path, exists in (
            (workdir.checkpoints, bool(saved_steps(workdir))),
            (workdir.metrics, workdir.metrics.exists() and workdir.metrics.stat().st_size > 0)) if exists]
        if found:
            raise InputError(f"{workdir.root} holds {' and '.join(found)}, but no config.json of the run; "
                             "restore it, or choose another --workdir")
        return
    old = _flatten(read_config(workdir).to_dict())
    new = _flatten(json.loads(config.to_json()))
    changed = [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
    if changed == ["steps"] and new["steps"] > old["steps"]:
        if max(saved_steps(workdir), default=0) > decay_start(old):
            raise InputError(f"the learning rates of {workdir.root} already decrease toward step {old['steps']}; "
                             f"continue with --config.steps={old['steps']}, or train longer in another --workdir")
        changed = []
    if changed:
        shown = ", ".join(f"{name} {old.get(name)} -> {new.get(name)}" for name in changed[:4])
        more = f" and {len(changed) - 4} more" if len(changed) > 4 else ""
        raise InputError(f"{workdir.root} holds a run with another config ({shown}{more}); "
                         "choose another --workdir, or the config of that run")


def claim(workdir: Workdir, config: ConfigDict) -> None:
    """Writes the config into the workdir; raises as `check_claim` does."""
    check_claim(workdir, config)
    write_atomically(workdir.config, config.to_json(indent=2).encode() + b"\n")


def decay_start(config: Mapping[str, Any]) -> int:
    """The step from which learning rates decrease, in the last `rate_decay` of all steps."""
    return int(config["steps"]) - round(config.get("rate_decay", 0.0) * config["steps"])


def _flatten(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
