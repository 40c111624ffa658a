"""Fits the judge of whether ink is one whole digit, on numbers composed from training writers' glyphs.

$ python -m experiments.fit_wholeness --data_folder DIR --publish

Digits stand apart or touch; every candidate that reading tries is looked at, and is whole where its ink is
that of one digit. The same seed gives the same weights.
"""

from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.progress import track

from experiments.make_photos import CONDITIONS, draw_numbers, lay_out
from handwriting_gan.data import sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.recognition import archive, digit_classifier, wholeness
from handwriting_gan.recognition.chunks import outputs
from handwriting_gan.recognition.fitting import Params, minimise
from handwriting_gan.recognition.wholeness import WholenessNetwork
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing.mnist_form import to_mnist_form
from handwriting_gan.writing.reading import Line, to_working_size, list_candidates, split_line
from handwriting_gan.writing.segment import find_strokes

NUMBERS, STEPS, BATCH = 3_000, 4_000, 256
LEARNING_RATE, DECAY, AVERAGING = 2e-3, 1e-2, 0.995
MIXTURE = ("plain", "touching", "crowded", "crowded")
HEIGHTS = (60.0, 120.0)  # pixels of a digit
WHOLE = 0.85  # of the union of a candidate's and a digit's ink, shared by both
MIN_DEVIATION = 1e-3


def main() -> None:
    """Flags in, a file of weights out."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--numbers", type=whole_number(1), default=NUMBERS, help="that are composed")
    parser.add_argument("--steps", type=whole_number(1), default=STEPS)
    parser.add_argument("--seed", type=whole_number(0), default=0)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="file of weights to write, .npz")
    where.add_argument("--publish", dest="out", action="store_const", const=wholeness.WEIGHTS,
                       help="write to the file that ships")
    arguments = parser.parse_args()
    check_output(arguments.out, ".npz")
    train, _ = sources.load_both("mnist_writers", arguments.data_folder, "validation")
    numbers = draw_numbers(train, arguments.numbers, 3, arguments.seed)
    made = [examples for number, glyphs in enumerate(track(numbers, "composing", arguments.numbers))
            for examples in compose(glyphs, MIXTURE[number % len(MIXTURE)],
                                    np.random.default_rng((arguments.seed, number)))]
    images, shapes, whole = (np.stack(column) for column in zip(*made, strict=True))
    seen = wholeness.candidate_features(*digit_classifier.load().probabilities_and_features(images), shapes)
    params = fit(seen, whole, arguments.steps, arguments.seed)
    archive.save(arguments.out, jax.tree.map(lambda x: x.astype(np.float32), params))
    print(f"{arguments.out}: {len(whole)} candidates, {whole.mean():.0%} whole, "
          f"sha256 {archive.load(arguments.out)[1]}")


def compose(glyphs: Glyphs, conditions: str,
            rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """The candidates of a number: image, shape, and whether it is whole."""
    layers = lay_out(glyphs.images, rng.uniform(*HEIGHTS), CONDITIONS[conditions], rng).astype(np.float32)
    ink = layers.max(axis=0)
    line = split_line(ink, find_strokes(ink))
    digits = [on_line(layer, line) for layer in layers]
    for candidate in list_candidates(line):
        shared = [np.minimum(candidate.ink, digit).sum() / np.maximum(candidate.ink, digit).sum()
                  for digit in digits]
        yield to_mnist_form(candidate.ink), candidate.shape, max(shared) > WHOLE


def on_line(layer: np.ndarray, line: Line) -> np.ndarray:
    """Ink `[H, W]` of the page where the line is, at the line's size."""
    box = line.box
    return to_working_size(layer[box.top:box.bottom, box.left:box.right], line.scale)


def fit(seen: np.ndarray, whole: np.ndarray, steps: int, seed: int) -> Params:
    """The averaged parameters after so many steps, of what was seen `[N, F]` and whether whole `[N]`."""
    network = WholenessNetwork()
    params = network.init(jax.random.key(seed), jnp.zeros((1, seen.shape[1])))["params"]
    params |= {"mean": jnp.asarray(seen.mean(axis=0)),
               "deviation": jnp.asarray(seen.std(axis=0) + MIN_DEVIATION)}
    inputs, labels = jnp.asarray(seen), jnp.asarray(whole, jnp.float32)

    def loss(params: Params, key: jax.Array) -> jax.Array:
        rows = jax.random.randint(key, (BATCH,), 0, len(labels))
        return optax.sigmoid_binary_cross_entropy(outputs(network, params, inputs[rows]),
                                                  labels[rows]).mean()

    decayed = jax.tree.map_with_path(lambda path, _: path[-1].key == "kernel", params)
    optimizer = optax.adamw(optax.cosine_decay_schedule(LEARNING_RATE, steps), weight_decay=DECAY,
                            mask=decayed)
    return minimise(loss, params, optimizer, steps, seed, AVERAGING, "fitting")


if __name__ == "__main__":
    exit_in_one_line(main)
