"""What a run says of itself over time: JSON lines for programs, a tracker for people."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from handwriting_gan.files import write_atomically
from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.workdir.trackers import Tracker


class MetricLog:
    """Appends to `metrics.jsonl`, and tells a tracker.

    The JSON lines hold only what the run determines, never a time: a resumed run's equal an unbroken's.
    """

    def __init__(self, workdir: Workdir, step: int, tracker: Tracker) -> None:
        """Opens the log of a run that stands at `step`; lines of later steps, lost with a kill, go.

        Lines that cannot be read are moved to `metrics_damaged.jsonl`, and a warning says so on stderr.
        """
        if workdir.metrics.exists():
            kept, damaged = _lines_until(workdir.metrics.read_bytes(), step)
            if damaged:
                aside = workdir.metrics.with_name("metrics_damaged.jsonl")
                with aside.open("ab") as file:
                    file.write(damaged)
                print(f"{workdir.metrics} has lines that cannot be read; they were moved to {aside}",
                      file=sys.stderr)
            write_atomically(workdir.metrics, kept)
        self._lines = workdir.metrics.open("a")
        self._tracker = tracker

    def write(self, step: int, terms: Mapping[str, float], speed: float) -> None:
        """Logs the terms of a step, and to the tracker the speed in iterations per second."""
        print(json.dumps({"step": step, **terms}), file=self._lines, flush=True)
        self._tracker.scalars(step, {**terms, "steps_per_second": speed})

    def pictures(self, step: int, paths: Mapping[str, Path]) -> None:
        """Shows the tracker the sample sheets of a step, by mode."""
        self._tracker.pictures(step, paths)

    def close(self) -> None:
        """Closes both."""
        self._lines.close()
        self._tracker.close()


def _lines_until(content: bytes, step: int) -> tuple[bytes, bytes]:
    """The lines whose step is at most `step`, and those that cannot be read; what a kill tore off goes."""
    kept, damaged = [], []
    lines = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        found = _step_of(line)
        if found is not None and found <= step:
            kept.append(line + b"\n")
        elif found is None and line.strip() and number < len(lines):  # the last one has no end: it is torn
            damaged.append(line + b"\n")
    return b"".join(kept), b"".join(damaged)


def _step_of(line: bytes) -> int | None:
    """The step that a line logs, or None if it logs none."""
    try:
        logged = json.loads(line)
    except (ValueError, RecursionError):
        return None
    step = logged.get("step") if isinstance(logged, dict) else None
    return step if isinstance(step, int) and not isinstance(step, bool) else None
