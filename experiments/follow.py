"""Follows rows of a table through their training: curves of losses, Fréchet distance and the hand.

$ python -m experiments.follow ladder stargan_v1 stargan_v2

Trains each row as experiments.run_table does, in a workdir of its own, and judges it on the way by the quick
protocol, on validation writers; stop it any time, run it again. Writes TABLE_curves.png and TABLE_losses.png
beside the workdirs, under runs/followed/, or, with --publish, into experiments/results/. Rows of another
preset than the table's own are followed under runs/PRESET_GLYPHS/followed/.
"""

import json
from pathlib import Path

from rich.progress import track

from configs.common import PRESETS
from experiments import children
from experiments.run_table import (
    DATA,
    RESULTS,
    TABLES,
    Contest,
    Run,
    asked_for,
    commands,
    places,
    steps_of,
    typed,
)
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.evaluation import scorecard
from handwriting_gan.files import check_writable, write_atomically
from handwriting_gan.report import comparisons, curves
from handwriting_gan.workdir.layout import Workdir, read_config
from handwriting_gan.workdir.outputs import check_output

PICTURES = ("curves", "losses")


def main() -> None:
    """Flags in, two pictures out."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("rows", nargs="+", help="by their configs' names, as in experiments/results/")
    parser.add_argument("--preset", choices=PRESETS, help="of every row; default: the table's")
    parser.add_argument("--points", type=whole_number(2, 1_000), default=6, help="at which a row is judged")
    parser.add_argument("--runs", type=Path, help="the workdirs go into its folder followed/; default: runs/,"
                                                  " or runs/PRESET_GLYPHS/ for another preset")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--results", type=Path, help="where the pictures go; default: beside the workdirs")
    where.add_argument("--publish", action="store_true", help="replace the pictures in experiments/results/")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    arguments = parser.parse_args()
    contest = asked_for(arguments.table, arguments.preset, rows=arguments.rows)
    runs, published = places(arguments.table, contest)
    if arguments.publish and published != RESULTS:
        raise InputError(f"--publish is for the table's own preset, {TABLES[arguments.table].preset}; "
                         "name a folder by --results")
    contest = contest._replace(folder="followed", protocol="quick")
    followed = (arguments.runs or runs).absolute() / contest.folder  # the commands run in another folder
    beside = (published if arguments.publish else arguments.results or followed) / arguments.table
    for name in PICTURES:
        check_output(_picture(beside, name), ".png")
    rows = {heading: Run(config, seed=0) for heading, config in contest.rows.items()}
    workdirs = {heading: followed / row.name for heading, row in rows.items()}
    check_writable(followed / "row" / "config.json")
    sources.load_both(DATA, arguments.data_folder, "validation")
    with children.stop_together():
        for heading, point in track([(heading, point) for point in range(1, arguments.points + 1)
                                     for heading in rows], description="points"):
            follow(rows[heading], contest, workdirs[heading], point, arguments.points, arguments.data_folder)
    draw(workdirs, beside)


def follow(row: Run, contest: Contest, workdir: Path, point: int, points: int,
           data_folder: str | None = None) -> None:
    """Trains a row to a point, one of `points` evenly spaced, and judges it there, unless that is done.

    Raises:
      InputError: if a command fails.
      StoppedError: if this process or the command was asked to stop.
    """
    train, evaluate = commands(row, contest, workdir, data_folder)
    step = -(-steps_of(row, contest) * point // points)
    card = scorecard_at(workdir, step)
    if card.exists():
        return
    for command in ([*train, f"--stop_at={step}"], [*evaluate, "--out", str(card)]):
        done = typed(command)
        if done.returncode:
            said = done.stderr.strip() or f"exit code {done.returncode}"
            raise InputError(f"{row.name} stopped: {said.splitlines()[-1]}")


def scorecard_at(workdir: Path, step: int) -> Path:
    """Where a step's scorecard lies."""
    return workdir / "along" / f"{step:07d}.json"


def draw(workdirs: dict[str, Path], beside: Path) -> None:
    """The curves of rows that were followed.

    Raises:
      InputError: if a file cannot be read, or the scorecards were not made alike.
    """
    sizes = {heading: read_config(Workdir(workdir)).batch_size for heading, workdir in workdirs.items()}
    cards = {heading: {path: scorecard.read(path) for path in scorecard_at(workdir, 0).parent.glob("*.json")
                       if path.stem.isdecimal()} for heading, workdir in workdirs.items()}
    comparisons.check_alike({path: {**comparisons.training_facts(card), **comparisons.evaluation_facts(card)}
                             for of_row in cards.values() for path, card in of_row.items()})
    along = {heading: {int(path.stem) * sizes[heading]: card for path, card in of_row.items()}
             for heading, of_row in cards.items()}
    logs = {heading: _log(Workdir(workdir).metrics) for heading, workdir in workdirs.items()}
    for name, content in zip(PICTURES, (curves.figures(along), curves.losses(logs, sizes)), strict=True):
        path = _picture(beside, name)
        write_atomically(path, content)
        print(path)


def _picture(beside: Path, name: str) -> Path:
    return beside.with_name(f"{beside.name}_{name}.png")


def _log(metrics: Path) -> list[dict[str, float]]:
    """The lines of a run's metrics.jsonl."""
    try:
        return [json.loads(line) for line in metrics.read_text().splitlines()]
    except (OSError, ValueError) as error:
        raise InputError(f"{metrics} cannot be read ({error}); the losses cannot be drawn") from error


if __name__ == "__main__":
    exit_in_one_line(main)
