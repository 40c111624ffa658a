"""How our train step's time and memory grow with batch, width, devices and micro-batches.

$ python -m experiments.benchmarks.growth --out experiments/results/growth.md

Each row is a process of its own, started, warmed up, timed and ended before the next.
"""

from pathlib import Path

from rich.progress import track

from experiments import children
from experiments.benchmarks.turns import Worker
from experiments.run_table import hardware
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.files import write_atomically
from handwriting_gan.report.tables import markdown_table
from handwriting_gan.workdir.outputs import check_output

STANDARD = {"width": 32, "batch": 32, "devices": 2, "micro_batches": 1}
CASES: tuple[dict[str, int], ...] = (
    {}, {"batch": 8}, {"batch": 64}, {"batch": 64, "micro_batches": 2}, {"width": 16}, {"devices": 1})


def main() -> None:
    """Flags in, a table out."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--iterations", type=whole_number(1), default=4, help="that each row is timed over")
    parser.add_argument("--out", type=Path, help="Markdown file; default: only printed")
    arguments = parser.parse_args()
    if arguments.out:
        check_output(arguments.out, ".md", begins="StarGAN v2's train step")
    with children.stop_together("the same command begins anew"):
        rows = [measure({**STANDARD, **case}, arguments.iterations) for case in track(CASES, "measuring")]
    page = report(rows, arguments.iterations)
    print(page)
    if arguments.out:
        write_atomically(arguments.out, page.encode())


def measure(case: dict[str, int], iterations: int) -> list[str]:
    """One row."""
    flags = [text for name, value in case.items() for text in (f"--{name}", value)]
    with Worker("our_step", *flags) as worker:
        turn = worker.play(iterations)
    return [*(str(value) for value in case.values()), f"{turn.seconds:.2f}",
            f"{case['batch'] / turn.seconds:.1f}", f"{worker.flops / 1e9:.0f}",
            f"{worker.temporary_bytes / 1e6:.0f} MB"]


def report(rows: list[list[str]], iterations: int) -> str:
    """What ran, in Markdown."""
    table = markdown_table([*STANDARD, "s per iteration", "examples/s", "GFLOP per iteration",
                            "temporary, each device"], rows)
    return (f"StarGAN v2's train step, float32, the paper's mapping network, on {hardware()}; "
            f"{iterations} iterations a row. Temporary is what a device needs for a step beside the "
            f"state (parameters, second moments, averages).\n\n{table}\n")


if __name__ == "__main__":
    exit_in_one_line(main)
