"""Fits the digit classifier or one of the two writer encoders on training glyphs.

$ python -m handwriting_gan.recognition.fit judge --data_folder DIR --publish

The same seed gives the same weights on the same machine. --publish replaces the weights in the package;
`python -m experiments.judge_judges` then evaluates them.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.files import check_writable, local_path
from handwriting_gan.recognition import archive, fit_digit_classifier, fit_writer_encoder
from handwriting_gan.recognition.fitting import Params


class Recipe(NamedTuple):
    """The settings that fitted a network's weights in the package."""

    fit: Callable[[Glyphs, int, int], Params]  # (glyphs, steps, seed) -> parameters
    data: str
    steps: int
    seed: int
    weights: str  # file name in the package
    precision: type = np.float16  # of the saved weights


RECIPES = {
    "digit_classifier": Recipe(fit_digit_classifier.fit, "mnist", 7_200, 0, "digit_classifier.npz",
                               np.float32),
    "judge": Recipe(partial(fit_writer_encoder.fit, "judge"), "mnist_writers", 4_000, 0,
                    "writer_encoder.npz"),
    "second": Recipe(partial(fit_writer_encoder.fit, "second"), "mnist_writers", 3_000, 1,
                     "second_writer_encoder.npz"),
}


def main() -> None:
    """Parses the flags, fits the network and saves its weights."""
    parser = Flags(__doc__)
    parser.add_argument("judge", choices=RECIPES)
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--steps", type=whole_number(1), help="default: those of the weights in the package")
    parser.add_argument("--seed", type=whole_number(0), help="default: that of the weights in the package")
    output = parser.add_mutually_exclusive_group(required=True)
    output.add_argument("--out", type=local_path, help="file of weights to write (.npz)")
    output.add_argument("--publish", action="store_true", help="replace the weights in the package")
    arguments = parser.parse_args()
    recipe = RECIPES[arguments.judge]
    steps = recipe.steps if arguments.steps is None else arguments.steps
    seed = recipe.seed if arguments.seed is None else arguments.seed
    out = arguments.out or archive.FOLDER / recipe.weights
    check_writable(out)
    cache.keep_compiled()
    params = recipe.fit(sources.load(recipe.data, "train", arguments.data_folder), steps, seed)
    archive.save(out, jax.tree.map(lambda x: x.astype(recipe.precision), params))
    print(f"{out}: sha256 {archive.load(out)[1]}")


if __name__ == "__main__":
    exit_in_one_line(main)
