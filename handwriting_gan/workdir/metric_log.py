"""What a run says of itself over time: JSON lines for programs, a tracker for people."""

import json
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
        """Opens the log of a run that stands at `step`; lines of later steps, lost with a kill, go."""
        if workdir.metrics.exists():
            write_atomically(workdir.metrics, _lines_until(workdir.metrics.read_bytes(), step))
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


def _lines_until(content: bytes, step: int) -> bytes:
    """The whole lines whose step is at most `step`; a torn last line goes."""
    whole = content[:content.rfind(b"\n") + 1].splitlines(keepends=True)
    return b"".join(line for line in whole if json.loads(line)["step"] <= step)
