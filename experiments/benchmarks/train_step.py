"""Compares the speed of our train step with that of StarGAN v2 in PyTorch, by turns on the same machine.

$ export XLA_FLAGS=--xla_backend_extra_options=xla_cpu_use_multi_output_fusion=true  # as in launch/cpu.sh
$ python -m experiments.benchmarks.train_step --rounds 9 --out experiments/results/train_step.md
$ python -m experiments.benchmarks.train_step --batch 64 --compute bfloat16 --iterations 100   # on a GPU

First experiments/benchmarks/parity.py checks that both compute the same. Then each of these runs in a separate
process, with the same width and batch size: our step as `train` runs it under the same XLA_FLAGS; our step on one
constant batch (no sampling of data); PyTorch, eager; PyTorch with compiled generator phases (PyTorch 2.13 does not
compile R1's double backward); and a matrix product, an upper bound for the machine. The processes take turns, A B C
A B C, and each round gives one ratio of speeds. PyTorch trains on one constant batch, so it never waits for input.

It needs PyTorch: pip install -c constraints.txt -e '.[bench]'
"""

import argparse
import contextlib
import importlib.util
import os
import subprocess
import sys
from typing import NamedTuple, TypeAlias

import numpy as np

from experiments import children
from experiments.benchmarks.our_step import add_compute_flag, add_size_flags
from experiments.benchmarks.turns import NO_TORCH, Turn, Worker, ratios, seconds, take_turns
from experiments.run_table import hardware
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.report.columns import DASH
from handwriting_gan.report.tables import markdown_table
from handwriting_gan.workdir.outputs import check_output

OURS, MATRIX_PRODUCT = "ours", "matrix product"
EAGER = "PyTorch, eager"
Command: TypeAlias = tuple[str, *tuple[object, ...]]  # a worker's module and its flags


class Result(NamedTuple):
    """The turns of a worker, and the operations of its iteration."""

    turns: list[Turn]
    flops: float


def main() -> None:
    """Parses the flags and prints the table."""
    parser = Flags(__doc__,
                   example="python -m experiments.benchmarks.train_step --rounds 9 "
                           "--out experiments/results/train_step.md")
    add_size_flags(parser)
    add_compute_flag(parser)
    parser.add_argument("--rounds", type=whole_number(1), default=9, help="rounds of turns")
    parser.add_argument("--iterations", type=whole_number(1), default=6, help="iterations of a turn")
    parser.add_argument("--out", type=local_path, help="Markdown file (default: print only)")
    arguments = parser.parse_args()
    if not importlib.util.find_spec("torch"):
        raise InputError(NO_TORCH)
    if arguments.out:
        check_output(arguments.out, ".md", begins=r"Width \d+")
    with children.stop_together("the same command starts again"):
        parity = check_parity()
        results = measure(workers(arguments.compute, arguments.width, arguments.batch),
                          arguments.rounds, arguments.iterations)
    page = report(parity, results, arguments)
    print(page)
    if arguments.out:
        write_atomically(arguments.out, page.encode())


def check_parity() -> str:
    """Runs the parity check and returns its table.

    Raises:
      InputError: if the two do not compute the same.
    """
    done = children.run([sys.executable, "-m", "experiments.benchmarks.parity"],
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                        env=os.environ | {"JAX_PLATFORMS": "cpu"})  # float64 is fast on a CPU only
    if done.returncode:
        raise InputError(done.stderr.strip().splitlines()[-1].removeprefix("error: "))
    return done.stdout


def workers(compute: str, width: int, batch: int) -> dict[str, Command]:
    """The module and flags of each worker, by name; with bfloat16 there are float32 workers as well."""
    size = "--width", width, "--batch", batch
    suffix, precision = ("", ()) if compute == "float32" else (f", {compute}", ("--compute", compute))
    exact = {"ours, float32": ("our_step", *size), EAGER: ("pytorch_step", *size)} if precision else {}
    return {
        OURS: ("our_step", *size, *precision),
        "ours, one constant batch": ("our_step", "--constant", *size, *precision),
        **exact,
        f"{EAGER}{suffix}": ("pytorch_step", *size, *precision),
        f"PyTorch, generator phases compiled{suffix}": ("pytorch_step", "--compiled", *size, *precision),
        MATRIX_PRODUCT: ("matrix_product", *precision),
    }


def measure(commands: dict[str, Command], rounds: int, iterations: int) -> dict[str, Result]:
    """Starts all workers one after the other and lets them take turns."""
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(Worker(*command)) for command in commands.values()]
        turns = take_turns(started, rounds, iterations)
        return {name: Result(of_worker, worker.flops)
                for name, worker, of_worker in zip(commands, started, turns, strict=True)}


def report(parity: str, results: dict[str, Result], arguments: argparse.Namespace) -> str:
    """The settings and the table, in Markdown."""
    peak = speed_of(results[MATRIX_PRODUCT])
    rows = [describe(name, result, results[OURS], peak) for name, result in results.items()]
    table = markdown_table(["", "s per iteration", "speed of ours relative to it", "GFLOP per iteration",
                            "GFLOP/s", "of the matrix product's", "peak memory"], rows)
    width, flags = arguments.width, os.environ.get("XLA_FLAGS")
    return (f"Width {width} (cap {4 * width}), batch {arguments.batch}, {arguments.compute}, the paper's "
            f"mapping network, on {hardware()}{f'; XLA_FLAGS={flags}' if flags else ''}; {arguments.rounds} "
            f"rounds of {arguments.iterations} iterations by turns: median, and in brackets the smallest "
            f"and the largest.\n\n{table}\n\n"
            "Peak memory is that of the whole process, including start and compilation, or that of the accelerator. "
            f"Parity of the two implementations, at width 8 in float64:\n\n{parity}")


def describe(name: str, result: Result, ours: Result, peak: float) -> list[str]:
    """One row."""
    faster = ratios(ours.turns, result.turns)
    known = np.isfinite(result.flops)
    compared = name not in (OURS, MATRIX_PRODUCT)
    return [
        name,
        f"{seconds(result.turns):#.3g}",
        f"{np.median(faster):.2f} [{faster.min():.2f}, {faster.max():.2f}]" if compared else DASH,
        f"{result.flops / 1e9:.0f}" if known else DASH,
        f"{speed_of(result) / 1e9:.0f}" if known else DASH,
        f"{100 * speed_of(result) / peak:.0f} %" if known else DASH,
        f"{result.turns[-1].peak_bytes / 1e9:.2f} GB",
    ]


def speed_of(result: Result) -> float:
    """Floating-point operations per second."""
    return result.flops / seconds(result.turns)


if __name__ == "__main__":
    exit_in_one_line(main)
