"""Going on after a deadlock of virtual devices.

On a CPU all devices share XLA's few threads, and where they meet each holds one while it waits for the other
devices. Now and then these wait for that thread, and nothing moves any more: jax 0.10 aborts the process
after a minute. As a run goes on from its last checkpoint to the same bits, it is started anew before that.
It is rare while no more than a step waits behind the one under way; with hundreds it takes seconds.
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

PERIOD, PATIENCE = 5.0, 5  # seconds between looks, and looks in a row at which nothing moves
IDLE = 0.05  # of one core


def possible() -> bool:
    """Whether devices of this process could wait for each other's threads."""
    return jax.default_backend() == "cpu" and jax.local_device_count() > 1 and jax.process_count() == 1


def start_anew() -> NoReturn:
    """The same command in place of this process, under its number."""
    print("the virtual devices wait for each other and would for ever (a flaw of XLA's); going on from the "
          "last checkpoint", file=sys.stderr, flush=True)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


class Watch:
    """As a context: calls what it was given, if anything, once nothing was computed for a while."""

    def __init__(self, if_stuck: Callable[[], object] | None, period: float = PERIOD) -> None:
        """Looks every `period` seconds, from a thread of its own."""
        self._if_stuck, self._period = if_stuck, period
        self._over, self._still = threading.Event(), 0
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        if self._if_stuck:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._over.set()
        if self._if_stuck:
            self._thread.join()

    def moved(self) -> None:
        """A step was made."""
        self._still = 0

    @contextlib.contextmanager
    def patient(self) -> Iterator[None]:
        """What is done within may wait, as for a slow disk."""
        self._still = -sys.maxsize
        yield
        self._still = 0

    def _look(self) -> None:
        before = time.process_time()
        while not self._over.wait(self._period):
            now = time.process_time()
            self._still = self._still + 1 if now - before < IDLE * self._period else min(self._still, 0)
            before = now
            if self._still == PATIENCE and self._if_stuck:
                self._if_stuck()
