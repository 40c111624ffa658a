"""Worker processes that take turns on the same cores, and the protocol between them and the benchmark.

A worker prints its facts once. Then, for each integer n on its standard input, it runs n iterations and prints the
time of one. While it waits it computes nothing.
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


def exit_without_torch() -> NoReturn:
    """Exits with code 2 and one line if PyTorch is not installed."""
    print(f"error: {NO_TORCH}", file=sys.stderr)
    sys.exit(2)


class Turn(NamedTuple):
    """The measurements of one turn of a worker."""

    seconds: float  # per iteration
    peak_bytes: int  # since the start: of the process, or of the accelerator


def resident_peak() -> int:
    """The peak memory of this process in bytes; 0 on Windows, where it is unknown."""
    try:
        import resource
    except ModuleNotFoundError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else KIB)


def serve(run: Callable[[int], int], flops: float = math.nan, temporary_bytes: int = 0,
          peak_bytes: Callable[[], int] = resident_peak) -> None:
    """The main loop of a worker: runs iterations on request until its standard input ends.

    Args:
      run: runs at least the given number of iterations and returns how many it ran.
      flops: floating-point operations of one iteration on all cores together; NaN if unknown.
      temporary_bytes: memory that a device needs only during an iteration.
      peak_bytes: returns the peak memory since the start, of the process or of the accelerator.
    """
    run(WARM_UP)
    print(json.dumps({"flops": flops, "temporary_bytes": temporary_bytes}), flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        count = run(int(line))
        seconds = (time.perf_counter() - start) / count
        print(json.dumps(Turn(seconds, peak_bytes())._asdict()), flush=True)


class Worker:
    """The benchmark's handle of a worker process."""

    def __init__(self, module: str, *arguments: object) -> None:
        """Starts `python -m experiments.benchmarks.MODULE`, and waits for its warm-up.

        It does not preallocate the accelerator's memory, because other workers use it too.
        """
        self._command = [f"experiments.benchmarks.{module}", *map(str, arguments)]
        self._process = children.start(
            [sys.executable, "-m", *self._command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"})
        assert self._process.stdin and self._process.stdout  # both are pipes
        self._requests, self._replies = self._process.stdin, self._process.stdout
        facts = self._receive()
        self.flops, self.temporary_bytes = float(facts["flops"]), int(facts["temporary_bytes"])

    def run(self, iterations: int) -> Turn:
        """Runs one turn."""
        print(iterations, file=self._requests, flush=True)
        turn = self._receive()
        return Turn(turn["seconds"], int(turn["peak_bytes"]))

    def _receive(self) -> dict[str, float]:
        children.attend(self._process, lambda: bool(select.select([self._replies], [], [], children.PERIOD)[0]))
        line = self._replies.readline()
        if not line:
            self.__exit__()
            children.check()
            raise InputError(f"the worker {' '.join(self._command)} ended with exit code "
                             f"{self._process.returncode}; see its output above")
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.close()
        self._replies.close()
        self._process.wait()


def take_turns(workers: Sequence[Worker], rounds: int, iterations: int) -> list[list[Turn]]:
    """Runs the workers in the order A B A B ...; returns for each worker its turns `[rounds]`."""
    by_round = [[worker.run(iterations) for worker in workers]
                for _ in track(range(rounds), "taking turns")]
    return [list(turns) for turns in zip(*by_round, strict=True)]


def ratios(ours: Sequence[Turn], theirs: Sequence[Turn]) -> np.ndarray:
    """Our speed as a multiple of theirs in each round, `[rounds]`."""
    return np.array([other.seconds / own.seconds for own, other in zip(ours, theirs, strict=True)])


def seconds(turns: Sequence[Turn]) -> float:
    """The median turn's seconds per iteration."""
    return float(np.median([turn.seconds for turn in turns]))
