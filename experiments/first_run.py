"""A first look, in a few minutes: writes 481 in the hand of the picture of 273, trains a model, evaluates it.

$ python -m experiments.first_run

It uses the digits that come with the packages, so it needs no network, and leaves everything in runs/first.
"""

import sys
from pathlib import Path

from experiments import children
from experiments.checkout import ROOT
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.workdir.outputs import check_output

PICTURE = Path(__file__).parent / "pictures" / "273.png"
TRAINING = ("--config.steps=400", "--config.diversity_decay_steps=400", "--config.networks.width=8",
            "--config.networks.max_width=32", "--config.ema_decay=0.98", "--config.sample_every=100",
            "--config.log_every=20", "--config.checkpoint_every=100")


def main() -> None:
    """Runs the project's own commands, each in a process of its own, and says where their results lie."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=Path, default=ROOT / "runs" / "first")
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
  by the released weights:       {written}
  by the model just trained:     {own}
sample sheets of the training:   {workdir / "samples"}
the scorecard, in words:         {workdir / "scorecard.md"}""")


def _run(name: str, *arguments: object) -> None:
    """Runs a command; where it fails, it has said why."""
    command = ["python", "-m", f"handwriting_gan.{name}", *map(str, arguments)]
    print("$", *command, flush=True)
    if children.run([sys.executable, *command[1:]], cwd=ROOT).returncode:
        sys.exit(2)


if __name__ == "__main__":
    exit_in_one_line(main)
