"""A forecast of how long the rows of a table take on this machine, from a few measured training steps of each.

A row's first step compiles, which it does not count. The compiled step is kept, so training does not compile it again.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from experiments import children
from experiments.checkout import ROOT

HOUR = 3_600
# About, in seconds on two cores: of StarGAN v2 `small`. A method without guided modes takes less.
EVALUATION = {"quick": 60, "full": 600}
MEASURING = "measuring a few steps of each row; they compile first, which takes a while"


class Planned(NamedTuple):
    """A run that is planned."""

    name: str
    config: str  # without its preset
    steps: int  # of the whole run
    left: int  # steps that are not trained yet
    glyphs: int  # of the whole run
    protocols: tuple[str, ...]  # of its evaluations


def step_seconds(steps: Mapping[str, int], preset: str, data_folder: str | None = None) -> dict[str, float]:
    """The seconds of a training step of each config, measured one after the other.

    `steps` are those of a whole run by config. A config that cannot be trained has no entry.

    Raises:
      StoppedError: after a signal to this process or to the command that measures.
    """
    if steps:
        print(MEASURING, flush=True)
    measured = {}
    for config, count in steps.items():
        folder = [f"--data_folder={Path(data_folder).absolute()}"] if data_folder else []
        done = children.run([sys.executable, "-m", "experiments.benchmarks.step_time", config, f"--preset={preset}",
                             f"--steps={count}", *folder],
                            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            print(config, *done.stderr.strip().splitlines()[-1:], sep=": ", flush=True)
        else:
            measured[config] = float(json.loads(done.stdout.splitlines()[-1])["seconds"])
    return measured


def describe(planned: Sequence[Planned], seconds: Mapping[str, float]) -> str:
    """The forecast in words: the time of each run and of all, and the glyphs that take an hour."""
    if not planned:
        return "every row has its scorecard"
    known = [run for run in planned if run.config in seconds]
    trained = {run.name: run.left * seconds[run.config] for run in known}
    lines = [f"{run.name}: {run.left:,} steps of {seconds[run.config]:.3g} s, {duration(trained[run.name])}"
             for run in known]
    lines += [f"{run.name}: a step could not be measured" for run in planned if run.config not in seconds]
    training = sum(trained.values())
    evaluation = sum(EVALUATION[protocol] for run in known for protocol in run.protocols)
    a_glyph = sum(run.steps * seconds[run.config] / run.glyphs for run in known)
    lines.append(f"{len(known)} rows one after the other: about {duration(training + evaluation)}, of which training "
                 f"takes {duration(training)} and evaluation about {duration(evaluation)} (as on two cores)")
    if a_glyph:
        lines.append(f"--glyphs {rounded_down(HOUR / a_glyph)} would take an hour of training in all, plus evaluation")
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Seconds in words: `45 s`, `12 min` or `3 h 5 min`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def rounded_down(number: float) -> int:
    """The largest whole number of two significant digits that is at most `number`, but at least 1."""
    scale = 10 ** max(0, len(str(int(number))) - 2)
    return max(1, int(number) // scale * scale)
