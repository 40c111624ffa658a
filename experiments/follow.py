"""Follows rows of a table through their training: curves of losses, Fréchet distance and the hand.

$ python -m experiments.follow ladder stargan_v1 stargan_v2

Trains each row as experiments.run_table does, in a workdir of its own, and judges it on the way by the quick
protocol, on validation writers; stop it any time, run it again. Writes experiments/results/TABLE_curves.png
and TABLE_losses.png.
"""

import json
from pathlib import Path

from rich.progress import track

from configs.common import PRESETS
from experiments.run_table import RESULTS, RUNS, TABLES, Contest, Run, chosen, commands, steps_of, typed
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import write_atomically
from handwriting_gan.report import curves
from handwriting_gan.workdir.layout import Workdir, read_config


def main() -> None:
    """Flags in, two pictures out."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("rows", nargs="+", help="by their configs' names, as in experiments/results/")
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--points", type=whole_number(2), default=6, help="at which a row is judged")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where the workdirs go")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the pictures go")
    arguments = parser.parse_args()
    contest = TABLES[arguments.table]._replace(folder="followed", protocol="quick")
    rows = {heading: Run(config, seed=0) for heading, config in chosen(contest, arguments.rows).items()}
    workdirs = {heading: arguments.runs / contest.folder / row.name for heading, row in rows.items()}
    for heading, step in track([(heading, point) for point in range(1, arguments.points + 1)
                                for heading in rows], description="points"):
        follow(rows[heading], contest, arguments.preset, workdirs[heading], step, arguments.points)
    draw(workdirs, arguments.results / arguments.table)


def follow(row: Run, contest: Contest, preset: str, workdir: Path, point: int, points: int) -> None:
    """Trains a row to a point, one of `points` evenly spaced, and judges it there, unless that is done.

    Raises:
      InputError: if a command fails.
    """
    train, evaluate = commands(row, contest, preset, workdir)
    step = -(-steps_of(row, contest, preset) * point // points)
    card = scorecard_at(workdir, step)
    if card.exists():
        return
    for command in ([*train, f"--stop_at={step}"], [*evaluate, "--out", str(card)]):
        done = typed(command)
        if done.returncode:
            raise InputError(f"{row.name} stopped: {done.stderr.strip().splitlines()[-1]}")


def scorecard_at(workdir: Path, step: int) -> Path:
    """Where a step's scorecard lies."""
    return workdir / "along" / f"{step:07d}.json"


def draw(workdirs: dict[str, Path], beside: Path) -> None:
    """The curves of rows that were followed."""
    sizes = {heading: read_config(Workdir(workdir)).batch_size for heading, workdir in workdirs.items()}
    along = {heading: {int(card.stem) * sizes[heading]: json.loads(card.read_text())
                       for card in scorecard_at(workdir, 0).parent.glob("*.json")}
             for heading, workdir in workdirs.items()}
    logs = {heading: [json.loads(line) for line in Workdir(workdir).metrics.read_text().splitlines()]
            for heading, workdir in workdirs.items()}
    for name, content in (("curves", curves.judged(along)), ("losses", curves.losses(logs, sizes))):
        path = beside.with_name(f"{beside.name}_{name}.png")
        write_atomically(path, content)
        print(path)


if __name__ == "__main__":
    exit_in_one_line(main)
