"""Puts a trained model into the package, where `write` finds it when no workdir is named.

$ python -m experiments.release --workdir runs/writer_guided

What is released is a workdir itself: config.json and a checkpoint of the averaged networks alone.
"""

import shutil
from pathlib import Path

from experiments.compare_routes import with_route
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.files import write_atomically
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import RELEASED, Workdir


def release(workdir: Path, route: str | None, released: Path) -> None:
    """Replaces what `released` holds by the workdir's newest averaged networks."""
    model = trained_model.load(workdir)
    model = with_route(model, route) if route else model
    new = Workdir(released.with_name(f"{released.name}.new"))
    shutil.rmtree(new.root, ignore_errors=True)
    write_atomically(new.config, model.config.to_json(indent=2).encode() + b"\n")
    manager = checkpoints.open_for_training(new)
    checkpoints.save(manager, model.step, averaged=model.params)
    manager.close()
    for mark in new.root.rglob("commit_success.txt"):
        mark.write_text("Checkpoint commit was successful\n")  # Orbax names this machine's folder in it
    checkpoints.seal(new.checkpoints / str(model.step))
    shutil.rmtree(released, ignore_errors=True)
    new.root.rename(released)


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
