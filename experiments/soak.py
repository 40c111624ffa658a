"""Kills a training at random moments, saves included: does it end as a run that was left alone?

$ python -m experiments.soak --kills 50 --out experiments/results/soak.md

Both runs are `tiny`, save every second step and are started by the project's own command. Parameters,
averages, optimizer states, metrics.jsonl and sample sheets have to be equal to the last bit.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
from rich.progress import track

from experiments import children
from experiments.checkout import ROOT
from handwriting_gan import methods
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import check_writable, write_atomically
from handwriting_gan.training import optimizers, train_state
from handwriting_gan.training.recorder import checkpoint_items
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir, read_config
from handwriting_gan.workdir.outputs import check_output

MARK = "soak.json"  # in a folder that was made here
RUNS = ("unbroken", "killed")  # the folders beside it


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=whole_number(1), default=50)
    parser.add_argument("--steps", type=whole_number(2), default=1700, help="enough for the kills")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="of the moments")
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "soak",
                        help="for both runs; emptied if an earlier soak made it")
    parser.add_argument("--out", type=Path, help="Markdown file; default: only printed")
    arguments = parser.parse_args()
    if arguments.out:
        check_output(arguments.out, ".md", begins=r"\d+ kills \(SIGKILL\)")
    folder = arguments.folder.absolute()  # the runs work in another folder
    empty(folder)
    unbroken, killed = (Workdir(folder / name) for name in RUNS)
    with children.stop_together("the same command begins anew"):
        _live(unbroken, arguments.steps)
        kills = _kill_repeatedly(killed, arguments.steps, arguments.kills, random.Random(arguments.seed))
        _live(killed, arguments.steps)
    differences = differing(unbroken, killed)
    page = report(kills, arguments.steps, arguments.seed, differences)
    print(page)
    if arguments.out:
        write_atomically(arguments.out, page.encode())
    if differences:
        raise InputError(f"the killed run ended differently; both are in {arguments.folder}")


def empty(folder: Path) -> None:
    """Makes the folder for both runs, or removes the runs of an earlier soak from it.

    Raises:
      InputError: if it holds anything else, or cannot be written to.
    """
    check_writable(folder / MARK)
    mark, runs = folder / MARK, [folder / name for name in RUNS]
    found = set(folder.iterdir()) if folder.exists() else set()
    if found and not (mark in found and found <= {mark, *runs} and not any(run.is_symlink() for run in runs)):
        raise InputError(f"{folder} holds other files than an earlier soak's runs; name a new --folder")
    for run in found - {mark}:
        shutil.rmtree(run)
    write_atomically(mark, json.dumps({"made by": "experiments.soak"}).encode() + b"\n")


def report(kills: list["Kill"], steps: int, seed: int, differences: list[str]) -> str:
    """What was done and what came of it, in Markdown."""
    verdict = f"DIFFERENT: {', '.join(differences)}" if differences else "**equal to the last bit**"
    return (f"{len(kills)} kills (SIGKILL) at random moments, seed {seed}, of one `tiny` run of {steps} "
            f"steps that saves every second step: {sum(kill.saving for kill in kills)} came within a save, "
            f"{sum(kill.step > 0 for kill in kills)} after a first checkpoint, the last at step "
            f"{kills[-1].step}.\n\nParameters, averages, optimizer states, metrics.jsonl and sample sheets "
            f"at the run's end, against those of a run left alone: {verdict}.\n")


class Kill:
    """What a killed run left."""

    def __init__(self, workdir: Workdir) -> None:
        """Looks at the checkpoints' folder."""
        names = [path.name for path in workdir.checkpoints.glob("*")]
        self.step = max((int(name) for name in names if name.isdecimal()), default=0)
        # Orbax writes under another name, and this project's list of hashes comes after.
        self.saving = any(not name.isdecimal() for name in names) or any(
            not (workdir.checkpoints / name / checkpoints.HASHES).exists() for name in names)


def command(workdir: Workdir, steps: int) -> list[str]:
    """What trains in a workdir."""
    return [sys.executable, "-m", "handwriting_gan.train", "--config", "configs/stargan_v2.py:tiny",
            "--workdir", str(workdir.root), f"--config.steps={steps}", "--config.checkpoint_every=2",
            "--config.sample_every=100"]


def _start(workdir: Workdir, steps: int) -> subprocess.Popen:
    return children.start(command(workdir, steps), cwd=ROOT, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)


def _live(workdir: Workdir, steps: int) -> None:
    """Lets a run come to its end."""
    run = children.run(command(workdir, steps), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       text=True)
    if run.returncode:
        raise InputError(f"the run in {workdir.root} failed: {run.stderr.strip()[-300:]}")


def _kill_repeatedly(workdir: Workdir, steps: int, kills: int, moments: random.Random) -> list[Kill]:
    """Starts and kills the run; the first life lasts to its first checkpoint, the others about as long."""
    began, run = time.monotonic(), _start(workdir, steps)
    while not any(workdir.checkpoints.glob("[0-9]*")) and run.poll() is None:
        children.wait(run, 0.05)
    first_save, found = time.monotonic() - began, []
    for _ in track(range(kills), "killing"):
        run.kill()
        run.wait()
        if run.returncode >= 0:
            raise InputError(f"the run in {workdir.root} ended by itself, with code {run.returncode}")
        found.append(Kill(workdir))
        if len(found) < kills:
            run = _start(workdir, steps)
            children.wait(run, moments.uniform(0.2, 1.6) * first_save)
    return found


def differing(one: Workdir, other: Workdir) -> list[str]:
    """What is not equal, to the last bit, in two workdirs."""
    states = [_state(workdir) for workdir in (one, other)]
    same = jax.tree.all(jax.tree.map(np.array_equal, *states))
    names = sorted(path.relative_to(one.root) for path in one.root.glob("samples/*.png"))
    files = [Path("metrics.jsonl"), *names]
    return ([] if same else ["the state"]) + [
        str(name) for name in files
        if not (other.root / name).exists()
        or (one.root / name).read_bytes() != (other.root / name).read_bytes()]


def _state(workdir: Workdir) -> dict:
    """Everything in the newest checkpoint."""
    config = read_config(workdir)
    method, by_network = methods.build(config), optimizers.build(config)
    abstract = jax.eval_shape(lambda: train_state.create(method, by_network, config.seed))
    manager = checkpoints.open_for_training(workdir)
    restored = checkpoints.restore(manager, checkpoint_items(abstract))
    manager.close()
    if restored is None:
        raise InputError(f"{workdir.root} holds no checkpoint")
    return {"step": restored.step, **restored.items}


if __name__ == "__main__":
    exit_in_one_line(main)
