"""Processes that take turns on the same cores: what they are told, and what they answer.

A worker says its facts once; then for each whole number n on its standard input it plays n iterations and
says how long each took. While it waits for its turn it computes nothing.
"""

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

import numpy as np
from rich.progress import track

from handwriting_gan.errors import InputError

WARM_UP = 2  # iterations before the first turn
KIB = 1024


class Turn(NamedTuple):
    """What a worker says of a turn."""

    seconds: float  # per iteration
    peak_bytes: int  # of the process so far, resident


def answer(play: Callable[[int], None], flops: float = math.nan, temporary_bytes: int = 0) -> None:
    """A worker's whole life: plays iterations for whoever asks, until they ask no more.

    `flops` are the floating-point operations of one iteration, all cores together, where they are known;
    `temporary_bytes` what a device holds only while it computes one.
    """
    play(WARM_UP)
    print(json.dumps({"flops": flops, "temporary_bytes": temporary_bytes}), flush=True)
    for line in sys.stdin:
        iterations, start = int(line), time.perf_counter()
        play(iterations)
        seconds = (time.perf_counter() - start) / iterations
        print(json.dumps(Turn(seconds, peak_bytes())._asdict()), flush=True)


def peak_bytes() -> int:
    """The most memory that this process has held at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


class Worker:
    """A worker's process, from the other side."""

    def __init__(self, module: str, *arguments: object) -> None:
        """Starts `python -m experiments.benchmarks.MODULE`, and waits until it is warm."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"experiments.benchmarks.{module}", *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        facts = self._hear()
        self.flops, self.temporary_bytes = float(facts["flops"]), int(facts["temporary_bytes"])

    def play(self, iterations: int) -> Turn:
        """One turn."""
        print(iterations, file=self._process.stdin, flush=True)
        return Turn(**self._hear())

    def _hear(self) -> dict[str, float]:
        line = self._process.stdout.readline()
        if not line:
            self.__exit__()
            raise InputError(f"the worker {' '.join(self._process.args[2:])} ended with exit code "
                             f"{self._process.returncode}; what it printed above says why")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
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
