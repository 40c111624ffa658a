"""Checkpoints by Orbax: what resuming needs, and the averaged networks as an item of their own.

Orbax makes a checkpoint appear whole or not at all. A list of its files' SHA-256 is put beside them, so that
one altered later is noticed; the checkpoint before it is kept for that. No checkpoint is deleted because it
could not be read: a damaged one is set aside, and whatever else goes wrong stops the run.
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
SPARE = 2  # times the arrays' bytes are asked to be free: lists, hashes, logs and pictures come beside them
MEND = "what was saved before is kept: make room, and the same command goes on"
HASHES = "sha256.json"  # in a checkpoint's folder; one without it was saved by another hand
Manager: TypeAlias = ocp.CheckpointManager
# What reading raises besides: the file system, the memory, or a library may have had a passing trouble.
UNREADABLE = (OSError, MemoryError, RuntimeError, ValueError, KeyError, TypeError)


class DamagedError(Exception):
    """What a checkpoint holds is not what was saved."""


class Restored(NamedTuple):
    """What a checkpoint held."""

    items: dict[str, Any]  # pytrees of NumPy arrays
    step: int
    damaged: dict[int, str]  # newer checkpoints that are not what was saved, and why


def open_for_training(workdir: Workdir) -> Manager:
    """A manager that keeps the newest checkpoints and sweeps up what a killed save left.

    Raises:
      InputError: if the folder cannot be made or written to.
    """
    try:
        workdir.checkpoints.mkdir(parents=True, exist_ok=True)
        return _manager(workdir, max_to_keep=KEPT, cleanup_tmp_directories=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{workdir.checkpoints} cannot hold checkpoints ({error}); "
                         "name another --workdir") from error


def _manager(workdir: Workdir, **options: Any) -> Manager:
    here = jax.process_index()  # of several processes, whichever opens a manager is alone with it
    alone = ocp.options.MultiprocessingOptions(primary_host=here, active_processes={here})
    return Manager(workdir.checkpoints.absolute(),
                   options=ocp.CheckpointManagerOptions(create=False, enable_async_checkpointing=False,
                                                        multiprocessing_options=alone, **options),
                   item_handlers={item: ocp.StandardCheckpointHandler(multiprocessing_options=alone)
                                  for item in (STATE, AVERAGED)})


def save(manager: Manager, step: int, **items: Any) -> None:
    """Saves named pytrees of NumPy arrays, each of which can be restored without the others.

    Raises:
      InputError: if there is no room for it, or it cannot be written; those before it are left alone.
    """
    try:
        check_room(Path(manager.directory), items)
        manager.save(step, force=True, args=ocp.args.Composite(
            **{name: ocp.args.StandardSave(tree) for name, tree in items.items()}))
        manager.wait_until_finished()
        seal(_folder(manager, step))
    except (OSError, ValueError) as error:
        raise InputError(f"step {step} cannot be saved in {manager.directory} "
                         f"({str(error).splitlines()[0]}); {MEND}") from error


def check_room(folder: Path, items: Any) -> None:
    """Refuses to begin what a full disk would leave half-written; the folder need not exist yet.

    Raises:
      InputError: if the file system has no room for a checkpoint of these pytrees of arrays, or of shapes.
    """
    arrays = sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(items))
    needed, free = SPARE * arrays, shutil.disk_usage(existing_folder(folder)).free
    if free < needed:
        raise InputError(f"{folder} has {free / 1e6:.1f} MB free, and a checkpoint needs up to "
                         f"{needed / 1e6:.1f} MB; {MEND}")


def seal(folder: Path) -> None:
    """Puts the list of hashes into a checkpoint's folder."""
    write_atomically(folder / HASHES, json.dumps(_hashes(folder, "."), indent=1).encode() + b"\n")


def _folder(manager: Manager, step: int) -> Path:
    return Path(manager.directory) / str(step)


def _hashes(folder: Path, item: str) -> dict[str, str]:
    """The SHA-256 of each file of an item by its path in the folder, the list of them left out."""
    found = {}
    for place, _, names in os.walk(folder / item, onerror=_raise):
        for path in (Path(place, name) for name in names if name != HASHES):
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return dict(sorted(found.items()))


def _raise(error: OSError) -> None:
    """A folder that cannot be listed is no empty one; one that is not there holds nothing."""
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def restore(manager: Manager, abstract: dict[str, Any]) -> Restored | None:
    """The newest whole checkpoint's items, or None if there is no checkpoint.

    `abstract` maps the wanted items' names to pytrees of shapes. A damaged checkpoint is passed over for
    the one before it.

    Raises:
      InputError: if no checkpoint is whole, one cannot be read for another reason than what it holds, which
        may pass, or one does not hold what `abstract` asks for.
    """
    damaged: dict[int, str] = {}
    for step in sorted(manager.all_steps(), reverse=True):
        try:
            return Restored(_restore(manager, step, abstract), step, damaged)
        except DamagedError as error:
            damaged[step] = str(error)
        except UNREADABLE as error:
            raise InputError(
                f"the checkpoint of step {step} in {manager.directory} cannot be read ({_line(error)}); "
                "nothing was changed: mend that, and the same command goes on") from error
    if damaged:
        step = max(damaged)
        raise InputError(f"the checkpoint of step {step} in {manager.directory} is damaged, and none before "
                         f"it is whole: {damaged[step]}")
    return None


def _line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def report_damaged(restored: Restored) -> None:
    """Says on stderr which newer checkpoints were passed over."""
    for step, why in restored.damaged.items():
        print(f"the checkpoint of step {step} is damaged ({why}); using that of step {restored.step}",
              file=sys.stderr)


def set_aside(manager: Manager, steps: Iterable[int]) -> None:
    """Moves checkpoints out of the manager's folder into `checkpoints_damaged` beside it.

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
                         f"({error.strerror or error}); mend that, and the same command goes on") from error
    manager.reload()


def _restore(manager: Manager, step: int, abstract: dict[str, Any]) -> dict[str, Any]:
    folder = _folder(manager, step)
    sealed = [_check_hashes(folder, item) for item in abstract]
    try:
        _check_fit(manager, step, abstract)
        restored = manager.restore(step, args=ocp.args.Composite(**{
            item: ocp.args.StandardRestore(_on_one_device(tree)) for item, tree in abstract.items()}))
    except (ValueError, KeyError, FileNotFoundError) as error:
        if all(sealed):  # every file is the one that was saved
            raise
        raise DamagedError(_line(error)) from error
    return {item: jax.device_get(restored[item]) for item in abstract}


def _check_hashes(folder: Path, item: str) -> bool:
    """Whether the item's files were compared with the list of what was saved; others are not read.

    Raises:
      DamagedError: if a file of the item, or the list, is not the one that was saved.
      OSError: if a file cannot be read.
    """
    found = _hashes(folder, item)
    try:
        saved = json.loads((folder / HASHES).read_bytes())
    except FileNotFoundError:
        return False
    except ValueError as error:
        raise DamagedError(f"{HASHES} is not what was saved") from error
    if not isinstance(saved, dict):
        raise DamagedError(f"{HASHES} is not what was saved")
    for name in sorted(saved.keys() | found.keys()):
        if name.startswith(f"{item}/") and saved.get(name) != found.get(name):
            raise DamagedError(f"{name} is {'not what was saved' if name in found else 'missing'}")
    return True


def _check_fit(manager: Manager, step: int, abstract: dict[str, Any]) -> None:
    """Compares names and shapes before anything is read."""
    metadata = manager.item_metadata(step)
    for item, tree in abstract.items():
        held = _shapes(metadata[item].tree) if metadata[item] is not None else {}
        wanted = _shapes(tree)
        for name in sorted(held.keys() | wanted.keys()):
            if held.get(name) != wanted.get(name):
                raise InputError(
                    f"the checkpoint of step {step} in {manager.directory} does not fit its config.json: "
                    f"{item}/{name} is {held.get(name, 'missing')}, not {wanted.get(name, 'wanted')}")


def _shapes(tree: Any) -> dict[str, tuple[int, ...]]:
    """The shape of each array by its path, however the containers around it are typed."""
    return {jax.tree_util.keystr(path, simple=True, separator="/"): tuple(leaf.shape)
            for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def restore_averaged(workdir: Workdir, abstract: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Only the averaged networks of the newest whole checkpoint, and its step.

    Damaged checkpoints after it are named on stderr.

    Raises:
      InputError: if there is no checkpoint, or it does not hold these networks.
    """
    nothing = InputError(f"{workdir.root} holds no checkpoint yet; let `train` reach its first")
    try:
        if not workdir.checkpoints.is_dir():
            raise nothing
        with _manager(workdir, read_only=True) as manager:
            restored = restore(manager, {AVERAGED: abstract})
            if restored is None:
                raise nothing
            report_damaged(restored)
            return restored.items[AVERAGED], restored.step
    except OSError as error:
        raise InputError(f"{workdir.checkpoints} cannot be read: {error}") from error


def _on_one_device(tree: Any) -> Any:
    """Says where to put each array, whatever the devices were when it was saved."""
    sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree)
