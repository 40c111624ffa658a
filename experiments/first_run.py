"""A tour in a few minutes: writes 481 in the hand of the picture of 273, trains a model and evaluates it.

$ python -m experiments.first_run

It uses the 5,000 MNIST digits of an installed package, so it needs no network. All results go to runs/first.
"""

import sys
from pathlib import Path

from experiments import children
from experiments.checkout import ROOT
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.files import local_path
from handwriting_gan.workdir.outputs import check_output

PICTURE = Path(__file__).parent / "pictures" / "273.png"
TRAINING = ("--config.steps=400", "--config.diversity_decay_steps=400", "--config.networks.width=8",
            "--config.networks.max_width=32", "--config.ema_decay=0.98", "--config.sample_every=100",
            "--config.log_every=20", "--config.checkpoint_every=100")


def main() -> None:
    """Runs the project's commands one after the other and prints the paths of their results."""
    parser = Flags(__doc__, example="python -m experiments.first_run")
    parser.add_argument("--workdir", type=local_path, default=ROOT / "runs" / "first", help="folder of all results")
    workdir = parser.parse_args().workdir.absolute()  # the commands run in another folder
    written, own = workdir / "481_released.png", workdir / "481_own.png"
    for picture in (written, own):
        check_output(picture, ".png", inputs=[PICTURE])
    with children.stop_together():
        _run("write", "--number", "481", "--like", PICTURE, "--paper", "--out", written)
        _run("train", "--config", "configs/stargan_v2.py:small", "--workdir", workdir, *TRAINING)
        _run("evaluate", "--workdir", workdir)
        _run("write", "--number", "481", "--like", PICTURE, "--workdir", workdir, "--paper", "--out", own)
    print(f"""
481 in the hand of {PICTURE}
  by the released model:         {written}
  by the model trained here:     {own}
sample sheets of the training:   {workdir / "samples"}
tables of the evaluation:        {workdir / "scorecard.md"}""")


def _run(name: str, *arguments: object) -> None:
    """Runs a command of the package; exits with code 2 if it fails, after its own message."""
    command = ["python", "-m", f"handwriting_gan.{name}", *map(str, arguments)]
    print("$", *command, flush=True)
    if children.run([sys.executable, *command[1:]], cwd=ROOT).returncode:
        sys.exit(2)


if __name__ == "__main__":
    exit_in_one_line(main)
