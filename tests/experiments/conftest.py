"""A child process that behaves as a training run does on a signal, and signals to this process."""

import os
import sys
import threading
import time
from pathlib import Path

SLEEPER = """
import pathlib, signal, sys, time
name = sys.argv[1]

def stop(number, frame):
    time.sleep(0.3)  # the rest of a step
    pathlib.Path(name + ".saved").open("a").write(str(int(number)))
    sys.exit(128 + number)

for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, stop)
pathlib.Path(name + ".started").touch()
time.sleep(60)
"""


def sleeper(name: Path) -> list[str]:
    """A command that creates NAME.started, sleeps, and on a signal creates NAME.saved."""
    return [sys.executable, "-c", SLEEPER, str(name)]


def send_when_present(number: int, *files: Path, pause: float = 0.0) -> None:
    """Sends this process a signal as soon as all files exist."""

    def send() -> None:
        until = time.monotonic() + 30
        while not all(file.exists() for file in files) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(pause)
        os.kill(os.getpid(), number)

    threading.Thread(target=send, daemon=True).start()
