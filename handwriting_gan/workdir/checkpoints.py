"""Checkpoints by Orbax with two items: the state without the averaged networks, and the averaged networks.

Orbax saves a checkpoint atomically. A file in it holds the SHA-256 of its other files, which detects later damage. If
a checkpoint is damaged, `restore` uses the previous one. An unreadable checkpoint is never deleted: training sets a
damaged one aside, and any other error stops the run.
"""

import hashlib
import itertools
import json
import math
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import jax
import orbax.checkpoint as ocp

from handwriting_gan.errors import InputError
from handwriting_gan.files import write_atomically
from handwriting_gan.workdir.layout import Workdir, existing_folder

STATE, AVERAGED = "state", "averaged"
KEPT = 2  # checkpoints
SPARE = 2  # the free space that a save requires, as a multiple of the arrays' bytes; for indices, logs and pictures
MAKE_ROOM = "earlier checkpoints are kept: free some space, then run the same command again to resume"
HASHES = "sha256.json"  # in a checkpoint's folder; without this file, damage cannot be detected
Manager: TypeAlias = ocp.CheckpointManager


class DamagedError(Exception):
    """The files of a checkpoint differ from the saved ones."""


class Restored(NamedTuple):
    """The content of a checkpoint."""

    items: dict[str, Any]  # pytrees of NumPy arrays
    step: int
    damaged: dict[int, str]  # {step of a newer, damaged checkpoint: the damage}


def open_for_training(workdir: Workdir) -> Manager:
    """A manager that keeps the newest checkpoints and removes the files of a killed save.

    Raises:
      InputError: if the folder cannot be created or written to.
    """
    try:
        workdir.checkpoints.mkdir(parents=True, exist_ok=True)
        return _manager(workdir, max_to_keep=KEPT, cleanup_tmp_directories=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{workdir.checkpoints} cannot hold checkpoints ({error}); "
                         "name another --workdir") from error


def _manager(workdir: Workdir, **options: Any) -> Manager:
    here = jax.process_index()  # a manager belongs to the process that opens it
    single_process = ocp.options.MultiprocessingOptions(primary_host=here, active_processes={here})
    return Manager(workdir.checkpoints.absolute(),
                   options=ocp.CheckpointManagerOptions(create=False, enable_async_checkpointing=False,
                                                        multiprocessing_options=single_process, **options),
                   item_handlers={item: ocp.StandardCheckpointHandler(multiprocessing_options=single_process)
                                  for item in (STATE, AVERAGED)})


def save(manager: Manager, step: int, **items: Any) -> None:
    """Saves named pytrees of NumPy arrays, each of which can be restored without the others.

    Raises:
      InputError: if the disk is full or cannot be written to; earlier checkpoints remain.
    """
    try:
        check_room(Path(manager.directory), items)
        manager.save(step, force=True, args=ocp.args.Composite(
            **{name: ocp.args.StandardSave(tree) for name, tree in items.items()}))
        manager.wait_until_finished()
        seal(_folder(manager, step))
    except (OSError, ValueError) as error:
        raise InputError(f"step {step} cannot be saved in {manager.directory} "
                         f"({str(error).splitlines()[0]}); {MAKE_ROOM}") from error


def check_room(folder: Path, items: Any) -> None:
    """Checks that the file system has space for a checkpoint; the folder need not exist yet.

    Raises:
      InputError: if it has too little for these pytrees of arrays or shapes.
    """
    arrays = sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(items))
    needed, free = SPARE * arrays, shutil.disk_usage(existing_folder(folder)).free
    if free < needed:
        raise InputError(f"{folder} has {free / 1e6:.1f} MB free, and a checkpoint needs up to "
                         f"{needed / 1e6:.1f} MB; {MAKE_ROOM}")


def seal(folder: Path) -> None:
    """Writes the file of hashes into a checkpoint's folder."""
    write_atomically(folder / HASHES, json.dumps(_hashes(folder, "."), indent=1).encode() + b"\n")


def _folder(manager: Manager, step: int) -> Path:
    return Path(manager.directory) / str(step)


def _hashes(folder: Path, item: str) -> dict[str, str]:
    """The SHA-256 of each file of an item by its path in the folder, without the file of hashes."""
    found = {}
    for parent, _, names in os.walk(folder / item, onerror=_raise_unless_missing):
        for path in (Path(parent, name) for name in names if name != HASHES):
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def _raise_unless_missing(error: OSError) -> None:
    """A missing folder counts as empty; a folder that cannot be listed is an error."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def restore(manager: Manager, abstract: dict[str, Any]) -> Restored | None:
    """The items of the newest intact checkpoint, or None if there is no checkpoint.

    `abstract` maps the names of the requested items to pytrees of shapes. Skips damaged checkpoints.

    Raises:
      InputError: if all checkpoints are damaged, one cannot be read for a reason that may be temporary, or one
        does not fit `abstract`.
    """
    damaged: dict[int, str] = {}
    for step in sorted(manager.all_steps(), reverse=True):
        try:
            return Restored(_restore(manager, step, abstract), step, damaged)
        except DamagedError as error:
            damaged[step] = str(error)
        except InputError:
            raise
        except Exception as error:  # Orbax raises a bare Exception, too; the cause may be temporary
            raise InputError(
                f"the checkpoint of step {step} in {manager.directory} cannot be read ({_line(error)}); "
                "nothing was changed: fix that, then run the same command again") from error
    if damaged:
        step = max(damaged)
        raise InputError(f"the checkpoint of step {step} in {manager.directory} is damaged, and there is no "
                         f"intact one before it: {damaged[step]}")
    return None


def _line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def report_damaged(restored: Restored) -> None:
    """Reports the skipped checkpoints on stderr."""
    for step, damage in restored.damaged.items():
        print(f"the checkpoint of step {step} is damaged ({damage}); using that of step {restored.step}",
              file=sys.stderr)


def set_aside(manager: Manager, steps: Iterable[int]) -> None:
    """Moves checkpoints into the folder `checkpoints_damaged` of the workdir.

    Raises:
      InputError: if one cannot be moved.
    """
    aside = Path(manager.directory).with_name("checkpoints_damaged")
    try:
        for step in steps:
            aside.mkdir(exist_ok=True)
            names = itertools.chain((f"{step}",), (f"{step}_{number}" for number in itertools.count(2)))
            target = next(aside / name for name in names if not (aside / name).exists())
            _folder(manager, step).rename(target)
            print(f"the damaged checkpoint of step {step} was moved to {target}", file=sys.stderr)
    except OSError as error:
        raise InputError(f"the damaged checkpoint of step {step} cannot be moved to {aside} "
                         f"({error.strerror or error}); fix that, then run the same command again") from error
    manager.reload()


def _restore(manager: Manager, step: int, abstract: dict[str, Any]) -> dict[str, Any]:
    folder = _folder(manager, step)
    sealed = [_check_hashes(folder, item) for item in abstract]
    try:
        _check_fit(manager, step, abstract)
        restored = manager.restore(step, args=ocp.args.Composite(**{
            item: ocp.args.StandardRestore(_on_one_device(tree)) for item, tree in abstract.items()}))
    except (ValueError, KeyError, FileNotFoundError) as error:
        if all(sealed):  # the files are the saved ones, so the error is temporary
            raise
        raise DamagedError(_line(error)) from error
    return {item: jax.device_get(restored[item]) for item in abstract}


def _check_hashes(folder: Path, item: str) -> bool:
    """Compares the item's files with their hashes; returns False if the checkpoint has none.

    Raises:
      DamagedError: if a file of the item differs from the saved one, or the file of hashes cannot be decoded.
      OSError: if a file cannot be read.
    """
    found = _hashes(folder, item)
    try:
        saved = json.loads((folder / HASHES).read_bytes())
    except FileNotFoundError:
        return False
    except ValueError as error:
        raise DamagedError(f"{HASHES} is not the saved file") from error
    if not isinstance(saved, dict):
        raise DamagedError(f"{HASHES} is not the saved file")
    for name in sorted(saved.keys() | found.keys()):
        if name.startswith(f"{item}/") and saved.get(name) != found.get(name):
            raise DamagedError(f"{name} is {'not the saved file' if name in found else 'missing'}")
    return True


def _check_fit(manager: Manager, step: int, abstract: dict[str, Any]) -> None:
    """Compares names and shapes before reading the arrays.

    Raises:
      InputError: if they differ.
    """
    metadata = manager.item_metadata(step)
    for item, tree in abstract.items():
        found = _shapes(metadata[item].tree) if metadata[item] is not None else {}
        expected = _shapes(tree)
        for name in sorted(found.keys() | expected.keys()):
            if found.get(name) != expected.get(name):
                raise InputError(
                    f"the checkpoint of step {step} in {manager.directory} does not fit its config.json: "
                    f"{item}/{name} is {found.get(name, 'missing')}, not {expected.get(name, 'expected')}")


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    """The shape of each array by its path, independent of the types of the containers."""
    return {jax.tree_util.keystr(path, simple=True, separator="/"): tuple(leaf.shape)
            for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def restore_averaged(workdir: Workdir, abstract: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The averaged networks of the newest intact checkpoint, and its step; reports damaged ones on stderr.

    Raises:
      InputError: if there is no checkpoint, or it does not hold these networks.
    """
    missing = InputError(f"{workdir.root} holds no checkpoint yet; train until the first one")
    try:
        if not workdir.checkpoints.is_dir():
            raise missing
        with _manager(workdir, read_only=True) as manager:
            restored = restore(manager, {AVERAGED: abstract})
            if restored is None:
                raise missing
            report_damaged(restored)
            return restored.items[AVERAGED], restored.step
    except OSError as error:
        raise InputError(f"{workdir.checkpoints} cannot be read: {error}") from error


def _on_one_device(tree: Any) -> Any:
    """Places every array on one device, independent of the devices that saved it."""
    sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree)
