"""Plots curves of losses, Fréchet distance and the hand during the training of rows of a table.

$ python -m experiments.follow ladder stargan_v1 stargan_v2

It trains each row as experiments.run_table does, in a separate workdir, and evaluates it at several points with
the quick protocol (validation writers). Stop it at any time and run it again: it resumes. It writes
TABLE_curves.png and TABLE_losses.png beside the workdirs, in runs/followed/, or with --publish into
experiments/results/. Rows of a preset that is not the table's own go to runs/PRESET_GLYPHS/followed/.
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
    Run,
    TableSpec,
    commands,
    default_folders,
    requested_table,
    run_command,
    steps_of,
)
from handwriting_gan import methods
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.evaluation import scorecard
from handwriting_gan.files import check_writable, local_path, write_atomically
from handwriting_gan.report import comparisons, curves
from handwriting_gan.workdir.layout import Workdir, read_config
from handwriting_gan.workdir.outputs import check_output

PLOTS = ("curves", "losses")


def main() -> None:
    """Parses the flags and writes two plots."""
    parser = Flags(__doc__, example="python -m experiments.follow ladder stargan_v1 stargan_v2")
    parser.add_argument("table", choices=TABLES, help="the table of the rows")
    parser.add_argument("rows", nargs="+", help="the rows, by the names of their configs, as in experiments/results/")
    parser.add_argument("--preset", choices=PRESETS, help="preset of every row (default: the table's own)")
    parser.add_argument("--points", type=whole_number(2, 1_000), default=6, help="number of evaluations of a row")
    parser.add_argument("--runs", type=local_path,
                        help="folder whose subfolder followed/ holds the workdirs (default: runs/, or "
                             "runs/PRESET_GLYPHS/ for another preset)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--results", type=local_path, help="folder of the plots (default: that of the workdirs)")
    where.add_argument("--publish", action="store_true", help="replace the plots in experiments/results/")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    arguments = parser.parse_args()
    table = requested_table(arguments.table, arguments.preset, rows=arguments.rows)
    runs, published = default_folders(arguments.table, table)
    if arguments.publish and published != RESULTS:
        raise InputError(f"--publish is for the table's own preset, {TABLES[arguments.table].preset}; "
                         "name a folder as --results")
    table = table._replace(folder="followed", protocol="quick")
    followed = (arguments.runs or runs).absolute() / table.folder  # the commands run in another folder
    prefix = (published if arguments.publish else arguments.results or followed) / arguments.table
    for name in PLOTS:
        check_output(_plot_path(prefix, name), ".png")
    rows = {heading: Run(config, seed=0) for heading, config in table.rows.items()}
    workdirs = {heading: followed / row.name for heading, row in rows.items()}
    check_writable(followed / "row" / "config.json")
    sources.load_both(DATA, arguments.data_folder, "validation")
    with children.stop_together():
        for heading, point in track([(heading, point) for point in range(1, arguments.points + 1)
                                     for heading in rows], description="points"):
            follow(rows[heading], table, workdirs[heading], point, arguments.points, arguments.data_folder)
    plot(workdirs, prefix)


def follow(row: Run, table: TableSpec, workdir: Path, point: int, points: int,
           data_folder: str | None = None) -> None:
    """Trains a row up to one of `points` evenly spaced points and evaluates it there, unless its scorecard exists.

    Raises:
      InputError: if a command fails.
      StoppedError: after a signal to this process or to the command.
    """
    train, evaluate = commands(row, table, workdir, data_folder)
    step = -(-steps_of(row, table) * point // points)
    card = scorecard_at(workdir, step)
    if card.exists():
        return
    for command in ([*train, f"--stop_at={step}"], [*evaluate, "--out", str(card)]):
        done = run_command(command)
        if done.returncode:
            reason = done.stderr.strip() or f"exit code {done.returncode}"
            raise InputError(f"{row.name} failed: {reason.splitlines()[-1]}")


def scorecard_at(workdir: Path, step: int) -> Path:
    """The path of the scorecard of a step."""
    return workdir / "along" / f"{step:07d}.json"


def plot(workdirs: dict[str, Path], prefix: Path) -> None:
    """Plots the curves of rows, by heading, and saves them as PREFIX_curves.png and PREFIX_losses.png.

    Raises:
      InputError: if a file cannot be read, or the scorecards differ in training or evaluation settings.
    """
    configs = {heading: read_config(Workdir(workdir)) for heading, workdir in workdirs.items()}
    sizes = {heading: methods.build(config).glyphs_per_step(config.batch_size)
             for heading, config in configs.items()}
    cards = {heading: {path: scorecard.read(path) for path in scorecard_at(workdir, 0).parent.glob("*.json")
                       if path.stem.isdecimal()} for heading, workdir in workdirs.items()}
    comparisons.check_alike({path: {**comparisons.training_facts(card), **comparisons.evaluation_facts(card)}
                             for row_cards in cards.values() for path, card in row_cards.items()})
    along = {heading: {int(path.stem) * sizes[heading]: [card] for path, card in row_cards.items()}
             for heading, row_cards in cards.items()}
    logs = {heading: _log(Workdir(workdir).metrics) for heading, workdir in workdirs.items()}
    for name, content in zip(PLOTS, (curves.estimates(along), curves.losses(logs, sizes)), strict=True):
        path = _plot_path(prefix, name)
        write_atomically(path, content)
        print(path)


def _plot_path(prefix: Path, name: str) -> Path:
    return prefix.with_name(f"{prefix.name}_{name}.png")


def _log(metrics: Path) -> list[dict[str, float]]:
    """The lines of a run's metrics.jsonl."""
    try:
        return [json.loads(line) for line in metrics.read_text().splitlines()]
    except (OSError, ValueError) as error:
        raise InputError(f"{metrics} cannot be read ({error}); train the row again") from error


if __name__ == "__main__":
    exit_in_one_line(main)
