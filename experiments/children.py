"""Child processes that stop when this process is asked to stop.

Within `stop_together`, SIGINT, SIGTERM and SIGHUP go on to the running children; this process waits until
they have ended, and then exits with 128 + the signal's number.
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
FORWARDED = {getattr(signal, "SIGHUP", None): signal.SIGTERM}  # a trainer saves on SIGINT and SIGTERM only
PERIOD = 0.1  # seconds between looks for a signal

_came: list[int] = []  # the signals so far, in order


class StoppedError(Exception):
    """This process, or a child, was asked to stop."""


@contextlib.contextmanager
def stop_together(what_next: str = "the same command goes on") -> Iterator[None]:
    """While it lasts, a signal to stop ends the children, and then this process, with one line."""
    _came.clear()
    # A signal that is ignored, as under nohup, stays so.
    before = {number: handler for number in SIGNALS
              if (handler := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, _note)
    try:
        with contextlib.suppress(StoppedError):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        came = _came.copy()
        _came.clear()
    if came:
        with contextlib.suppress(OSError):  # after SIGHUP the terminal may be gone
            print(f"stopped by {signal.Signals(came[0]).name}; {what_next}", file=sys.stderr, flush=True)
        sys.exit(128 + came[0])


def start(command: Sequence[str | Path], **options: Any) -> subprocess.Popen:
    """Starts a child, in a process group of its own: the terminal's Ctrl-C reaches it through here alone.

    Raises:
      StoppedError: if this process was asked to stop.
    """
    check()
    return subprocess.Popen(command, **{"process_group": 0, "stdin": subprocess.DEVNULL, **options})


def run(command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess:
    """`subprocess.run` for a child that stops with this process.

    Raises:
      StoppedError: if this process or the child was asked to stop; the child has ended.
    """
    with start(command, **options) as child:
        said: list[Any] = []

        def has_ended() -> bool:
            try:
                said[:] = child.communicate(timeout=PERIOD)
            except subprocess.TimeoutExpired:
                return False
            return True

        attend(child, has_ended)
    stopped_by = -child.returncode if child.returncode < 0 else child.returncode - 128
    if stopped_by in SIGNALS and not _came:
        _came.append(stopped_by)
    check()
    return subprocess.CompletedProcess(command, child.returncode, *said)


def attend(child: subprocess.Popen, is_done: Callable[[], bool]) -> None:
    """Waits until `is_done`, which may take `PERIOD` to answer, and sends the child each signal that comes.

    Raises:
      StoppedError: if the child was sent one and has ended.
    """
    sent = 0
    while not is_done():
        for number in _came[sent:]:
            child.send_signal(FORWARDED.get(number, number))
            sent += 1
        if sent and child.poll() is not None:
            check()


def wait(child: subprocess.Popen, seconds: float) -> None:
    """Sleeps so long while a child works; raises as `attend` does."""
    until = time.monotonic() + seconds

    def is_over() -> bool:
        left = until - time.monotonic()
        time.sleep(PERIOD if _came else max(0.0, min(PERIOD, left)))
        return left <= 0 and not _came

    attend(child, is_over)


def check() -> None:
    """Raises `StoppedError` if this process was asked to stop."""
    if _came:
        raise StoppedError


def _note(number: int, frame: FrameType | None) -> None:
    _came.append(number)
