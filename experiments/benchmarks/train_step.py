"""A fair race on these cores, in these minutes: our train step and a PyTorch StarGAN v2's, by turns.

$ python -m experiments.benchmarks.train_step --rounds 9 --out experiments/results/train_step.md

First experiments/benchmarks/parity.py proves that both compute the same. Then one process each, at the same
width and batch: ours as `train` runs it, ours with one constant batch (nothing to draw), PyTorch's eager and
with its generator phases compiled (PyTorch 2.13 refuses R1's double backward), and a matrix product, for what
the cores can do at best. They play in turns, A B C A B C, and each round gives one ratio of speeds. The
rivals never wait for input: they have one batch, on which they train again and again.

It needs PyTorch: pip install -c constraints.txt -e '.[bench]'
"""

import contextlib
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.benchmarks.our_step import add_size_flags
from experiments.benchmarks.turns import Turn, Worker, ratios, seconds, take_turns
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.evaluation.tables import MISSING, markdown_table
from handwriting_gan.files import write_atomically

ITERATIONS = 6  # of a turn
MATRIX_PRODUCT = "matrix product"
ENTRANTS = {  # {name: the worker's module, and its own flags}
    "ours": ("our_step",),
    "ours, one constant batch": ("our_step", "--constant"),
    "PyTorch, eager": ("rival_step",),
    "PyTorch, generator phases compiled": ("rival_step", "--compiled"),
    MATRIX_PRODUCT: ("matrix_product",),
}


class Result(NamedTuple):
    """An entrant's turns, and the operations of its iteration."""

    turns: list[Turn]
    flops: float


def main() -> None:
    """Flags in, a table out."""
    parser = Flags(description=__doc__.splitlines()[0])
    add_size_flags(parser)
    parser.add_argument("--rounds", type=whole_number(1), default=9)
    parser.add_argument("--out", type=Path, help="Markdown file; default: only printed")
    arguments = parser.parse_args()
    proof = prove_parity()
    results = race(("--width", arguments.width, "--batch", arguments.batch), arguments.rounds)
    page = report(proof, results, arguments.width, arguments.batch)
    print(page)
    if arguments.out:
        write_atomically(arguments.out, page.encode())


def prove_parity() -> str:
    """The parity check's table.

    Raises:
      InputError: if the two do not compute the same.
    """
    done = subprocess.run([sys.executable, "-m", "experiments.benchmarks.parity"],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise InputError(done.stderr.strip().splitlines()[-1].removeprefix("error: "))
    return done.stdout


def race(sizes: tuple[object, ...], rounds: int) -> dict[str, Result]:
    """Starts all entrants, one after the other, and has them take turns."""
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker(module, *flags, *(sizes if module != "matrix_product" else ())))
                   for module, *flags in ENTRANTS.values()]
        turns = take_turns(workers, rounds, ITERATIONS)
        return {name: Result(played, worker.flops)
                for name, worker, played in zip(ENTRANTS, workers, turns, strict=True)}


def report(proof: str, results: dict[str, Result], width: int, batch: int) -> str:
    """What ran, in Markdown."""
    peak = speed_of(results[MATRIX_PRODUCT])
    rows = [describe(name, result, results["ours"], peak) for name, result in results.items()]
    rounds = len(results["ours"].turns)
    table = markdown_table(["", "s per iteration", "ours is so many times as fast", "GFLOP per iteration",
                            "GFLOP/s", "of the matrix product's", "peak memory"], rows)
    return (f"Width {width} (cap {4 * width}), batch {batch}, float32, the paper's mapping network, on "
            f"{machine()}; {rounds} rounds of {ITERATIONS} iterations by turns: the median, and in brackets "
            f"the least and the greatest.\n\n{table}\n\nPeak memory is the whole process's, start and "
            f"compiling included. That both compute the same, at width 8, in float64:\n\n{proof}")


def describe(name: str, result: Result, ours: Result, peak: float) -> list[str]:
    """One row."""
    faster = ratios(ours.turns, result.turns)
    known = np.isfinite(result.flops)
    compared = name not in ("ours", MATRIX_PRODUCT)
    return [
        name,
        f"{seconds(result.turns):.3f}",
        f"{np.median(faster):.2f} [{faster.min():.2f}, {faster.max():.2f}]" if compared else MISSING,
        f"{result.flops / 1e9:.0f}" if known else MISSING,
        f"{speed_of(result) / 1e9:.0f}" if known else MISSING,
        f"{100 * speed_of(result) / peak:.0f} %" if known else MISSING,
        f"{result.turns[-1].peak_bytes / 1e9:.2f} GB",
    ]


def speed_of(result: Result) -> float:
    """Floating-point operations per second."""
    return result.flops / seconds(result.turns)


def machine() -> str:
    """What the table was made on."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor())
    return f"{len(os.sched_getaffinity(0))} cores of {model}"


if __name__ == "__main__":
    exit_in_one_line(main)
