"""Fits the wholeness judge on numbers composed from training writers' glyphs.

$ python -m experiments.fit_wholeness --data_folder DIR --publish

The digits of a number are separate or touch. The examples are all candidates that reading considers; a candidate
is whole if its ink is that of one digit. The same seed gives the same weights.
"""

from collections.abc import Iterator

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.progress import track

from experiments.make_photos import CONDITIONS, place_glyphs, sample_numbers
from handwriting_gan.data import sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.files import local_path
from handwriting_gan.recognition import archive, digit_classifier, wholeness
from handwriting_gan.recognition.chunks import outputs
from handwriting_gan.recognition.fitting import Params, minimise
from handwriting_gan.recognition.wholeness import WholenessNetwork
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing.mnist_form import to_mnist_form
from handwriting_gan.writing.reading import Line, list_candidates, split_line, to_working_size
from handwriting_gan.writing.segment import find_strokes

NUMBERS, STEPS, BATCH = 3_000, 4_000, 256
LEARNING_RATE, DECAY, EMA_DECAY = 2e-3, 1e-2, 0.995
MIXTURE = ("plain", "touching", "crowded", "crowded")
HEIGHTS = (60.0, 120.0)  # pixels of a digit
WHOLE = 0.85  # minimum intersection over union of the ink of a whole candidate and its digit
MIN_DEVIATION = 1e-3


def main() -> None:
    """Flags in, a file of weights out."""
    parser = Flags(__doc__, example="python -m experiments.fit_wholeness --data_folder DIR --publish")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--numbers", type=whole_number(1), default=NUMBERS,
                        help="how many numbers to compose; default: %(default)s")
    parser.add_argument("--steps", type=whole_number(1), default=STEPS, help="training steps; default: %(default)s")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="default: %(default)s")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=local_path, help="file of weights to write, .npz; this or --publish is required")
    where.add_argument("--publish", dest="out", action="store_const", const=wholeness.WEIGHTS,
                       help="write the weights that ship with the package")
    arguments = parser.parse_args()
    check_output(arguments.out, ".npz")
    train, _ = sources.load_both("mnist_writers", arguments.data_folder, "validation")
    numbers = sample_numbers(train, arguments.numbers, 3, arguments.seed)
    examples = [example for index, glyphs in enumerate(track(numbers, "composing", arguments.numbers))
                for example in compose(glyphs, MIXTURE[index % len(MIXTURE)],
                                       np.random.default_rng((arguments.seed, index)))]
    images, shapes, whole = (np.stack(column) for column in zip(*examples, strict=True))
    features = wholeness.candidate_features(*digit_classifier.load().probabilities_and_features(images), shapes)
    params = fit(features, whole, arguments.steps, arguments.seed)
    archive.save(arguments.out, jax.tree.map(lambda x: x.astype(np.float32), params))
    print(f"{arguments.out}: {len(whole)} candidates, {whole.mean():.0%} whole, "
          f"sha256 {archive.load(arguments.out)[1]}")


def compose(glyphs: Glyphs, conditions: str,
            rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray, bool]]:
    """The candidates of a composed number: image, shape, and whether it is whole."""
    layers = place_glyphs(glyphs.images, rng.uniform(*HEIGHTS), CONDITIONS[conditions], rng).astype(np.float32)
    ink = layers.max(axis=0)
    line = split_line(ink, find_strokes(ink))
    digits = [in_line(layer, line) for layer in layers]
    for candidate in list_candidates(line):
        overlaps = [np.minimum(candidate.ink, digit).sum() / np.maximum(candidate.ink, digit).sum()
                    for digit in digits]
        yield to_mnist_form(candidate.ink), candidate.shape, max(overlaps) > WHOLE


def in_line(layer: np.ndarray, line: Line) -> np.ndarray:
    """Crops the page's ink `[H, W]` to the line and scales it to the line's size."""
    box = line.box
    return to_working_size(layer[box.top:box.bottom, box.left:box.right], line.scale)


def fit(features: np.ndarray, whole: np.ndarray, steps: int, seed: int) -> Params:
    """Fits to features `[N, F]` and whether each candidate is whole `[N]`; returns the averaged parameters."""
    network = WholenessNetwork()
    params = network.init(jax.random.key(seed), jnp.zeros((1, features.shape[1])))["params"]
    params |= {"mean": jnp.asarray(features.mean(axis=0)),
               "deviation": jnp.asarray(features.std(axis=0) + MIN_DEVIATION)}
    inputs, labels = jnp.asarray(features), jnp.asarray(whole, jnp.float32)

    def loss(params: Params, key: jax.Array) -> jax.Array:
        rows = jax.random.randint(key, (BATCH,), 0, len(labels))
        return optax.sigmoid_binary_cross_entropy(outputs(network, params, inputs[rows]),
                                                  labels[rows]).mean()

    decayed = jax.tree.map_with_path(lambda path, _: path[-1].key == "kernel", params)
    optimizer = optax.adamw(optax.cosine_decay_schedule(LEARNING_RATE, steps), weight_decay=DECAY,
                            mask=decayed)
    return minimise(loss, params, optimizer, steps, seed, EMA_DECAY, "fitting")


if __name__ == "__main__":
    exit_in_one_line(main)
