"""Fits the writer encoders on batches of writers of one series with a few glyphs each.

Axes: W writers of a batch, G glyphs of each, B = W G glyphs, E width of the embedding.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs, to_network
from handwriting_gan.data.hands import rows_by_writer
from handwriting_gan.recognition.chunks import outputs
from handwriting_gan.recognition.fitting import Params, minimise
from handwriting_gan.recognition.writer_encoder import ARCHITECTURES

WRITERS, GLYPHS = 32, 8  # per batch, per writer
LEARNING_RATE = 2e-3
WARM_UP = 100  # steps
WEIGHT_DECAY = 1e-4
EMA_DECAY = 0.998
SCALE = 16.0  # inverse temperature: factor of the cosines in the softmax
SHEAR, STRETCH = 0.15, 0.09  # standard deviations of a batch's shear and log stretch
Loss = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]


class Writers(NamedTuple):
    """Glyphs and their rows by writer."""

    images: np.ndarray  # uint8 [N, 28, 28]
    digits: np.ndarray  # int32 [N]
    rows: np.ndarray  # int32 [writers, maximal number of glyphs], padded by -1
    series: np.ndarray  # int32 [writers], 0 to number of series - 1


def fit(name: str, glyphs: Glyphs, steps: int, seed: int) -> Params:
    """Fits the encoder 'judge' or 'second'; returns the averaged parameters."""
    network, writers = ARCHITECTURES[name].network, jax.tree.map(jnp.asarray, group_by_writer(glyphs))

    def loss(params: Params, key: jax.Array) -> jax.Array:
        batch_key, shear_key, loss_key = jax.random.split(key, 3)
        rows = sample_batch(writers, batch_key)
        digits = writers.digits[rows]
        images = shear_and_stretch(to_network(writers.images[rows]), shear_key)
        embeddings = outputs(network, params, images.reshape(-1, SIDE, SIDE, 1), digits.ravel())
        return LOSSES[name](embeddings.reshape(*rows.shape, -1), digits, loss_key)

    params = network.init(jax.random.key(seed), jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros(1, int))["params"]
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(
        optax.warmup_cosine_decay_schedule(0.0, LEARNING_RATE, WARM_UP, max(steps, WARM_UP + 1)),
        weight_decay=WEIGHT_DECAY))
    return minimise(loss, params, optimizer, steps, seed, EMA_DECAY, f"fitting the writer encoder {name!r}")


def group_by_writer(glyphs: Glyphs) -> Writers:
    """The rows of every known writer with at least `GLYPHS` glyphs.

    Raises:
      ValueError: if a series has fewer than `WRITERS` such writers, or there is no such writer.
    """
    enough = [rows for rows in rows_by_writer(glyphs).values() if len(rows) >= GLYPHS]
    padded = np.full((len(enough), max(map(len, enough), default=0)), -1, np.int32)
    for index, rows in enumerate(enough):
        padded[index, :len(rows)] = rows
    series, counts = np.unique(glyphs.series[[rows[0] for rows in enough]], return_counts=True)
    if not len(series) or counts.min() < WRITERS:
        raise ValueError(f"a series has fewer than {WRITERS} writers of {GLYPHS} glyphs")
    return Writers(glyphs.images, glyphs.digits, padded,
                   np.searchsorted(series, glyphs.series[padded[:, 0]]).astype(np.int32))


def sample_batch(writers: Writers, key: jax.Array) -> jax.Array:
    """Samples rows int `[W, G]`: G glyphs of each of W writers of one series, without replacement."""
    series_key, writer_key, glyph_key = jax.random.split(key, 3)
    series = jax.random.randint(series_key, (), 0, writers.series.max() + 1)
    priorities = jax.random.uniform(writer_key, writers.series.shape)
    rows = writers.rows[jax.lax.top_k(jnp.where(writers.series == series, priorities, -1.0), WRITERS)[1]]
    priorities = jnp.where(rows >= 0, jax.random.uniform(glyph_key, rows.shape), -1.0)
    return jnp.take_along_axis(rows, jax.lax.top_k(priorities, GLYPHS)[1], axis=1)


def shear_and_stretch(images: jax.Array, key: jax.Array) -> jax.Array:
    """Applies one random shear and stretch to all images `[..., 28, 28, 1]`, -1 to +1: it changes all hands alike."""
    shear, width, height = jax.random.normal(key, (3,)) * jnp.array([SHEAR, STRETCH, STRETCH])
    grid = jnp.arange(SIDE) - (SIDE - 1) / 2
    columns = grid * jnp.exp(width) + shear * grid[:, None]  # [output row, output column]: the input column
    horizontal = _interpolation(columns, grid)
    vertical = _interpolation(grid * jnp.exp(height), grid)
    return jnp.einsum("rp,...pqc,rsq->...rsc", vertical, images + 1.0, horizontal, optimize="optimal") - 1.0


def _interpolation(points: jax.Array, grid: jax.Array) -> jax.Array:
    """Weights `[..., P]` of linear interpolation at points `[...]` between grid points `[P]`."""
    return jnp.maximum(0.0, 1.0 - jnp.abs(points[..., None] - grid))


def prototype_loss(embeddings: jax.Array, digits: jax.Array, key: jax.Array) -> jax.Array:
    """Classifies the writer of each embedding `[W, G, E]` by the writers' hands (after Snell et al. 2017).

    A hand is the mean of a random subset of the writer's glyphs of other digits than the query's, as in
    verification.
    """
    writers, glyphs, _ = embeddings.shape
    fraction_key, subset_key = jax.random.split(key)
    fraction = jax.random.uniform(fraction_key, (writers, 1), minval=0.15)
    subset = jax.random.uniform(subset_key, (writers, glyphs)) < fraction
    other_digit = digits != jnp.arange(DIGITS)[:, None, None]  # [query's digit, W, G]
    used = subset & other_digit
    used = jnp.where(used.any(axis=-1, keepdims=True), used, other_digit)
    hands = jnp.einsum("dwg,wge->dwe", used.astype(jnp.float32), embeddings)
    # A writer who wrote only the query's digit has no hand; the gradient of a norm at 0 would be NaN.
    known = used.any(axis=-1, keepdims=True)
    hands /= jnp.linalg.norm(jnp.where(known, hands, 1.0), axis=-1, keepdims=True) + 1e-6
    cosines = jnp.einsum("wge,wgve->wgv", embeddings, hands[digits])
    own = jnp.broadcast_to(jnp.arange(writers)[:, None], (writers, glyphs))
    return optax.softmax_cross_entropy_with_integer_labels(SCALE * cosines, own).mean()


def contrastive_loss(embeddings: jax.Array, digits: jax.Array, key: jax.Array) -> jax.Array:
    """Supervised contrastive loss of embeddings `[W, G, E]` (Khosla et al. 2020, equation 2).

    Only pairs of different digits count; pairs by one writer are the positives. The key is not used.
    """
    writers, glyphs, width = embeddings.shape
    flat, flat_digits = embeddings.reshape(-1, width), digits.ravel()
    writer = jnp.repeat(jnp.arange(writers), glyphs)
    compared = flat_digits[:, None] != flat_digits
    positive = compared & (writer[:, None] == writer)
    cosines = jnp.where(compared, SCALE * flat @ flat.T, -jnp.inf)
    log_likelihood = cosines - jax.nn.logsumexp(cosines, axis=1, keepdims=True)
    positives = jnp.where(positive, log_likelihood, 0.0).sum(axis=1) / jnp.maximum(positive.sum(axis=1), 1)
    return -positives.mean()


LOSSES: dict[str, Loss] = {"judge": contrastive_loss, "second": prototype_loss}
