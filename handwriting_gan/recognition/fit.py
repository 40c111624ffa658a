"""Fits the digit classifier on MNIST's training set and says how well it reads the test set.

$ python -m handwriting_gan.recognition.fit --data_folder DIR

The same seed gives the same weights on the same machine. The file it writes is the one that ships.
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from rich.progress import track

from handwriting_gan.data import sources
from handwriting_gan.data.glyphs import SIDE, Glyphs, to_network
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.recognition import archive
from handwriting_gan.recognition.digit_classifier import WEIGHTS, DigitClassifier, Reader

BATCH = 100
EPOCHS = 12
LEARNING_RATE = 2e-3
AVERAGING = 0.999  # decay of the moving average that is kept


def fit(glyphs: Glyphs, epochs: int, seed: int) -> dict[str, Any]:
    """Cross-entropy on slightly moved glyphs, Adam with a cosine decay; the averaged parameters."""
    network = DigitClassifier()
    steps = epochs * len(glyphs.digits) // BATCH
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, steps))
    params = network.init(jax.random.key(seed), jnp.zeros((1, SIDE, SIDE, 1)))["params"]
    state = params, params, optimizer.init(params)
    images, digits = jnp.asarray(glyphs.images), jnp.asarray(glyphs.digits)

    @jax.jit
    def step(state: tuple, number: jax.Array) -> tuple:
        params, averaged, moments = state
        key = jax.random.fold_in(jax.random.key(seed), number)
        row_key, move_key = jax.random.split(key)
        rows = jax.random.randint(row_key, (BATCH,), 0, len(digits))
        moved = move(to_network(images[rows]), move_key)

        def loss(params: dict) -> jax.Array:
            logits = network.apply({"params": params}, moved).logits
            return optax.softmax_cross_entropy_with_integer_labels(logits, digits[rows]).mean()

        updates, moments = optimizer.update(jax.grad(loss)(params), moments)
        params = optax.apply_updates(params, updates)
        return params, optax.incremental_update(params, averaged, 1 - AVERAGING), moments

    for number in track(range(steps), "fitting the digit classifier"):
        state = step(state, number)
    return jax.device_get(state[1])


def move(images: jax.Array, key: jax.Array) -> jax.Array:
    """Shifts, turns, scales and shears each image `[B, 28, 28, 1]` a little; what comes in is paper."""

    def move_one(image: jax.Array, key: jax.Array) -> jax.Array:
        matrix_key, shift_key = jax.random.split(key)
        matrix = jnp.eye(2) + 0.12 * jax.random.uniform(matrix_key, (2, 2), minval=-1, maxval=1)
        shift = 2.0 * jax.random.uniform(shift_key, (2,), minval=-1, maxval=1)
        centre = (SIDE - 1) / 2
        pixels = jnp.stack(jnp.meshgrid(*[jnp.arange(SIDE) - centre] * 2, indexing="ij"))
        places = jnp.einsum("ij,jhw->ihw", matrix, pixels) + (shift + centre)[:, None, None]
        return jax.scipy.ndimage.map_coordinates(image[..., 0], list(places), order=1, cval=-1.0)

    return jax.vmap(move_one)(images, jax.random.split(key, len(images)))[..., None]


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="mnist", choices=sources.NAMES)
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="default: the file that ships")
    arguments = parser.parse_args()
    train, test = sources.load_both(arguments.data, arguments.data_folder)
    archive.save(arguments.out, fit(train, arguments.epochs, arguments.seed))
    reader = Reader(*archive.load(arguments.out))
    accuracy = np.mean(reader.digits(test.images) == test.digits)
    print(f"{arguments.out}: reads {accuracy:.2%} of {len(test.digits)} test digits right; "
          f"sha256 {reader.sha256}")


if __name__ == "__main__":
    exit_in_one_line(main)
