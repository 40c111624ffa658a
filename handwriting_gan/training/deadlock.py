"""Recovery from a deadlock of a CPU's virtual devices. No other module explains the deadlock.

All virtual devices of a CPU share XLA's few threads. In an all-reduce each device holds a thread while it
waits for the other devices. If all threads wait like this, no device can run, and jax 0.10 aborts the process
after a minute. Resuming from a checkpoint is exact to the bit, so the watch restarts the command before that.

Two rules keep the deadlock rare:
- One all-reduce per update, into which XLA combines those of a `pmean` of a tree. With one per array, a run
  hung after 2,500 steps.
- At most one dispatched step waits behind the running one. With hundreds, a run hangs within seconds.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import NoReturn, Self

import jax

PERIOD, PATIENCE = 5.0, 5  # seconds between checks; idle checks in a row that count as a deadlock
IDLE = 0.05  # of one core's time; less counts as idle


def possible() -> bool:
    """Whether this process has virtual devices that share threads."""
    return jax.default_backend() == "cpu" and jax.local_device_count() > 1 and jax.process_count() == 1


def restart() -> NoReturn:
    """Replaces this process by the same command; it keeps its process id."""
    print("the CPU's virtual devices are in a deadlock (a flaw of XLA); restarting from the last checkpoint",
          file=sys.stderr, flush=True)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


class Watch:
    """Context that calls `if_stuck`, unless it is None, when the process is idle between two steps."""

    def __init__(self, if_stuck: Callable[[], object] | None, period: float = PERIOD) -> None:
        """Checks every `period` seconds, in its own thread."""
        self._period = period
        self._over, self._idle_checks = threading.Event(), 0
        self._thread = if_stuck and threading.Thread(target=self._check_regularly, args=(if_stuck,), daemon=True)

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    def stepped(self) -> None:
        """Call after each step."""
        self._idle_checks = 0

    @contextlib.contextmanager
    def patient(self) -> Iterator[None]:
        """Context within which being idle is normal, for example while a slow disk saves."""
        self._idle_checks = -sys.maxsize
        yield
        self._idle_checks = 0

    def _check_regularly(self, if_stuck: Callable[[], object]) -> None:
        before = time.process_time()
        while not self._over.wait(self._period):
            now = time.process_time()
            is_idle, before = now - before < IDLE * self._period, now
            self._idle_checks = self._idle_checks + 1 if is_idle else min(self._idle_checks, 0)
            if self._idle_checks == PATIENCE:
                if_stuck()
