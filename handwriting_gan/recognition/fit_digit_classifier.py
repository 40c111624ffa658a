"""Fits the digit classifier: cross-entropy on glyphs with small random affine maps."""

import jax
import jax.numpy as jnp
import optax

from handwriting_gan.data.glyphs import SIDE, Glyphs, to_network
from handwriting_gan.recognition.chunks import outputs
from handwriting_gan.recognition.digit_classifier import DigitClassifier
from handwriting_gan.recognition.fitting import Params, minimise

BATCH = 100
LEARNING_RATE = 2e-3
EMA_DECAY = 0.999


def fit(glyphs: Glyphs, steps: int, seed: int) -> Params:
    """Fits the classifier; returns the averaged parameters."""
    network = DigitClassifier()
    images, digits = jnp.asarray(glyphs.images), jnp.asarray(glyphs.digits)

    def loss(params: Params, key: jax.Array) -> jax.Array:
        row_key, affine_key = jax.random.split(key)
        rows = jax.random.randint(row_key, (BATCH,), 0, len(digits))
        logits = outputs(network, params, random_affine(to_network(images[rows]), affine_key)).logits
        return optax.softmax_cross_entropy_with_integer_labels(logits, digits[rows]).mean()

    params = network.init(jax.random.key(seed), jnp.zeros((1, SIDE, SIDE, 1)))["params"]
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, steps))
    return minimise(loss, params, optimizer, steps, seed, EMA_DECAY, "fitting the digit classifier")


def random_affine(images: jax.Array, key: jax.Array) -> jax.Array:
    """Shifts, rotates, scales and shears each image `[B, 28, 28, 1]`, -1 to +1, at random; the outside is paper."""

    def transform(image: jax.Array, key: jax.Array) -> jax.Array:
        matrix_key, shift_key = jax.random.split(key)
        matrix = jnp.eye(2) + 0.12 * jax.random.uniform(matrix_key, (2, 2), minval=-1, maxval=1)
        shift = 2.0 * jax.random.uniform(shift_key, (2,), minval=-1, maxval=1)
        centre = (SIDE - 1) / 2
        pixels = jnp.stack(jnp.meshgrid(*[jnp.arange(SIDE) - centre] * 2, indexing="ij"))
        coordinates = jnp.einsum("ij,jhw->ihw", matrix, pixels) + (shift + centre)[:, None, None]
        return jax.scipy.ndimage.map_coordinates(image[..., 0], list(coordinates), order=1, cval=-1.0)

    return jax.vmap(transform)(images, jax.random.split(key, len(images)))[..., None]
