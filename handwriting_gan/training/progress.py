"""What a run tells the one who waits for it: a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


class RunProgress:
    """A progress bar with speed, time left and losses; used as a context."""

    def __init__(self, step: int, last: int) -> None:
        """Starts counting at `step`."""
        self._console = Console(highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("training"), BarColumn(bar_width=24), MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"), TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task("", total=last, completed=step, speed="compiling", losses="")
        self._last = last
        self._mark: tuple[int, float] | None = None  # a step, and when it ended
        self._first = step

    def __enter__(self) -> "RunProgress":
        self._console.print(f"training from step {self._first} to {self._last}; "
                            "the first step compiles, which takes a while")
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._bar.stop()

    def step(self, step: int) -> None:
        """Moves the bar."""
        if self._mark is None:  # the first step compiled, so time is counted from here
            self._mark = (step, time.perf_counter())
        self._bar.update(self._task, completed=step, speed=self._say_speed(step))

    def terms(self, step: int, terms: Mapping[str, float]) -> None:
        """Shows the adversarial losses on the bar, or a line with all terms where there is no terminal."""
        losses = " ".join(f"{name.split('/')[0]} {value:.2f}" for name, value in terms.items()
                          if name.endswith("/adversarial"))
        self._bar.update(self._task, losses=losses)
        if not self._console.is_terminal:
            left = self._seconds_left(step)
            print(f"step {step}/{self._last} {self._say_speed(step)} {left} {losses}", flush=True)

    def speed(self, step: int) -> float:
        """Mean iterations per second since the first step ended; 0 while nothing is known."""
        if self._mark is None or step <= self._mark[0]:
            return 0.0
        return (step - self._mark[0]) / (time.perf_counter() - self._mark[1])

    def _say_speed(self, step: int) -> str:
        rate = self.speed(step)
        return f"{rate:.2f} steps/s" if rate else "compiling"

    def _seconds_left(self, step: int) -> str:
        rate = self.speed(step)
        return f"{(self._last - step) / rate:.0f} s left" if rate else ""
