"""Being asked to stop: SIGTERM and SIGINT wait for the next step's end."""

import signal
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class InterruptedRunError(Exception):
    """A run that was asked to stop, and did with everything saved."""

    def __init__(self, number: int, step: int) -> None:
        """By which signal, and after which step."""
        super().__init__(f"stopped by {signal.Signals(number).name} and saved at step {step}; "
                         "the same command goes on")
        self.exit_code = 128 + number  # as a shell says it


class Interruption:
    """As a context: keeps the signals from killing, and knows which one came; a second one kills."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self.number = 0
        self._before: dict[int, Any] = {}  # {signal: its handler before}

    def __enter__(self) -> "Interruption":
        self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.number = number
        signal.signal(number, self._before[number])
