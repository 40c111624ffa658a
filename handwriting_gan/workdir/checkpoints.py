"""Checkpoints by Orbax: what resuming needs, and the averaged networks as an item of their own.

Orbax makes a checkpoint appear whole or not at all. A list of its files' SHA-256 is put beside them, so that
one altered later is noticed; the checkpoint before it is kept for that.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import jax
import orbax.checkpoint as ocp

from handwriting_gan.errors import InputError
from handwriting_gan.files import write_atomically
from handwriting_gan.workdir.layout import Workdir

STATE, AVERAGED = "state", "averaged"
KEPT = 2  # checkpoints
SPARE = 2  # times the arrays' bytes are asked to be free: lists, hashes, logs and pictures come beside them
MEND = "what was saved before is kept: make room, and the same command goes on"
HASHES = "sha256.json"  # in a checkpoint's folder; one without it was saved by another hand
Manager: TypeAlias = ocp.CheckpointManager


class Restored(NamedTuple):
    """What a checkpoint held."""

    items: dict[str, Any]  # pytrees of NumPy arrays
    step: int
    damaged: dict[int, str]  # newer checkpoints that could not be read, and why


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
        check_room(manager, items)
        manager.save(step, force=True, args=ocp.args.Composite(
            **{name: ocp.args.StandardSave(tree) for name, tree in items.items()}))
        manager.wait_until_finished()
        seal(_folder(manager, step))
    except (OSError, ValueError) as error:
        raise InputError(f"step {step} cannot be saved in {manager.directory} "
                         f"({str(error).splitlines()[0]}); {MEND}") from error


def check_room(manager: Manager, items: Any) -> None:
    """Refuses to begin what a full disk would leave half-written.

    Raises:
      InputError: if the file system has no room for a checkpoint of these pytrees of arrays, or of shapes.
    """
    arrays = sum(math.prod(x.shape) * x.dtype.itemsize for x in jax.tree.leaves(items))
    needed, free = SPARE * arrays, shutil.disk_usage(manager.directory).free
    if free < needed:
        raise InputError(f"{manager.directory} has {free / 1e6:.1f} MB free, and a checkpoint needs up to "
                         f"{needed / 1e6:.1f} MB; {MEND}")


def seal(folder: Path) -> None:
    """Puts the list of hashes into a checkpoint's folder."""
    write_atomically(folder / HASHES, json.dumps(_hashes(folder, "."), indent=1).encode() + b"\n")


def _folder(manager: Manager, step: int) -> Path:
    return Path(manager.directory) / str(step)


def _hashes(folder: Path, item: str) -> dict[str, str]:
    """The SHA-256 of each file of an item by its path in the folder, the list of them left out."""
    files = sorted(path for path in (folder / item).rglob("*") if path.is_file() and path.name != HASHES)
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files}


def restore(manager: Manager, abstract: dict[str, Any]) -> Restored | None:
    """The newest whole checkpoint's items, or None if there is no checkpoint.

    `abstract` maps the wanted items' names to pytrees of shapes. A damaged checkpoint is passed over for
    the one before it.

    Raises:
      InputError: if no checkpoint is whole, or one does not hold what `abstract` asks for.
    """
    damaged: dict[int, str] = {}
    for step in sorted(manager.all_steps(), reverse=True):
        try:
            return Restored(_restore(manager, step, abstract), step, damaged)
        except (ValueError, KeyError, OSError) as error:
            damaged[step] = str(error).splitlines()[0]
    if damaged:
        step = max(damaged)
        raise InputError(f"the checkpoint of step {step} in {manager.directory} is damaged, and none before "
                         f"it is whole: {damaged[step]}")
    return None


def _restore(manager: Manager, step: int, abstract: dict[str, Any]) -> dict[str, Any]:
    for item in abstract:
        _check_hashes(_folder(manager, step), item)
    _check_fit(manager, step, abstract)
    restored = manager.restore(step, args=ocp.args.Composite(**{
        item: ocp.args.StandardRestore(_on_one_device(tree)) for item, tree in abstract.items()}))
    return {item: jax.device_get(restored[item]) for item in abstract}


def _check_hashes(folder: Path, item: str) -> None:
    """Raises ValueError if a file of the item is not the one that was saved; others are not read."""
    if not (folder / HASHES).exists():
        return
    saved, found = json.loads((folder / HASHES).read_bytes()), _hashes(folder, item)
    for name in sorted(saved.keys() | found.keys()):
        if name.startswith(f"{item}/") and saved.get(name) != found.get(name):
            raise ValueError(f"{name} is {'not what was saved' if name in found else 'missing'}")


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
    """Only the averaged networks of the newest checkpoint, and its step.

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
            return restored.items[AVERAGED], restored.step
    except OSError as error:
        raise InputError(f"{workdir.checkpoints} cannot be read: {error}") from error


def _on_one_device(tree: Any) -> Any:
    """Says where to put each array, whatever the devices were when it was saved."""
    sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree)
