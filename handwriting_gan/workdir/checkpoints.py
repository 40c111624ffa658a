"""Checkpoints by Orbax: what resuming needs, and the averaged networks as an item of their own."""

from collections.abc import Mapping
from typing import Any

import jax
import orbax.checkpoint as ocp

from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import Workdir

STATE, AVERAGED = "state", "averaged"
Manager = ocp.CheckpointManager


def open_for_training(workdir: Workdir) -> Manager:
    """A manager that keeps the newest checkpoint and sweeps up what a killed save left.

    Raises:
      InputError: if the folder cannot be made or written to.
    """
    try:
        return _manager(workdir, max_to_keep=1, cleanup_tmp_directories=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{workdir.checkpoints} cannot hold checkpoints ({error}); "
                         "name another --workdir") from error


def _manager(workdir: Workdir, **options: Any) -> Manager:
    if workdir.checkpoints.exists() and not workdir.checkpoints.is_dir():
        raise NotADirectoryError(f"{workdir.checkpoints} is a file")
    return Manager(workdir.checkpoints.absolute(),
                   options=ocp.CheckpointManagerOptions(enable_async_checkpointing=False, **options),
                   item_handlers={item: ocp.StandardCheckpointHandler() for item in (STATE, AVERAGED)})


def save(manager: Manager, step: int, **items: Any) -> None:
    """Saves named pytrees of NumPy arrays, each of which can be restored without the others."""
    manager.save(step, force=True, args=ocp.args.Composite(
        **{name: ocp.args.StandardSave(tree) for name, tree in items.items()}))
    manager.wait_until_finished()


def restore(manager: Manager, abstract: dict[str, Any]) -> dict[str, Any] | None:
    """The newest checkpoint's items as NumPy arrays, or None if there is no checkpoint.

    `abstract` maps the wanted items' names to pytrees of shapes.

    Raises:
      InputError: if the checkpoint does not hold what `abstract` asks for.
    """
    step = manager.latest_step()
    if step is None:
        return None
    try:
        _check_fit(manager, step, abstract)
        restored = manager.restore(step, args=ocp.args.Composite(**{
            item: ocp.args.StandardRestore(_on_one_device(tree)) for item, tree in abstract.items()}))
    except (ValueError, KeyError, OSError) as error:
        raise InputError(f"the checkpoint of step {step} in {manager.directory} is damaged: "
                         f"{str(error).splitlines()[0]}") from error
    return {item: jax.device_get(restored[item]) for item in abstract}


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
            return restored[AVERAGED], manager.latest_step()
    except OSError as error:
        raise InputError(f"{workdir.checkpoints} cannot be read: {error}") from error


def _on_one_device(tree: Any) -> Any:
    """Says where to put each array, whatever the devices were when it was saved."""
    sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree)
