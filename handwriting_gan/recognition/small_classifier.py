"""A small digit classifier that learns from any glyphs in seconds, to test how much they teach.

Unlike the judges it has no weights in the package. Axes: N glyphs.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from handwriting_gan.data.glyphs import DIGITS, SIDE, to_network
from handwriting_gan.recognition.chunks import in_chunks, outputs

EPOCHS = 10
BATCH = 128
LEARNING_RATE = 1e-3
Params = dict[str, Any]


class SmallClassifier(nn.Module):
    """Two convolutions with stride 2 and two linear layers: images `[N, 28, 28, 1]`, -1 to +1, to logits `[N, 10]`."""

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        """28 -> 14 -> 7. A CPU computes strides several times faster than max pooling."""
        x = images
        for width in (32, 64):
            x = nn.relu(nn.Conv(width, (3, 3), (2, 2))(x))
        x = nn.relu(nn.Dense(128)(x.reshape(len(x), -1)))
        return nn.Dense(DIGITS)(x)


def fit(images: np.ndarray, digits: np.ndarray, seed: int) -> Params:
    """Fits the classifier on glyphs uint8 `[N, 28, 28]` and their digits `[N]`, without augmentation."""
    steps = max(1, EPOCHS * len(digits) // BATCH)
    glyphs = jnp.asarray(images), jnp.asarray(digits)
    params = SmallClassifier().init(jax.random.key(seed), jnp.zeros((1, SIDE, SIDE, 1)))["params"]
    state = params, _optimizer(steps).init(params)
    for number in range(steps):
        state = _step(steps, state, *glyphs, jax.random.fold_in(jax.random.key(seed), number))
    return state[0]


def read(params: Params, images: np.ndarray) -> np.ndarray:
    """The most probable digit of each glyph uint8 `[N, 28, 28]`: int32 `[N]`."""
    return in_chunks(functools.partial(_logits, params), images).argmax(axis=1).astype(np.int32)


def _optimizer(steps: int) -> optax.GradientTransformation:
    return optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, steps))


@functools.partial(jax.jit, static_argnums=0)
def _step(steps: int, state: tuple[Params, optax.OptState], images: jax.Array, digits: jax.Array,
          key: jax.Array) -> tuple[Params, optax.OptState]:
    """One of `steps` updates, on a batch that the key samples."""
    params, moments = state
    rows = jax.random.randint(key, (BATCH,), 0, len(digits))

    def loss(params: Params) -> jax.Array:
        logits = outputs(SmallClassifier(), params, to_network(images[rows]))
        return optax.softmax_cross_entropy_with_integer_labels(logits, digits[rows]).mean()

    updates, moments = _optimizer(steps).update(jax.grad(loss)(params), moments, params)
    return optax.apply_updates(params, updates), moments


@jax.jit
def _logits(params: Params, images: jax.Array) -> jax.Array:
    return outputs(SmallClassifier(), params, to_network(jnp.asarray(images)))
