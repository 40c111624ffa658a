"""SIGTERM and SIGINT: the run saves at the end of the current step and then stops."""

import signal
import time
from types import FrameType, TracebackType
from typing import Any, Self

SIGNALS = (signal.SIGTERM, signal.SIGINT)
REPEAT = 2.0  # seconds after the first signal in which more are ignored: a launcher and a scheduler may both send one


class InterruptedRunError(Exception):
    """A signal stopped the run; its state is saved."""

    def __init__(self, number: int, step: int) -> None:
        """`number` is the signal's, `step` the saved step."""
        super().__init__(f"stopped by {signal.Signals(number).name} and saved at step {step}; "
                         "run the same command again to resume")
        self.exit_code = 128 + number  # as in a shell


class Interruption:
    """Context that keeps the first signal in `number`, 0 if there is none.

    A signal later than `REPEAT` seconds after the first has its usual effect: it kills the process.
    """

    def __init__(self) -> None:
        """Starts without a signal."""
        self.number = 0
        self._first = 0.0  # time of the first signal, in seconds
        self._before: dict[int, Any] = {}  # {signal: its handler before}

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._restore_handlers()

    def _restore_handlers(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if not self.number:
            self.number, self._first = number, time.monotonic()
        elif time.monotonic() - self._first > REPEAT:
            self._restore_handlers()
            signal.raise_signal(number)
