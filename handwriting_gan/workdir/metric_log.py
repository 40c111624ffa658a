"""The metrics of a run over time: JSON lines for programs, a tracker for people."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from handwriting_gan.files import write_atomically
from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.workdir.trackers import Tracker


class MetricLog:
    """Appends to `metrics.jsonl` and logs to a tracker.

    The JSON lines hold no times, so a resumed run writes the same lines as an uninterrupted one.
    """

    def __init__(self, workdir: Workdir, step: int, tracker: Tracker) -> None:
        """Opens the log of a run that begins or resumes at `step`, and removes the lines of later steps.

        Moves unreadable lines to `metrics_damaged.jsonl`, with a warning on stderr.
        """
        if workdir.metrics.exists():
            kept, damaged = _split_lines(workdir.metrics.read_bytes(), step)
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
        """Logs the terms of a step; the tracker also receives the speed, in iterations per second."""
        print(json.dumps({"step": step, **terms}), file=self._lines, flush=True)
        self._tracker.scalars(step, {**terms, "steps_per_second": speed})

    def pictures(self, step: int, paths: Mapping[str, Path]) -> None:
        """Sends the sample sheets of a step, by mode, to the tracker."""
        self._tracker.pictures(step, paths)

    def close(self) -> None:
        """Closes the file and the tracker."""
        self._lines.close()
        self._tracker.close()


def _split_lines(content: bytes, step: int) -> tuple[bytes, bytes]:
    """The lines whose step is at most `step`, and the unreadable lines; drops a last line that is incomplete."""
    kept, damaged = [], []
    lines = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        logged = _step_of(line)
        if logged is not None and logged <= step:
            kept.append(line + b"\n")
        elif logged is None and line.strip() and number < len(lines):  # a killed run can leave an incomplete last line
            damaged.append(line + b"\n")
    return b"".join(kept), b"".join(damaged)


def _step_of(line: bytes) -> int | None:
    """The step of a line, or None if it has none."""
    try:
        logged = json.loads(line)
    except (ValueError, RecursionError):
        return None
    step = logged.get("step") if isinstance(logged, dict) else None
    return step if isinstance(step, int) and not isinstance(step, bool) else None
