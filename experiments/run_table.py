"""Trains and evaluates every row of a table that has no scorecard yet; stop it any time, run it again.

$ python -m experiments.run_table few_shot
$ python -m experiments.make_tables

A row is a config, trained for the table's steps by the project's own command under runs/TABLE/, and its
scorecard experiments/results/TABLE/ROW.json. A row that fails leaves ROW.failed.txt there, and the rest goes
on; the next time it is tried again.
"""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from configs.ablations import ABLATIONS
from configs.common import PRESETS
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import write_atomically
from handwriting_gan.workdir.layout import Workdir

ROOT = Path(__file__).parents[1]
RUNS, RESULTS = ROOT / "runs", ROOT / "experiments" / "results"


class Contest(NamedTuple):
    """What a table compares: every row sees as many images and is judged alike."""

    rows: dict[str, str]  # name: its config, without the preset
    steps: int
    protocol: str  # of evaluation


TABLES = {
    "few_shot": Contest(
        {"writer_guided": "configs/writer_guided.py",
         **{name: f"configs/ablations.py:{name}" for name in ABLATIONS}}, steps=1_000, protocol="quick"),
}


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--steps", type=whole_number(1), help="of every row; default: the table's")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where the rows' workdirs go")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the scorecards go")
    arguments = parser.parse_args()
    contest = TABLES[arguments.table]
    contest = contest._replace(steps=arguments.steps or contest.steps)
    failed = run(contest, arguments.preset, arguments.runs / arguments.table,
                 arguments.results / arguments.table)
    if failed:
        raise InputError(f"without a scorecard: {', '.join(failed)}; each says why in ROW.failed.txt beside "
                         "the scorecards; the same command tries again")


def run(contest: Contest, preset: str, runs: Path, results: Path) -> list[str]:
    """Runs what is missing, in order; returns the rows that failed."""
    missing = [name for name in contest.rows if not (results / f"{name}.json").exists()]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    failed = []
    with Progress(*columns) as progress:
        task = progress.add_task("rows", total=len(missing))
        for name in missing:
            progress.update(task, description=name)
            if not _run_row(name, contest, preset, runs / name, results):
                failed.append(name)
            progress.advance(task)
    return failed


def commands(name: str, contest: Contest, preset: str, workdir: Path) -> list[list[str]]:
    """What a row takes, as one would type it."""
    module = [sys.executable, "-m"]
    return [
        [*module, "handwriting_gan.train", "--config", f"{contest.rows[name]}:{preset}",
         f"--config.steps={contest.steps}", "--workdir", str(workdir)],
        [*module, "handwriting_gan.evaluate", "--workdir", str(workdir), "--protocol", contest.protocol,
         "--data", "mnist_writers"],
    ]


def _run_row(name: str, contest: Contest, preset: str, workdir: Path, results: Path) -> bool:
    """Whether a row came to its scorecard; if not, what was said is kept."""
    note = results / f"{name}.failed.txt"
    note.unlink(missing_ok=True)
    for command in commands(name, contest, preset, workdir):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            write_atomically(note, f"$ {' '.join(command)}\n{done.stderr}".encode())
            return False
    write_atomically(results / f"{name}.json", Workdir(workdir).scorecard.read_bytes())
    return True


if __name__ == "__main__":
    exit_in_one_line(main)
