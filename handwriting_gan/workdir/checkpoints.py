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
    """A manager that keeps the newest checkpoint and sweeps up what a killed save left."""
    return ocp.CheckpointManager(workdir.checkpoints.absolute(), options=ocp.CheckpointManagerOptions(
        max_to_keep=1, cleanup_tmp_directories=True, enable_async_checkpointing=False))


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
        restored = manager.restore(step, args=ocp.args.Composite(**{
            item: ocp.args.StandardRestore(_on_one_device(tree)) for item, tree in abstract.items()}))
    except (ValueError, KeyError, FileNotFoundError) as error:
        raise InputError(f"the checkpoint of step {step} in {manager.directory} does not fit its "
                         f"config.json: {str(error).splitlines()[0]}") from error
    return {item: jax.device_get(restored[item]) for item in abstract}


def restore_averaged(workdir: Workdir, abstract: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Only the averaged networks of the newest checkpoint, and its step.

    Raises:
      InputError: if there is no checkpoint, or it does not hold these networks.
    """
    if not workdir.checkpoints.is_dir():
        raise InputError(f"{workdir.root} holds no checkpoint yet; let `train` reach its first")
    with ocp.CheckpointManager(workdir.checkpoints.absolute(),
                               options=ocp.CheckpointManagerOptions(read_only=True)) as manager:
        restored = restore(manager, {AVERAGED: abstract})
        if restored is None:
            raise InputError(f"{workdir.root} holds no checkpoint yet; let `train` reach its first")
        return restored[AVERAGED], manager.latest_step()


def _on_one_device(tree: Any) -> Any:
    """Says where to put each array, whatever the devices were when it was saved."""
    sharding = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), tree)
