"""Trains and evaluates every row of a table that has no scorecard yet.

$ python -m experiments.run_table ladder --forecast only
$ python -m experiments.run_table ladder --seeds 3
$ python -m experiments.make_tables

First it measures a few steps of each row and prints how long the rows will take on this machine.

Stop it at any time and run it again: it resumes. A row is a config. The command trains it under runs/FOLDER/
until it has seen the table's number of glyphs, and writes the scorecard experiments/results/FOLDER/ROW.json
(ROW.1.json and ROW.2.json for the seeds 1 and 2). Tables of one folder share their rows. With a preset or a
number of glyphs that is not the table's own, both go under runs/PRESET_GLYPHS/. A row that fails leaves
ROW.failed.txt beside the scorecards, and the other rows continue; the next run tries it again.

On the way a row stops at a few numbers of glyphs, where the quick protocol judges it, and so it does at the end:
experiments/results/FOLDER/curves/GLYPHS/ROW.json. `make_tables` plots them. The stops do not change the training.

In an installation without a checkout, `handwriting-gan-tables` is the same command, with runs/ and results/ in
the current directory.
"""

import dataclasses
import importlib
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

import jax
from ml_collections import ConfigDict
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from configs.common import PRESETS
from experiments import children, forecast
from experiments.checkout import RESULTS, ROOT, RUNS
from handwriting_gan import methods
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.evaluation.scorecard import Scorecard, TableRun
from handwriting_gan.files import check_writable, local_path, write_atomically
from handwriting_gan.workdir.layout import Workdir, saved_steps

DATA = "mnist_writers"  # of every row
POINTS, POINT_PROTOCOL = (24_000, 72_000), "quick"  # glyphs seen at which a row is judged on the way, and how
CURVES = "curves"  # the folder of these scorecards, with one folder for each number of glyphs


class TableSpec(NamedTuple):
    """The rows of a table, and what they have in common: training budget, preset and evaluation protocol."""

    rows: dict[str, str]  # {heading: config without its preset}
    folder: str  # of the rows' workdirs and scorecards
    glyphs: int  # seen in training: steps x Method.glyphs_per_step
    protocol: str  # of the evaluation
    preset: str = "small"
    points: tuple[int, ...] = POINTS  # those below `glyphs` are used


class Run(NamedTuple):
    """A row with one seed."""

    config: str
    seed: int

    @property
    def name(self) -> str:
        """The name of its workdir and of its scorecard."""
        *_, config = self.config.removesuffix(".py").replace(":", "/").split("/")
        return f"{config}.{self.seed}" if self.seed else config


def _ablations(*names: str) -> dict[str, str]:
    return {name.replace("_", " "): f"configs/ablations.py:{name}" for name in names}


LADDER = {
    "A: StarGAN": "configs/stargan_v1.py",
    "B: + multi-task discriminator": "configs/ablations.py:multi_task_discriminator",
    "C: + R1, adaptive norms": "configs/ablations.py:label_styles",
    "D: + latent": "configs/ablations.py:shared_latents",
    "E: style codes instead of it": "configs/ablations.py:without_diversity",
    "F: + diversity (StarGAN v2)": "configs/stargan_v2.py",
}
STARGAN_V2 = {"StarGAN v2": "configs/stargan_v2.py"}
COMPARISON = {
    "DCGAN, any digit": "configs/dcgan.py",
    "conditional DCGAN": "configs/conditional_dcgan.py",
    "StarGAN": "configs/stargan_v1.py",
    "MUNIT": "configs/munit.py",
    "DRIT++": "configs/drit.py",
    "MSGAN": "configs/msgan.py",
    "LORD": "configs/lord.py",
    "content bottleneck": "configs/content_bottleneck.py",
    "flow matching": "configs/flow_matching.py",
    **STARGAN_V2,
    "writer-guided": "configs/writer_guided.py",
}
FULL: dict[str, Any] = {"folder": "rows", "glyphs": 24_000, "protocol": "full"}
TABLES = {
    "few_shot": TableSpec({"writer-guided": "configs/writer_guided.py", **_ablations(
        "without_matching_of_fakes", "without_matching", "without_posterior", "without_adversary",
        "without_learned_prior", "without_own_digit")}, folder="few_shot", glyphs=72_000, protocol="quick"),
    "ladder": TableSpec(LADDER, **FULL),
    "comparison": TableSpec(COMPARISON, **FULL),
    "minus_one": TableSpec({**STARGAN_V2, **_ablations(
        "without_cycle", "without_style_reconstruction", "without_diversity", "without_r1",
        "without_averaging", "by_latents_only", "by_references_only")}, **FULL),
    "suggestions": TableSpec({**STARGAN_V2, **_ablations(
        "more_layers", "wider_latent", "wider_style", "doubled_diversity", "heavier_diversity", "undecayed_diversity",
        "relativistic")}, **FULL),
}

CONFIGS = {Run(config, 0).name: config for table in TABLES.values() for config in table.rows.values()}


def main() -> None:
    """Parses the flags and runs the missing rows."""
    parser = Flags(__doc__, example="python -m experiments.run_table ladder --seeds 3")
    parser.add_argument("table", choices=TABLES, help="the table whose rows to run")
    parser.add_argument("--rows", nargs="+", help="only these rows, by the names of their configs (default: all)")
    parser.add_argument("--preset", choices=PRESETS, help="preset of every row (default: the table's own)")
    parser.add_argument("--glyphs", type=whole_number(1),
                        help="training glyphs that every row sees (default: the table's own)")
    parser.add_argument("--points", type=whole_number(1), nargs="*",
                        help="numbers of glyphs, below that of --glyphs, at which a row is also judged by the quick "
                             f"protocol; without a number there are none (default: {' '.join(map(str, POINTS))})")
    parser.add_argument("--seeds", type=whole_number(1, 1_000), default=1, help="number of seeds of every row")
    parser.add_argument("--jobs", type=whole_number(1), default=1, help="rows that run at the same time")
    parser.add_argument("--forecast", choices=("first", "only", "none"), default="first",
                        help="first: measure a few steps of each row, print how long the rows take here and how many "
                             "--glyphs take an hour, then run them; only: print it and stop; none: run them")
    parser.add_argument("--runs", type=local_path,
                        help="folder of the rows' workdirs (default: runs/, or runs/PRESET_GLYPHS/ for another preset "
                             "or number of glyphs)")
    parser.add_argument("--results", type=local_path,
                        help="folder of the scorecards (default: experiments/results/, or "
                             "runs/PRESET_GLYPHS/results/ likewise)")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    arguments = parser.parse_args()
    table = requested_table(arguments.table, arguments.preset, arguments.glyphs, arguments.rows)
    if arguments.points is not None:
        table = table._replace(points=tuple(arguments.points))
    runs, results = default_folders(arguments.table, table)
    # Absolute, because the rows' commands run in another folder.
    runs = (arguments.runs or runs).absolute() / table.folder
    results = (arguments.results or results).absolute() / table.folder
    check_before_training(table, runs, results, arguments.data_folder)
    with children.stop_together():
        if arguments.forecast != "none":
            print(forecast_of(table, runs, results, arguments.seeds, arguments.data_folder))
        if arguments.forecast == "only":
            return
        failed = run(table, runs, results, arguments.seeds, arguments.jobs, arguments.data_folder)
    if failed:
        raise InputError(f"no scorecard for {', '.join(failed)}; ROW.failed.txt in {results} gives the reason; "
                         "the same command tries again")
    print(f"scorecards: {results}")


def requested_table(name: str, preset: str | None = None, glyphs: int | None = None,
                    rows: Sequence[str] | None = None) -> TableSpec:
    """A table with the given preset, number of glyphs and rows in place of its own.

    Raises:
      InputError: if the table has no such row.
    """
    own = TABLES[name]
    return own._replace(preset=preset or own.preset, glyphs=glyphs or own.glyphs,
                        rows=select_rows(own, rows) if rows else own.rows)


def default_folders(name: str, table: TableSpec) -> tuple[Path, Path]:
    """The folders of workdirs and of scorecards; separate ones for another preset or number of glyphs."""
    own = TABLES[name]
    if (table.preset, table.glyphs) == (own.preset, own.glyphs):
        return RUNS, RESULTS
    separate = RUNS / f"{table.preset}_{table.glyphs}"
    return separate, separate / "results"


def check_before_training(table: TableSpec, runs: Path, results: Path, data_folder: str | None = None) -> None:
    """Checks the folders and the data that every row needs.

    Raises:
      InputError: if a folder cannot be written to, `results` holds scorecards of another preset, budget or
        protocol, or the data cannot be loaded.
    """
    check_writable(runs / "row" / "config.json")
    check_writable(results / "row.json")
    check_results(table, results)
    sources.load_both(DATA, data_folder, PROTOCOLS[table.protocol].split)


def check_results(table: TableSpec, results: Path) -> None:
    """Checks that the scorecards in a folder, and in its folder of curves, have the settings that they should have.

    Raises:
      InputError: naming a scorecard that differs from this table's preset, budget or protocol.
    """
    for point in judged_points(results):
        check_results(at_point(table, point), curve_folder(results, point))
    expected = {"preset": table.preset, "glyphs": table.glyphs, "protocol": table.protocol}
    for path in sorted(results.glob("*.json")):
        card = scorecard.read(path)
        found = {"preset": card.made_from.preset, "glyphs": glyphs_of(path.stem, card, table),
                 "protocol": card.made_from.protocol["name"]}
        for name, value in expected.items():
            if found[name] != value:
                raise InputError(f"{path} has {name} {found[name]}, not {value}; a folder holds scorecards of one "
                                 "preset, number of glyphs and protocol: name another --results")


def glyphs_of(name: str, card: Scorecard, table: TableSpec) -> int | str:
    """The training glyphs of the row `name`, from its scorecard, or else from its steps."""
    if card.run is not None:
        return card.run.glyphs
    made, config = card.made_from, CONFIGS.get(name.partition(".")[0])
    if config and made.preset in PRESETS and made.step == steps_of(
            Run(config, 0), table._replace(preset=made.preset)):
        return table.glyphs
    return f"unknown, of {made.step} steps"


def points_of(table: TableSpec) -> list[TableSpec]:
    """The table at each number of glyphs at which a row is also judged by the quick protocol, ascending.

    The last is the table's own number, unless its own protocol is the quick one.
    """
    on_the_way = sorted({point for point in table.points if point < table.glyphs})
    at_the_end = [table.glyphs] if on_the_way and table.protocol != POINT_PROTOCOL else []
    return [at_point(table, point) for point in (*on_the_way, *at_the_end)]


def at_point(table: TableSpec, glyphs: int) -> TableSpec:
    """The table with this number of glyphs and the protocol of points."""
    return table._replace(glyphs=glyphs, protocol=POINT_PROTOCOL)


def curve_folder(results: Path, glyphs: int) -> Path:
    """The folder of the scorecards at a number of glyphs, inside a folder of scorecards or a workdir."""
    return results / CURVES / str(glyphs)


def judged_points(results: Path) -> list[int]:
    """The numbers of glyphs at which rows were judged on the way, ascending."""
    return sorted(int(path.name) for path in (results / CURVES).glob("*") if path.name.isdecimal())


def missing(table: TableSpec, results: Path, seeds: int) -> list[Run]:
    """The runs without a scorecard."""
    return [row for row in runs_of(table, seeds) if not (results / f"{row.name}.json").exists()]


def run(table: TableSpec, runs: Path, results: Path, seeds: int = 1, jobs: int = 1,
        data_folder: str | None = None) -> list[str]:
    """Runs what is missing, seed by seed and in the table's order; returns the names of the runs that failed.

    Raises:
      StoppedError: after a signal to this process or to a command; all commands have ended.
    """
    todo = missing(table, results, seeds)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    failed = []
    with Progress(*columns) as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("rows", total=len(todo))

        def run_one(row: Run) -> tuple[str, bool]:
            children.check()
            progress.update(task, description=row.name)
            return row.name, _run_row(row, table, runs / row.name, results, data_folder)

        for done in as_completed([pool.submit(run_one, row) for row in todo]):
            name, succeeded = done.result()
            progress.console.print(f"{name}: {'done' if succeeded else 'failed'}")
            progress.advance(task)
            failed += [] if succeeded else [name]
    return failed


def select_rows(table: TableSpec, names: Sequence[str]) -> dict[str, str]:
    """The rows with these config names, in the table's order: `{heading: config}`.

    Raises:
      InputError: if the table has no such row.
    """
    known = {heading: Run(config, 0).name for heading, config in table.rows.items()}
    if unknown := set(names) - set(known.values()):
        raise InputError(f"the table has no row {min(unknown)!r}; its rows are {', '.join(known.values())}")
    return {heading: table.rows[heading] for heading, name in known.items() if name in names}


def runs_of(table: TableSpec, seeds: int) -> Iterator[Run]:
    """All runs of a table, seed by seed."""
    return (Run(config, seed) for seed in range(seeds) for config in table.rows.values())


def commands(row: Run, table: TableSpec, workdir: Path, data_folder: str | None = None) -> list[list[str]]:
    """The commands that train and evaluate a run."""
    module = [sys.executable, "-m"]
    folder = [f"--data_folder={Path(data_folder).absolute()}"] if data_folder else []
    return [
        [*module, "handwriting_gan.train", "--config", f"{row.config}:{table.preset}",
         f"--config.data={DATA}", f"--config.steps={steps_of(row, table)}",
         f"--config.seed={row.seed}", "--workdir", str(workdir), *folder],
        [*module, "handwriting_gan.evaluate", "--workdir", str(workdir), "--protocol", table.protocol,
         "--data", DATA, *folder],
    ]


def steps_of(row: Run, table: TableSpec) -> int:
    """The steps after which a run has seen the table's number of glyphs, in whole dispatches of an accelerator."""
    config = load_config(row.config, table.preset)
    steps = -(-table.glyphs // methods.build(config).glyphs_per_step(config.batch_size))
    return -(-steps // config.steps_per_dispatch) * config.steps_per_dispatch


def load_config(config: str, preset: str) -> ConfigDict:
    """A row's config in a preset."""
    path, _, name = config.partition(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    return module.get_config(f"{name}:{preset}" if name else preset)


def forecast_of(table: TableSpec, runs: Path, results: Path, seeds: int = 1, data_folder: str | None = None) -> str:
    """How long the missing runs will take on this machine, in words; measures a few steps of each config.

    Raises:
      StoppedError: after a signal to this process or to a command.
    """
    planned = []
    for row in missing(table, results, seeds):
        steps, done = steps_of(row, table), last_step(runs / row.name)
        due = [point.protocol for point in points_of(table) if _is_due(row, point, runs / row.name, results)]
        planned.append(forecast.Planned(row.name, row.config, steps, max(0, steps - done),
                                        table.glyphs, (*due, table.protocol)))
    return forecast.describe(planned, forecast.step_seconds(
        {each.config: each.steps for each in planned}, table.preset, data_folder))


def _run_row(row: Run, table: TableSpec, workdir: Path, results: Path, data_folder: str | None) -> bool:
    """Trains and evaluates; returns whether all succeeded. Keeps the error of a command that fails."""
    note = results / f"{row.name}.failed.txt"
    note.unlink(missing_ok=True)
    is_new, started = not workdir.exists(), time.monotonic()
    for point in points_of(table):
        if not _judge(row, table, point, workdir, results, note, data_folder):
            return False
    if not _succeed(commands(row, table, workdir, data_folder), note):
        return False
    seconds = round(time.monotonic() - started) if is_new else None  # unknown for a resumed run
    _publish(Workdir(workdir).scorecard, results, row, TableRun(table.glyphs, row.seed, hardware(), seconds))
    return True


def _judge(row: Run, table: TableSpec, point: TableSpec, workdir: Path, results: Path, note: Path,
           data_folder: str | None) -> bool:
    """Trains a row of the table up to a point and judges it there, if it is due; returns whether both succeeded."""
    if not _is_due(row, point, workdir, results):
        return True
    made = curve_folder(workdir, point.glyphs) / "scorecard.json"
    train, _ = commands(row, table, workdir, data_folder)
    _, evaluate = commands(row, point, workdir, data_folder)
    if not _succeed([[*train, f"--stop_at={steps_of(row, point)}"], [*evaluate, "--out", str(made)]], note):
        return False
    _publish(made, curve_folder(results, point.glyphs), row, TableRun(point.glyphs, row.seed, hardware(), None))
    return True


def _is_due(row: Run, point: TableSpec, workdir: Path, results: Path) -> bool:
    """Whether a point has no scorecard yet, and the run is not past it."""
    card = curve_folder(results, point.glyphs) / f"{row.name}.json"
    return not card.exists() and last_step(workdir) <= steps_of(row, point)


def last_step(workdir: Path) -> int:
    """The step of a run's newest checkpoint; 0 if there is none."""
    return max(saved_steps(Workdir(workdir)), default=0)


def _succeed(commands: Sequence[list[str]], note: Path) -> bool:
    """Runs commands up to the first that fails, whose error it keeps in a note; returns whether none failed."""
    for command in commands:
        done = run_command(command)
        if done.returncode:
            write_atomically(note, f"$ {' '.join(command)}\n{done.stderr}".encode())
            return False
    return True


def _publish(made: Path, folder: Path, row: Run, how: TableRun) -> None:
    """Writes a run's scorecard into a folder of results, with the facts of its training."""
    scorecard.write(folder / f"{row.name}.json", dataclasses.replace(scorecard.read(made), run=how))


def run_command(command: list[str]) -> subprocess.CompletedProcess:
    """Runs a command and keeps its stderr; raises `StoppedError` as `children.run` does."""
    return children.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def hardware() -> str:
    """The processor or accelerator of this machine, in words."""
    device = jax.devices()[0]
    if device.platform != "cpu":
        return f"{jax.device_count()} x {device.device_kind}"
    cores = f"{len(os.sched_getaffinity(0))} cores" if hasattr(os, "sched_getaffinity") else "CPU"
    try:
        model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        model = None
    return f"{cores} of {model[1] if model else platform.machine()}"


def console_script() -> None:
    """`handwriting-gan-tables`."""
    exit_in_one_line(main)


if __name__ == "__main__":
    console_script()
