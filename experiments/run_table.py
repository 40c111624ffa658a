"""Trains and evaluates every row of a table that has no scorecard yet; stop it any time, run it again.

$ python -m experiments.run_table ladder --seeds 3
$ python -m experiments.make_tables

A row is a config, trained by the project's own command under runs/FOLDER/ until it has had as many glyphs to
draw as every row of the table, and its scorecard experiments/results/FOLDER/ROW.json (ROW.1.json, ROW.2.json
with the seeds 1 and 2). Tables of one folder share their rows. With another preset or number of glyphs than
the table's own, both go under runs/PRESET_GLYPHS/. A row that fails leaves ROW.failed.txt beside the
scorecards, and the rest goes on; the next time it is tried again.

Installed without a checkout, `handwriting-gan-tables` is the same command, with runs/ and results/ in the
current directory.
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
from experiments import children
from experiments.checkout import RESULTS, ROOT, RUNS
from handwriting_gan import methods
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.evaluation.scorecard import Scorecard, TableRun
from handwriting_gan.files import check_writable, write_atomically
from handwriting_gan.workdir.layout import Workdir

DATA = "mnist_writers"  # of every row


class Contest(NamedTuple):
    """What a table compares: every row has as many glyphs to draw and is judged alike."""

    rows: dict[str, str]  # heading: its config, without the preset
    folder: str  # of its rows' workdirs and scorecards
    glyphs: int  # to draw in training: steps x batch_size x those of an example
    protocol: str  # of evaluation
    preset: str = "small"


class Run(NamedTuple):
    """A row with a seed."""

    config: str
    seed: int

    @property
    def name(self) -> str:
        """Of its workdir and its scorecard."""
        *_, config = self.config.removesuffix(".py").replace(":", "/").split("/")
        return f"{config}.{self.seed}" if self.seed else config


def _ablations(*names: str) -> dict[str, str]:
    return {name.replace("_", " "): f"configs/ablations.py:{name}" for name in names}


LADDER = {
    "A: StarGAN": "configs/stargan_v1.py",
    "B: + multi-task discriminator": "configs/ablations.py:multi_task_discriminator",
    "C: + R1, adaptive norms": "configs/ablations.py:label_styles",
    "D: + latent": "configs/ablations.py:shared_latents",
    "E: style codes in its place": "configs/ablations.py:without_diversity",
    "F: + diversity (StarGAN v2)": "configs/stargan_v2.py",
}
WHOLE = {"StarGAN v2": "configs/stargan_v2.py"}
RIVALS = {
    "DCGAN, any digit": "configs/dcgan.py",
    "conditional DCGAN": "configs/conditional_dcgan.py",
    "StarGAN": "configs/stargan_v1.py",
    "MUNIT": "configs/munit.py",
    "DRIT++": "configs/drit.py",
    "MSGAN": "configs/msgan.py",
    "LORD": "configs/lord.py",
    "content bottleneck": "configs/content_bottleneck.py",
    **WHOLE,
    "writer-guided": "configs/writer_guided.py",
}
FULL: dict[str, Any] = {"folder": "rows", "glyphs": 24_000, "protocol": "full"}
TABLES = {
    "few_shot": Contest({"writer-guided": "configs/writer_guided.py", **_ablations(
        "without_matching_of_fakes", "without_matching", "without_posterior", "without_adversary",
        "without_style_variance")}, folder="few_shot", glyphs=72_000, protocol="quick"),
    "ladder": Contest(LADDER, **FULL),
    "rivals": Contest(RIVALS, **FULL),
    "minus_one": Contest({**WHOLE, **_ablations(
        "without_cycle", "without_style_reconstruction", "without_diversity", "without_r1",
        "without_averaging", "by_latents_only", "by_references_only")}, **FULL),
    "suggestions": Contest({**WHOLE, **_ablations(
        "more_layers", "wider_latent", "wider_style", "heavier_diversity", "undecayed_diversity")}, **FULL),
}

CONFIGS = {Run(config, 0).name: config for contest in TABLES.values() for config in contest.rows.values()}


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--rows", nargs="+", help="only these, by their configs' names; default: all")
    parser.add_argument("--preset", choices=PRESETS, help="of every row; default: the table's")
    parser.add_argument("--glyphs", type=whole_number(1),
                        help="that every row has to draw in training; default: the table's")
    parser.add_argument("--seeds", type=whole_number(1, 1_000), default=1, help="of every row: 0, 1, ...")
    parser.add_argument("--jobs", type=whole_number(1), default=1, help="rows at a time")
    parser.add_argument("--runs", type=Path, help="where the rows' workdirs go; default: runs/, or "
                                                  "runs/PRESET_GLYPHS/ where those are not the table's")
    parser.add_argument("--results", type=Path, help="where the scorecards go; default: experiments/results/,"
                                                     " or runs/PRESET_GLYPHS/results/ likewise")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    arguments = parser.parse_args()
    contest = asked_for(arguments.table, arguments.preset, arguments.glyphs, arguments.rows)
    runs, results = places(arguments.table, contest)
    # The commands run in another folder.
    runs = (arguments.runs or runs).absolute() / contest.folder
    results = (arguments.results or results).absolute() / contest.folder
    check_first(contest, runs, results, arguments.data_folder)
    with children.stop_together():
        failed = run(contest, runs, results, arguments.seeds, arguments.jobs, arguments.data_folder)
    if failed:
        raise InputError(f"without a scorecard: {', '.join(failed)}; each says why in ROW.failed.txt in "
                         f"{results}; the same command tries again")
    print(f"scorecards: {results}")


def asked_for(table: str, preset: str | None = None, glyphs: int | None = None,
              rows: Sequence[str] | None = None) -> Contest:
    """A table with another preset, another number of glyphs or fewer rows than its own, where they are given.

    Raises:
      InputError: if the table has no such row.
    """
    own = TABLES[table]
    return own._replace(preset=preset or own.preset, glyphs=glyphs or own.glyphs,
                        rows=chosen(own, rows) if rows else own.rows)


def places(table: str, contest: Contest) -> tuple[Path, Path]:
    """Where workdirs and scorecards go by default: of another preset or budget not to the table's own."""
    own = TABLES[table]
    if (contest.preset, contest.glyphs) == (own.preset, own.glyphs):
        return RUNS, RESULTS
    others = RUNS / f"{contest.preset}_{contest.glyphs}"
    return others, others / "results"


def check_first(contest: Contest, runs: Path, results: Path, data_folder: str | None = None) -> None:
    """Checks, before any training, what every row needs.

    Raises:
      InputError: if a folder cannot be written to, `results` holds scorecards of another preset, budget or
        protocol, or the data cannot be had.
    """
    check_writable(runs / "row" / "config.json")
    check_writable(results / "row.json")
    check_results(contest, results)
    sources.load_both(DATA, data_folder, PROTOCOLS[contest.protocol].split)


def check_results(contest: Contest, results: Path) -> None:
    """Checks that rows of this table may be added to the scorecards in a folder.

    Raises:
      InputError: naming a scorecard of another preset, budget or protocol.
    """
    wanted = {"preset": contest.preset, "glyphs": contest.glyphs, "protocol": contest.protocol}
    for path in sorted(results.glob("*.json")):
        card = scorecard.read(path)
        found = {"preset": card.made_from.preset, "glyphs": glyphs_of(path.stem, card, contest),
                 "protocol": card.made_from.protocol["name"]}
        for name, value in wanted.items():
            if found[name] != value:
                raise InputError(f"{path} has {name} {found[name]}, not {value}; one folder holds scorecards "
                                 "of one kind: name another --results")


def glyphs_of(name: str, card: Scorecard, contest: Contest) -> int | str:
    """The training glyphs of the row of that name, from its scorecard, or else from its steps."""
    if card.run is not None:
        return card.run.glyphs
    made, config = card.made_from, CONFIGS.get(name.partition(".")[0])
    if config and made.preset in PRESETS and made.step == steps_of(
            Run(config, 0), contest._replace(preset=made.preset)):
        return contest.glyphs
    return f"unknown, of {made.step} steps"


def missing(contest: Contest, results: Path, seeds: int) -> list[Run]:
    """The rows without a scorecard."""
    return [row for row in rows_of(contest, seeds) if not (results / f"{row.name}.json").exists()]


def run(contest: Contest, runs: Path, results: Path, seeds: int = 1, jobs: int = 1,
        data_folder: str | None = None) -> list[str]:
    """Runs what is missing, seed by seed and in order; returns the rows that failed.

    Raises:
      StoppedError: if this process or a command was asked to stop; all commands have ended.
    """
    todo = missing(contest, results, seeds)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    failed = []
    with Progress(*columns) as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("rows", total=len(todo))

        def play(row: Run) -> tuple[str, bool]:
            children.check()
            progress.update(task, description=row.name)
            return row.name, _run_row(row, contest, runs / row.name, results, data_folder)

        for done in as_completed([pool.submit(play, row) for row in todo]):
            name, came = done.result()
            progress.console.print(f"{name}: {'done' if came else 'failed'}")
            progress.advance(task)
            failed += [] if came else [name]
    return failed


def chosen(contest: Contest, names: Sequence[str]) -> dict[str, str]:
    """A table's rows by their configs' names, in the table's order: headings and configs.

    Raises:
      InputError: if the table has no such row.
    """
    known = {heading: Run(config, 0).name for heading, config in contest.rows.items()}
    if strays := set(names) - set(known.values()):
        raise InputError(f"the table has no row {min(strays)!r}; there is {', '.join(known.values())}")
    return {heading: contest.rows[heading] for heading, name in known.items() if name in names}


def rows_of(contest: Contest, seeds: int) -> Iterator[Run]:
    """All of a table's rows, the first seed first."""
    return (Run(config, seed) for seed in range(seeds) for config in contest.rows.values())


def commands(row: Run, contest: Contest, workdir: Path, data_folder: str | None = None) -> list[list[str]]:
    """What a row takes, as one would type it."""
    module = [sys.executable, "-m"]
    folder = [f"--data_folder={Path(data_folder).absolute()}"] if data_folder else []
    return [
        [*module, "handwriting_gan.train", "--config", f"{row.config}:{contest.preset}",
         f"--config.data={DATA}", f"--config.steps={steps_of(row, contest)}",
         f"--config.seed={row.seed}", "--workdir", str(workdir), *folder],
        [*module, "handwriting_gan.evaluate", "--workdir", str(workdir), "--protocol", contest.protocol,
         "--data", DATA, *folder],
    ]


def steps_of(row: Run, contest: Contest) -> int:
    """In how many steps a row has had its glyphs to draw."""
    config = load(row.config, contest.preset)
    return -(-contest.glyphs // (config.batch_size * methods.build(config).examples.targets))


def load(config: str, preset: str) -> ConfigDict:
    """What a row's config is in a preset."""
    path, _, name = config.partition(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    return module.get_config(f"{name}:{preset}" if name else preset)


def _run_row(row: Run, contest: Contest, workdir: Path, results: Path, data_folder: str | None) -> bool:
    """Whether a row came to its scorecard; if not, what was said is kept."""
    note = results / f"{row.name}.failed.txt"
    note.unlink(missing_ok=True)
    fresh, started = not workdir.exists(), time.monotonic()
    for command in commands(row, contest, workdir, data_folder):
        done = typed(command)
        if done.returncode:
            write_atomically(note, f"$ {' '.join(command)}\n{done.stderr}".encode())
            return False
    seconds = round(time.monotonic() - started) if fresh else None  # unknown for a resumed run
    card = dataclasses.replace(scorecard.read(Workdir(workdir).scorecard),
                               run=TableRun(contest.glyphs, row.seed, hardware(), seconds))
    scorecard.write(results / f"{row.name}.json", card)
    return True


def typed(command: list[str]) -> subprocess.CompletedProcess:
    """What a command says on stderr, and its exit code; raises `StoppedError` as `children.run` does."""
    return children.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def hardware() -> str:
    """What computes here, in words."""
    device = jax.devices()[0]
    if device.platform != "cpu":
        return f"{jax.device_count()} x {device.device_kind}"
    cores = f"{len(os.sched_getaffinity(0))} cores" if hasattr(os, "sched_getaffinity") else "CPU"
    try:
        named = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        named = None
    return f"{cores} of {named[1] if named else platform.machine()}"


def console_script() -> None:
    """`handwriting-gan-tables`."""
    exit_in_one_line(main)


if __name__ == "__main__":
    console_script()
