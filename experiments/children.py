"""Child processes that stop together with this process.

Within `stop_together`, this process forwards SIGINT, SIGTERM and SIGHUP to its running children, waits until
they have ended, and exits with 128 + the signal's number.
"""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
FORWARDED = {getattr(signal, "SIGHUP", None): signal.SIGTERM}  # training saves on SIGINT and SIGTERM only
PERIOD = 0.1  # seconds between two checks for a signal

_received: list[int] = []  # the signals so far, in order


class StoppedError(Exception):
    """This process or a child received a signal to stop."""


@contextlib.contextmanager
def stop_together(advice: str = "run the same command again to resume") -> Iterator[None]:
    """Within this context, a signal ends the children and then this process, which prints one line with `advice`."""
    _received.clear()
    # An ignored signal, as under nohup, stays ignored.
    before = {number: handler for number in SIGNALS
              if (handler := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, _record)
    try:
        with contextlib.suppress(StoppedError):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        received = _received.copy()
        _received.clear()
    if received:
        with contextlib.suppress(OSError):  # after SIGHUP there may be no terminal
            print(f"stopped by {signal.Signals(received[0]).name}; {advice}", file=sys.stderr, flush=True)
        sys.exit(128 + received[0])


def start(command: Sequence[str | Path], **options: Any) -> subprocess.Popen:
    """Starts a child in its own process group, so that Ctrl-C reaches it only through this process.

    Raises:
      StoppedError: if this process received a signal.
    """
    check()
    return subprocess.Popen(command, **{"process_group": 0, "stdin": subprocess.DEVNULL, **options})


def run(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess:
    """As `subprocess.run`, for a child that stops together with this process.

    Raises:
      StoppedError: if this process or the child received a signal; the child has ended.
    """
    with start(command, **options) as child:
        output: list[Any] = []

        def has_ended() -> bool:
            try:
                output[:] = child.communicate(timeout=PERIOD)
            except subprocess.TimeoutExpired:
                return False
            return True

        attend(child, has_ended)
    stopped_by = -child.returncode if child.returncode < 0 else child.returncode - 128
    if stopped_by in SIGNALS and not _received:
        _received.append(stopped_by)
    check()
    return subprocess.CompletedProcess(command, child.returncode, *output)


def attend(child: subprocess.Popen, is_done: Callable[[], bool]) -> None:
    """Calls `is_done`, which takes up to `PERIOD`, until it returns True; forwards each signal to the child.

    Raises:
      StoppedError: if the child has ended after a signal.
    """
    sent = 0
    while not is_done():
        for number in _received[sent:]:
            child.send_signal(FORWARDED.get(number, number))
            sent += 1
        if sent and child.poll() is not None:
            check()


def wait(child: subprocess.Popen, seconds: float) -> None:
    """Sleeps while a child works; raises as `attend` does."""
    end = time.monotonic() + seconds

    def is_over() -> bool:
        left = end - time.monotonic()
        time.sleep(PERIOD if _received else max(0.0, min(PERIOD, left)))
        return left <= 0 and not _received

    attend(child, is_over)


def check() -> None:
    """Raises `StoppedError` if this process received a signal."""
    if _received:
        raise StoppedError


def _record(number: int, frame: FrameType | None) -> None:
    _received.append(number)
