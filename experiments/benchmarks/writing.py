"""Measures how many glyphs a second a model writes in one hand.

$ python -m experiments.benchmarks.writing
"""

import statistics
import time

import numpy as np
from rich.progress import track

from handwriting_gan import cache
from handwriting_gan.data import mnist_5k
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import local_path
from handwriting_gan.synthesis import trained_model


def main() -> None:
    """Parses the flags and prints the speed."""
    parser = Flags(__doc__, example="python -m experiments.benchmarks.writing")
    parser.add_argument("--workdir", type=local_path, help="workdir of the model (default: the released model)")
    parser.add_argument("--glyphs", type=whole_number(1), default=5_000, help="glyphs of a round")
    parser.add_argument("--rounds", type=whole_number(1), default=9, help="rounds")
    parser.add_argument("--references", type=whole_number(1, 1_000), default=10, help="glyphs of the hand")
    arguments = parser.parse_args()
    cache.keep_compiled()
    model = trained_model.load(arguments.workdir)
    if "writer" not in model.modes:
        raise InputError(f"{model.config.method} cannot write in a given hand; name another --workdir")
    speeds = measure(model, arguments.glyphs, arguments.rounds, arguments.references)
    print(f"{model.config.method}: {statistics.median(speeds):,.0f} glyphs/s, {min(speeds):,.0f} to "
          f"{max(speeds):,.0f} in {arguments.rounds} rounds of {arguments.glyphs:,}")


def measure(model: trained_model.TrainedModel, glyphs: int, rounds: int, references: int) -> list[float]:
    """The glyphs per second of each round, in one hand of that many references."""
    hand = mnist_5k.load("test").take(slice(0, references))
    digits = np.arange(glyphs) % 10
    model.write(hand, digits)  # compiles
    speeds = []
    for seed in track(range(rounds), "writing"):
        started = time.perf_counter()
        model.write(hand, digits, seed)
        speeds.append(glyphs / (time.perf_counter() - started))
    return speeds


if __name__ == "__main__":
    exit_in_one_line(main)
