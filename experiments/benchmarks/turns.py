"""Processes that take turns on the same cores: what they are told, and what they answer.

A worker says its facts once; then for each whole number n on its standard input it plays n iterations and
says how long each took. While it waits for its turn it computes nothing.
"""

import json
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn, Self

import numpy as np
from rich.progress import track

from experiments import children
from handwriting_gan.errors import InputError

WARM_UP = 2  # iterations before the first turn
KIB = 1024
NO_TORCH = "this needs PyTorch; pip install -c constraints.txt -e '.[bench]'"


def leave_without_torch() -> NoReturn:
    """Ends a benchmark that cannot import PyTorch, with one line."""
    print(f"error: {NO_TORCH}", file=sys.stderr)
    sys.exit(2)


class Turn(NamedTuple):
    """What a worker says of a turn."""

    seconds: float  # per iteration
    peak_bytes: int  # so far: resident, or on the accelerator


def resident_peak() -> int:
    """The most memory in bytes that this process has held at once; 0 on Windows, where it is not known."""
    try:
        import resource
    except ModuleNotFoundError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else KIB)


def answer(play: Callable[[int], int], flops: float = math.nan, temporary_bytes: int = 0,
           peak_bytes: Callable[[], int] = resident_peak) -> None:
    """A worker's whole life: plays iterations for whoever asks, until they ask no more.

    `play` plays at least as many as it is told, and says how many. `flops` are the floating-point operations
    of one iteration, all cores together, where they are known; `temporary_bytes` what a device holds only
    while it computes one; `peak_bytes` the most that was held so far, by the process or on the accelerator.
    """
    play(WARM_UP)
    print(json.dumps({"flops": flops, "temporary_bytes": temporary_bytes}), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        played = play(int(line))
        seconds = (time.perf_counter() - start) / played
        print(json.dumps(Turn(seconds, peak_bytes())._asdict()), flush=True)


class Worker:
    """A worker's process, from the other side."""

    def __init__(self, module: str, *arguments: object) -> None:
        """Starts `python -m experiments.benchmarks.MODULE`, and waits until it is warm.

        On an accelerator it takes only the memory that it needs, since the others wait there too.
        """
        self._named = [f"experiments.benchmarks.{module}", *map(str, arguments)]
        self._process = children.start(
            [sys.executable, "-m", *self._named],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"})
        assert self._process.stdin and self._process.stdout  # both are pipes
        self._asks, self._answers = self._process.stdin, self._process.stdout
        facts = self._hear()
        self.flops, self.temporary_bytes = float(facts["flops"]), int(facts["temporary_bytes"])

    def play(self, iterations: int) -> Turn:
        """One turn."""
        print(iterations, file=self._asks, flush=True)
        turn = self._hear()
        return Turn(turn["seconds"], int(turn["peak_bytes"]))

    def _hear(self) -> dict[str, float]:
        children.attend(self._process, lambda: bool(select.select([self._answers], [], [], children.PERIOD)[0]))
        line = self._answers.readline()
        if not line:
            self.__exit__()
            children.check()
            raise InputError(f"the worker {' '.join(self._named)} ended with exit code "
                             f"{self._process.returncode}; what it printed above says why")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._asks.close()
        self._answers.close()
        self._process.wait()


def take_turns(workers: Sequence[Worker], rounds: int, iterations: int) -> list[list[Turn]]:
    """A B A B ...: for each worker its turns `[rounds]`, each of so many iterations."""
    played = [[worker.play(iterations) for worker in workers]
              for _ in track(range(rounds), "taking turns")]
    return [list(turns) for turns in zip(*played, strict=True)]


def ratios(ours: Sequence[Turn], theirs: Sequence[Turn]) -> np.ndarray:
    """How many times our speed is theirs, in each round `[rounds]`."""
    return np.array([other.seconds / own.seconds for own, other in zip(ours, theirs, strict=True)])


def seconds(turns: Sequence[Turn]) -> float:
    """The median turn's seconds per iteration."""
    return float(np.median([turn.seconds for turn in turns]))
