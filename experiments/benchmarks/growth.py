"""Measures how time and memory of the train step grow with batch, width, devices and micro-batches.

$ python -m experiments.benchmarks.growth --out experiments/results/growth.md

Each row runs in a separate process, which warms up, is timed and ends before the next one starts.
"""


from rich.progress import track

from experiments import children
from experiments.benchmarks.turns import Worker
from experiments.run_table import hardware
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.report.tables import markdown_table
from handwriting_gan.workdir.outputs import check_output

STANDARD = {"width": 32, "batch": 32, "devices": 2, "micro_batches": 1}
CASES: tuple[dict[str, int], ...] = (
    {}, {"batch": 8}, {"batch": 64}, {"batch": 64, "micro_batches": 2}, {"width": 16}, {"devices": 1})


def main() -> None:
    """Parses the flags and prints the table."""
    parser = Flags(__doc__, example="python -m experiments.benchmarks.growth --out experiments/results/growth.md")
    parser.add_argument("--iterations", type=whole_number(1), default=4, help="timed iterations of each row")
    parser.add_argument("--out", type=local_path, help="Markdown file (default: print only)")
    arguments = parser.parse_args()
    if arguments.out:
        check_output(arguments.out, ".md", begins="StarGAN v2's train step")
    with children.stop_together("the same command starts again"):
        rows = [measure({**STANDARD, **case}, arguments.iterations) for case in track(CASES, "measuring")]
    page = report(rows, arguments.iterations)
    print(page)
    if arguments.out:
        write_atomically(arguments.out, page.encode())


def measure(case: dict[str, int], iterations: int) -> list[str]:
    """One row."""
    flags = [text for name, value in case.items() for text in (f"--{name}", value)]
    with Worker("our_step", *flags) as worker:
        turn = worker.run(iterations)
    return [*(str(value) for value in case.values()), f"{turn.seconds:.2f}",
            f"{case['batch'] / turn.seconds:.1f}", f"{worker.flops / 1e9:.0f}",
            f"{worker.temporary_bytes / 1e6:.0f} MB"]


def report(rows: list[list[str]], iterations: int) -> str:
    """The settings and the table, in Markdown."""
    table = markdown_table([*STANDARD, "s per iteration", "examples/s", "GFLOP per iteration",
                            "temporary, each device"], rows)
    return (f"StarGAN v2's train step, float32, the paper's mapping network, on {hardware()}; "
            f"{iterations} iterations a row. *Temporary* is the memory that a device needs for a step in addition to "
            f"the state (parameters, second moments, averages).\n\n{table}\n")


if __name__ == "__main__":
    exit_in_one_line(main)
