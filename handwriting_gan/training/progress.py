"""The progress of a run on the console: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


class RunProgress:
    """Context that shows a progress bar with speed, remaining time and losses."""

    def __init__(self, step: int, last: int) -> None:
        """Prepares the bar of a run from `step` to `last`."""
        self._console = Console(highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("training"), BarColumn(bar_width=24), MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"), TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("", total=last, completed=step, speed="compiling", losses="")
        self._first, self._last = step, last
        self._mark: tuple[int, float] | None = None  # a step, and the time of its end

    def __enter__(self) -> Self:
        self._console.print(f"training from step {self._first} to {self._last}; "
                            "the first step compiles, which takes a while")
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._bar.stop()

    def step(self, step: int) -> None:
        """Moves the bar."""
        if self._mark is None:  # start the clock after the first step, which compiles
            self._mark = (step, time.perf_counter())
        self._bar.update(self._task, completed=step, speed=self._format_speed(step))

    def terms(self, step: int, terms: Mapping[str, float]) -> None:
        """Shows the adversarial losses on the bar; prints them on a line if there is no terminal."""
        losses = " ".join(f"{name.split('/')[0]} {value:.2f}" for name, value in terms.items()
                          if name.endswith("/adversarial"))
        self._bar.update(self._task, losses=losses)
        if not self._console.is_terminal:
            remaining = self._format_remaining(step)
            print(f"step {step}/{self._last} {self._format_speed(step)} {remaining} {losses}", flush=True)

    def speed(self, step: int) -> float:
        """Mean iterations per second since the first step ended; 0 before the second step."""
        if self._mark is None or step <= self._mark[0]:
            return 0.0
        return (step - self._mark[0]) / (time.perf_counter() - self._mark[1])

    def _format_speed(self, step: int) -> str:
        speed = self.speed(step)
        return f"{speed:.2f} steps/s" if speed else "compiling"

    def _format_remaining(self, step: int) -> str:
        speed = self.speed(step)
        return f"{(self._last - step) / speed:.0f} s left" if speed else ""
