"""Puts a trained model into the package, where `write` finds it when no workdir is named.

$ python -m experiments.release --workdir runs/writer_guided

What is released is a workdir itself: config.json and a checkpoint of the averaged networks alone.
"""

import tempfile
from pathlib import Path

from experiments.compare_routes import with_route
from handwriting_gan.errors import Flags, InputError, exit_in_one_line
from handwriting_gan.files import check_writable, write_atomically
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import RELEASED, Workdir


def release(workdir: Path, route: str | None, released: Path) -> None:
    """Replaces what `released` holds by the workdir's newest averaged networks.

    Raises:
      InputError: if `released` holds anything but an earlier release, or the workdir cannot be released.
    """
    check_folder(released, workdir)
    model = trained_model.load(workdir)
    model = with_route(model, route) if route else model
    released = released.resolve()
    released.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=released.parent, prefix=f".{released.name}.") as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        _write(model, Workdir(new))
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
    """Checks, before any work, that a release to the folder `released` destroys nothing else.

    Raises:
      InputError: if it is not new, empty or an earlier release; if it is the workdir itself, a folder above
        it or one inside it; or if it cannot be written.
    """
    place, source = released.resolve(), workdir.resolve()
    if place.is_relative_to(source) or source.is_relative_to(place):
        raise InputError(f"a release to {released} would change its own source, {workdir}; "
                         "name another --out")
    check_writable(Workdir(place).config)
    check_writable(place.with_name(f".{place.name}") / "config.json")  # it is prepared beside its place
    if place.exists() and not is_release(place):
        raise InputError(f"{released} holds other files than an earlier release; name a new folder as --out")


def is_release(folder: Path) -> bool:
    """Whether a folder is empty, or holds what `release` writes and nothing else."""
    names = {path.name for path in folder.iterdir()}
    run = Workdir(folder)
    if names != {run.config.name, run.checkpoints.name}:
        return not names
    items = {item.name for step in run.checkpoints.iterdir() if step.is_dir()
             for item in step.iterdir() if item.is_dir()}
    return run.checkpoints.is_dir() and items == {checkpoints.AVERAGED}


def _write(model: trained_model.TrainedModel, new: Workdir) -> None:
    """A workdir of the averaged networks alone."""
    write_atomically(new.config, model.config.to_json(indent=2).encode() + b"\n")
    manager = checkpoints.open_for_training(new)
    checkpoints.save(manager, model.step, averaged=model.params)
    manager.close()
    for mark in new.root.rglob("commit_success.txt"):
        mark.write_text("Checkpoint commit was successful\n")  # Orbax names this machine's folder in it
    checkpoints.seal(new.checkpoints / str(model.step))


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=Path, required=True)
    parser.add_argument("--route", help="of a method that has several; default: the config's")
    parser.add_argument("--out", type=Path, default=RELEASED, help="default: inside the package")
    arguments = parser.parse_args()
    release(arguments.workdir, arguments.route, arguments.out)
    size = sum(path.stat().st_size for path in arguments.out.rglob("*") if path.is_file())
    print(f"{arguments.out} holds {size / 1e6:.2f} MB; now run python -m handwriting_gan.evaluate "
          f"--workdir {arguments.out} --data mnist_writers --protocol full --out "
          "experiments/results/NAME.json")


if __name__ == "__main__":
    exit_in_one_line(main)
