"""Copies a trained model into the package as the released model, the default of `write`.

$ python -m experiments.release --workdir runs/writer_guided

A release is a workdir with config.json and a checkpoint of the averaged networks only, and may have a model card,
README.md, which the command keeps.
"""

import dataclasses
import shutil
import tempfile
from pathlib import Path

import jax
import numpy as np

from handwriting_gan.errors import Flags, InputError, exit_in_one_line
from handwriting_gan.files import check_writable, local_path, write_atomically
from handwriting_gan.methods.method import Params
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import RELEASED, Workdir

CARD = "README.md"


def release(workdir: Path, route: str | None, released: Path, half: bool = False) -> None:
    """Replaces the release in the folder `released` by the newest averaged networks of a workdir.

    With `half` the file holds them in half precision (IEEE float16), of 11 significant bits and half the size; a
    loaded model computes in its config's precision in both cases.

    Raises:
      InputError: if `released` holds anything except an earlier release, or the workdir cannot be loaded.
    """
    check_folder(released, workdir)
    model = trained_model.load(workdir)
    model = model.with_fields(route=route) if route else model
    if half:
        model = dataclasses.replace(model, params=in_half_precision(model.params))
    released = released.resolve()
    released.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=released.parent, prefix=f".{released.name}.") as temporary:
        new, old = Path(temporary) / "new", Path(temporary) / "old"
        _write(model, Workdir(new))
        if (released / CARD).exists():
            shutil.copy(released / CARD, new)
        try:
            if released.exists():
                released.rename(old)
            new.rename(released)
        except OSError as error:
            if old.exists():
                old.rename(released)
            raise InputError(f"{released} cannot be replaced ({error.strerror}); "
                             "name another --out") from error


def check_folder(released: Path, workdir: Path) -> None:
    """Checks that a release to the folder `released` replaces nothing except an earlier release.

    Raises:
      InputError: if the folder exists and is neither empty nor an earlier release; if it is the workdir, contains
        it or is inside it; or if it cannot be written.
    """
    target, source = released.resolve(), workdir.resolve()
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise InputError(f"a release to {released} would change its source, {workdir}; name another --out")
    check_writable(Workdir(target).config)
    check_writable(target.with_name(f".{target.name}") / "config.json")  # `release` prepares it in a sibling folder
    if target.exists() and not is_release(target):
        raise InputError(f"{released} holds files that are not of an earlier release; name a new folder as --out")


def is_release(folder: Path) -> bool:
    """Whether a folder is empty, or holds exactly the files of a release."""
    names = {path.name for path in folder.iterdir()}
    run = Workdir(folder)
    if names - {CARD} != {run.config.name, run.checkpoints.name}:
        return not names
    if not run.checkpoints.is_dir():
        return False
    items = {item.name for step in run.checkpoints.iterdir() if step.is_dir()
             for item in step.iterdir() if item.is_dir()}
    return items == {checkpoints.AVERAGED}


def in_half_precision(params: Params) -> Params:
    """Parameters as float16.

    Raises:
      InputError: if one of them is too large for it.
    """
    if any(np.abs(leaf).max() > np.finfo(np.float16).max for leaf in jax.tree.leaves(params)):
        raise InputError("a parameter is too large for half precision, above 65504; leave out --half")
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float16), params)


def _write(model: trained_model.TrainedModel, new: Workdir) -> None:
    """Writes a workdir of the averaged networks only."""
    write_atomically(new.config, model.config.to_json(indent=2).encode() + b"\n")
    manager = checkpoints.open_for_training(new)
    checkpoints.save(manager, model.step, averaged=model.params)
    manager.close()
    for mark in new.root.rglob("commit_success.txt"):
        mark.write_text("Checkpoint commit was successful\n")  # Orbax writes this machine's path into it
    checkpoints.seal(new.checkpoints / str(model.step))


def main() -> None:
    """Parses the flags and releases the model."""
    parser = Flags(__doc__, example="python -m experiments.release --workdir runs/writer_guided")
    parser.add_argument("--workdir", type=local_path, required=True, help="workdir of the model")
    parser.add_argument("--route", help="route of a method that has several (default: the config's)")
    parser.add_argument("--out", type=local_path, default=RELEASED, help="folder of the release")
    parser.add_argument("--half", action="store_true", help="save in half precision, half the size")
    arguments = parser.parse_args()
    release(arguments.workdir, arguments.route, arguments.out, arguments.half)
    size = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{arguments.out} holds {size / 1e6:.2f} MB; next: python -m handwriting_gan.evaluate "
          f"--workdir {arguments.out} --data mnist_writers --protocol full --out "
          f"experiments/results/NAME.json; then write its figures into {arguments.out / CARD}")


if __name__ == "__main__":
    exit_in_one_line(main)
