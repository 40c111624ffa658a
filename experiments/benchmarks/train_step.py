"""A fair race on these cores, in these minutes: our train step and a PyTorch StarGAN v2's, by turns.

$ export XLA_FLAGS=--xla_backend_extra_options=xla_cpu_use_multi_output_fusion=true  # as launch/cpu.sh
$ python -m experiments.benchmarks.train_step --rounds 9 --out experiments/results/train_step.md
$ python -m experiments.benchmarks.train_step --batch 64 --compute bfloat16 --iterations 100   # on a GPU

First experiments/benchmarks/parity.py proves that both compute the same. Then one process each, at the same
width and batch: ours as `train` runs it under the same XLA_FLAGS, ours with one constant batch (no data),
PyTorch's eager and with its generator phases compiled (PyTorch 2.13 refuses R1's double backward), and a
matrix product, for what the cores can do at best. They play in turns, A B C A B C, and each round gives one
ratio of speeds. The rivals never wait for input: they have one batch, on which they train again and again.

It needs PyTorch: pip install -c constraints.txt -e '.[bench]'
"""

import argparse
import contextlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from experiments import children
from experiments.benchmarks.our_step import add_compute_flag, add_size_flags
from experiments.benchmarks.turns import NO_TORCH, Turn, Worker, ratios, seconds, take_turns
from experiments.run_table import hardware
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import write_atomically
from handwriting_gan.report.columns import DASH
from handwriting_gan.report.tables import markdown_table
from handwriting_gan.workdir.outputs import check_output

OURS, MATRIX_PRODUCT = "ours", "matrix product"
EAGER = "PyTorch, eager"
Command: TypeAlias = tuple[str, *tuple[object, ...]]  # a worker's module and its flags


class Result(NamedTuple):
    """An entrant's turns, and the operations of its iteration."""

    turns: list[Turn]
    flops: float


def main() -> None:
    """Flags in, a table out."""
    parser = Flags(description=__doc__.splitlines()[0])
    add_size_flags(parser)
    add_compute_flag(parser)
    parser.add_argument("--rounds", type=whole_number(1), default=9)
    parser.add_argument("--iterations", type=whole_number(1), default=6, help="of a turn (default: 6)")
    parser.add_argument("--out", type=Path, help="Markdown file; default: only printed")
    arguments = parser.parse_args()
    if not importlib.util.find_spec("torch"):
        raise InputError(NO_TORCH)
    if arguments.out:
        check_output(arguments.out, ".md", begins=r"Width \d+")
    with children.stop_together("the same command begins anew"):
        proof = prove_parity()
        results = race(entrants(arguments.compute, arguments.width, arguments.batch),
                       arguments.rounds, arguments.iterations)
    page = report(proof, results, arguments)
    print(page)
    if arguments.out:
        write_atomically(arguments.out, page.encode())


def prove_parity() -> str:
    """The parity check's table.

    Raises:
      InputError: if the two do not compute the same.
    """
    done = children.run([sys.executable, "-m", "experiments.benchmarks.parity"],
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                        env=os.environ | {"JAX_PLATFORMS": "cpu"})  # in float64, where that is at home
    if done.returncode:
        raise InputError(done.stderr.strip().splitlines()[-1].removeprefix("error: "))
    return done.stdout


def entrants(compute: str, width: int, batch: int) -> dict[str, Command]:
    """Each entrant's worker: its module and flags. What computes in fewer bits races float32 as well."""
    size = "--width", width, "--batch", batch
    fewer, told = ("", ()) if compute == "float32" else (f", {compute}", ("--compute", compute))
    exact = {"ours, float32": ("our_step", *size), EAGER: ("rival_step", *size)} if told else {}
    return {
        OURS: ("our_step", *size, *told),
        "ours, one constant batch": ("our_step", "--constant", *size, *told),
        **exact,
        f"{EAGER}{fewer}": ("rival_step", *size, *told),
        f"PyTorch, generator phases compiled{fewer}": ("rival_step", "--compiled", *size, *told),
        MATRIX_PRODUCT: ("matrix_product", *told),
    }


def race(contest: dict[str, Command], rounds: int, iterations: int) -> dict[str, Result]:
    """Starts all entrants, one after the other, and has them take turns."""
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker(*command)) for command in contest.values()]
        turns = take_turns(workers, rounds, iterations)
        return {name: Result(played, worker.flops)
                for name, worker, played in zip(contest, workers, turns, strict=True)}


def report(proof: str, results: dict[str, Result], arguments: argparse.Namespace) -> str:
    """What ran, in Markdown."""
    peak = speed_of(results[MATRIX_PRODUCT])
    rows = [describe(name, result, results[OURS], peak) for name, result in results.items()]
    table = markdown_table(["", "s per iteration", "ours is so many times as fast", "GFLOP per iteration",
                            "GFLOP/s", "of the matrix product's", "peak memory"], rows)
    width, flags = arguments.width, os.environ.get("XLA_FLAGS")
    return (f"Width {width} (cap {4 * width}), batch {arguments.batch}, {arguments.compute}, the paper's "
            f"mapping network, on {hardware()}{f'; XLA_FLAGS={flags}' if flags else ''}; {arguments.rounds} "
            f"rounds of {arguments.iterations} iterations by turns: median, and in brackets the least and "
            f"the greatest.\n\n{table}\n\n"
            "Peak memory is the whole process's, start and compiling included, or what it held of an "
            f"accelerator's. That both compute the same, at width 8, in float64:\n\n{proof}")


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
