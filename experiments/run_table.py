"""Trains and evaluates every row of a table that has no scorecard yet; stop it any time, run it again.

$ python -m experiments.run_table ladder --seeds 3
$ python -m experiments.make_tables

A row is a config, trained by the project's own command under runs/FOLDER/ until it has had as many glyphs to
draw as every row of the table, and its scorecard experiments/results/FOLDER/ROW.json (ROW.1.json, ROW.2.json
with the seeds 1 and 2). Tables of one folder share their rows. A row that fails leaves ROW.failed.txt there,
and the rest goes on; the next time it is tried again.

Installed without a checkout, `handwriting-gan-tables` is the same command, with runs/ and results/ in the
current directory.
"""

import importlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import jax
from ml_collections import ConfigDict
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from configs.common import PRESETS
from experiments.checkout import RESULTS, ROOT, RUNS
from handwriting_gan import methods
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import write_atomically
from handwriting_gan.workdir.layout import Workdir

TRIES = 10  # at a command that is aborted


class Contest(NamedTuple):
    """What a table compares: every row has as many glyphs to draw and is judged alike."""

    rows: dict[str, str]  # heading: its config, without the preset
    folder: str  # of its rows' workdirs and scorecards
    glyphs: int  # to draw in training: steps x batch_size x those of an example
    protocol: str  # of evaluation


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
FULL = {"folder": "rows", "glyphs": 24_000, "protocol": "full"}
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


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--rows", nargs="+", help="only these, by their configs' names; default: all")
    parser.add_argument("--preset", choices=PRESETS, default="small")
    parser.add_argument("--glyphs", type=whole_number(1),
                        help="that every row has to draw in training; default: the table's")
    parser.add_argument("--seeds", type=whole_number(1), default=1, help="of every row: 0, 1, ...")
    parser.add_argument("--jobs", type=whole_number(1), default=1, help="rows at a time")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where the rows' workdirs go")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the scorecards go")
    arguments = parser.parse_args()
    contest = TABLES[arguments.table]
    contest = contest._replace(glyphs=arguments.glyphs or contest.glyphs,
                               rows=chosen(contest, arguments.rows) if arguments.rows else contest.rows)
    failed = run(contest, arguments.preset, arguments.runs / contest.folder,
                 arguments.results / contest.folder, arguments.seeds, arguments.jobs)
    if failed:
        raise InputError(f"without a scorecard: {', '.join(failed)}; each says why in ROW.failed.txt beside "
                         "the scorecards; the same command tries again")


def run(contest: Contest, preset: str, runs: Path, results: Path, seeds: int = 1, jobs: int = 1) -> list[str]:
    """Runs what is missing, seed by seed and in order; returns the rows that failed."""
    missing = [row for row in rows_of(contest, seeds) if not (results / f"{row.name}.json").exists()]
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    failed = []
    with Progress(*columns) as progress, ThreadPoolExecutor(jobs) as pool:
        task = progress.add_task("rows", total=len(missing))

        def play(row: Run) -> tuple[str, bool]:
            progress.update(task, description=row.name)
            return row.name, _run_row(row, contest, preset, runs / row.name, results)

        for done in as_completed([pool.submit(play, row) for row in missing]):
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


def commands(row: Run, contest: Contest, preset: str, workdir: Path) -> list[list[str]]:
    """What a row takes, as one would type it."""
    module = [sys.executable, "-m"]
    return [
        [*module, "handwriting_gan.train", "--config", f"{row.config}:{preset}",
         "--config.data=mnist_writers", f"--config.steps={steps_of(row, contest, preset)}",
         f"--config.seed={row.seed}", "--workdir", str(workdir)],
        [*module, "handwriting_gan.evaluate", "--workdir", str(workdir), "--protocol", contest.protocol,
         "--data", "mnist_writers"],
    ]


def steps_of(row: Run, contest: Contest, preset: str) -> int:
    """In how many steps a row has had its glyphs to draw."""
    config = load(row.config, preset)
    return -(-contest.glyphs // (config.batch_size * methods.build(config).examples.targets))


def load(config: str, preset: str) -> ConfigDict:
    """What a row's config is in a preset."""
    path, _, name = config.partition(":")
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    return module.get_config(f"{name}:{preset}" if name else preset)


def _run_row(row: Run, contest: Contest, preset: str, workdir: Path, results: Path) -> bool:
    """Whether a row came to its scorecard; if not, what was said is kept."""
    note = results / f"{row.name}.failed.txt"
    note.unlink(missing_ok=True)
    fresh, started = not workdir.exists(), time.monotonic()
    for command in commands(row, contest, preset, workdir):
        done = typed(command)
        if done.returncode:
            write_atomically(note, f"$ {' '.join(command)}\n{done.stderr}".encode())
            return False
    card = json.loads(Workdir(workdir).scorecard.read_text())
    card["run"] = {"glyphs": contest.glyphs, "seed": row.seed, "hardware": hardware(),
                   "seconds": round(time.monotonic() - started) if fresh else None}  # of a whole run alone
    write_atomically(results / f"{row.name}.json", json.dumps(card, indent=1).encode() + b"\n")
    return True


def typed(command: list[str]) -> subprocess.CompletedProcess:
    """A command, typed again where XLA aborts it: a training goes on from its last checkpoint.

    On a CPU two virtual devices can come to wait for each other's threads, which XLA ends after a minute:
    StarGAN v1, with six all-reduces a step, was seen to do so within a thousand steps.
    """
    for _ in range(TRIES):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != -signal.SIGABRT:
            break
    return done


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
