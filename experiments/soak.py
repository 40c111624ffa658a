"""Kills a training run at random moments and checks that it ends with the same bits as an uninterrupted run.

$ python -m experiments.soak --kills 50 --out experiments/results/soak.md

Both runs are `tiny`, save every second step and use the project's own command. Some kills fall into a save. The
check compares parameters, averages, optimizer states, metrics.jsonl and sample sheets.
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
from handwriting_gan.files import check_writable, local_path, write_atomically
from handwriting_gan.training import optimizers, train_state
from handwriting_gan.training.recorder import checkpoint_items
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir, read_config
from handwriting_gan.workdir.outputs import check_output

MARK = "soak.json"  # marks a folder that this command made
RUNS = ("unbroken", "killed")  # its subfolders


def main() -> None:
    """Parses the flags, runs and compares."""
    parser = Flags(__doc__, example="python -m experiments.soak --kills 50 --out experiments/results/soak.md")
    parser.add_argument("--kills", type=whole_number(1), default=50, help="number of kills")
    parser.add_argument("--steps", type=whole_number(2), default=1700, help="steps of a run; enough for all kills")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="seed of the moments of the kills")
    parser.add_argument("--folder", type=local_path, default=ROOT / "runs" / "soak",
                        help="folder of both runs; the command empties it if an earlier soak made it")
    parser.add_argument("--out", type=local_path, help="Markdown file (default: print only)")
    arguments = parser.parse_args()
    if arguments.out:
        check_output(arguments.out, ".md", begins=r"\d+ kills \(SIGKILL\)")
    folder = arguments.folder.absolute()  # absolute, because the runs work in another folder
    empty(folder)
    unbroken, killed = (Workdir(folder / name) for name in RUNS)
    with children.stop_together("the same command starts again"):
        _finish(unbroken, arguments.steps)
        kills = _kill_repeatedly(killed, arguments.steps, arguments.kills, random.Random(arguments.seed))
        _finish(killed, arguments.steps)
    differences = differing(unbroken, killed)
    page = report(kills, arguments.steps, arguments.seed, differences)
    print(page)
    if arguments.out:
        write_atomically(arguments.out, page.encode())
    if differences:
        raise InputError(f"the killed run ended differently; compare the two runs in {arguments.folder}")


def empty(folder: Path) -> None:
    """Creates the folder of both runs, or deletes the runs of an earlier soak in it.

    Raises:
      InputError: if it holds anything else, or cannot be written.
    """
    check_writable(folder / MARK)
    mark, runs = folder / MARK, [folder / name for name in RUNS]
    found = set(folder.iterdir()) if folder.exists() else set()
    if found and not (mark in found and found <= {mark, *runs} and not any(run.is_symlink() for run in runs)):
        raise InputError(f"{folder} holds files that are not of an earlier soak; name a new --folder")
    for run in found - {mark}:
        shutil.rmtree(run)
    write_atomically(mark, json.dumps({"made by": "experiments.soak"}).encode() + b"\n")


def report(kills: list["Kill"], steps: int, seed: int, differences: list[str]) -> str:
    """The settings and the verdict, in Markdown."""
    verdict = f"DIFFERENT: {', '.join(differences)}" if differences else "**equal to the last bit**"
    return (f"{len(kills)} kills (SIGKILL) at random moments, seed {seed}, of one `tiny` run of {steps} "
            f"steps that saves every second step: {sum(kill.saving for kill in kills)} during a save, "
            f"{sum(kill.step > 0 for kill in kills)} after the first checkpoint, the last at step "
            f"{kills[-1].step}.\n\nParameters, averages, optimizer states, metrics.jsonl and sample sheets "
            f"at the end of the run, compared with those of an uninterrupted run: {verdict}.\n")


class Kill:
    """The state of a workdir after a kill."""

    def __init__(self, workdir: Workdir) -> None:
        """Inspects the checkpoints."""
        names = [path.name for path in workdir.checkpoints.glob("*")]
        self.step = max((int(name) for name in names if name.isdecimal()), default=0)
        # A save is unfinished while Orbax's temporary folder exists or the list of hashes is missing.
        self.saving = any(not name.isdecimal() for name in names) or any(
            not (workdir.checkpoints / name / checkpoints.HASHES).exists() for name in names)


def command(workdir: Workdir, steps: int) -> list[str]:
    """The training command for a workdir."""
    return [sys.executable, "-m", "handwriting_gan.train", "--config", "configs/stargan_v2.py:tiny",
            "--workdir", str(workdir.root), f"--config.steps={steps}", "--config.checkpoint_every=2",
            "--config.sample_every=100"]


def _start(workdir: Workdir, steps: int) -> subprocess.Popen:
    return children.start(command(workdir, steps), cwd=ROOT, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)


def _finish(workdir: Workdir, steps: int) -> None:
    """Trains until the last step."""
    run = children.run(command(workdir, steps), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       text=True)
    if run.returncode:
        raise InputError(f"the run in {workdir.root} failed: {run.stderr.strip()[-300:]}")


def _kill_repeatedly(workdir: Workdir, steps: int, kills: int, moments: random.Random) -> list[Kill]:
    """Starts and kills the run repeatedly: first at its first checkpoint, then after similar random times."""
    started, run = time.monotonic(), _start(workdir, steps)
    while not any(workdir.checkpoints.glob("[0-9]*")) and run.poll() is None:
        children.wait(run, 0.05)
    first_save, found = time.monotonic() - started, []
    for _ in track(range(kills), "killing"):
        run.kill()
        run.wait()
        if run.returncode >= 0:
            raise InputError(f"the run in {workdir.root} ended before it was killed, with exit code {run.returncode}; "
                             "raise --steps")
        found.append(Kill(workdir))
        if len(found) < kills:
            run = _start(workdir, steps)
            children.wait(run, moments.uniform(0.2, 1.6) * first_save)
    return found


def differing(one: Workdir, other: Workdir) -> list[str]:
    """The names of what differs by any bit between two workdirs."""
    states = [_state(workdir) for workdir in (one, other)]
    same = jax.tree.all(jax.tree.map(np.array_equal, *states))
    names = sorted(path.relative_to(one.root) for path in one.root.glob("samples/*.png"))
    files = [Path("metrics.jsonl"), *names]
    return ([] if same else ["the state"]) + [
        str(name) for name in files
        if not (other.root / name).exists()
        or (one.root / name).read_bytes() != (other.root / name).read_bytes()]


def _state(workdir: Workdir) -> dict:
    """The full contents of the newest checkpoint."""
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
