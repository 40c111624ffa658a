"""How the writer encoders learn: from batches of writers of one series, each with a few glyphs.

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
from handwriting_gan.recognition.writer_encoder import BUILDS

WRITERS, GLYPHS = 32, 8  # of a batch
LEARNING_RATE = 2e-3
WARM_UP = 100  # steps
WEIGHT_DECAY = 1e-4
AVERAGING = 0.998
SCALE = 16.0  # of cosines before the softmax
SHEAR, STRETCH = 0.15, 0.09  # standard deviations of what is done to a batch as a whole
Loss = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]


class Writers(NamedTuple):
    """Glyphs laid out by writer."""

    images: np.ndarray  # uint8 [N, 28, 28]
    digits: np.ndarray  # int32 [N]
    rows: np.ndarray  # int32 [writers, most glyphs], padded by -1
    series: np.ndarray  # int32 [writers], 0 to S - 1


def fit(name: str, glyphs: Glyphs, steps: int, seed: int) -> Params:
    """The averaged parameters of the encoder 'judge' or 'second' after so many steps."""
    network, writers = BUILDS[name].network, jax.tree.map(jnp.asarray, lay_out(glyphs))

    def loss(params: Params, key: jax.Array) -> jax.Array:
        draw_key, reshape_key, loss_key = jax.random.split(key, 3)
        rows = draw(writers, draw_key)
        digits = writers.digits[rows]
        images = reshape(to_network(writers.images[rows]), reshape_key)
        embeddings = outputs(network, params, images.reshape(-1, SIDE, SIDE, 1), digits.ravel())
        return LOSSES[name](embeddings.reshape(*rows.shape, -1), digits, loss_key)

    params = network.init(jax.random.key(seed), jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros(1, int))["params"]
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(
        optax.warmup_cosine_decay_schedule(0.0, LEARNING_RATE, WARM_UP, max(steps, WARM_UP + 1)),
        weight_decay=WEIGHT_DECAY))
    return minimise(loss, params, optimizer, steps, seed, AVERAGING, f"fitting the {name} of writers")


def lay_out(glyphs: Glyphs) -> Writers:
    """The rows of every writer who has as many glyphs as a batch takes.

    Raises:
      ValueError: if a series has too few such writers for a batch.
    """
    enough = [rows for rows in rows_by_writer(glyphs).values() if len(rows) >= GLYPHS]
    padded = np.full((len(enough), max(map(len, enough), default=0)), -1, np.int32)
    for place, rows in enumerate(enough):
        padded[place, :len(rows)] = rows
    series, counts = np.unique(glyphs.series[[rows[0] for rows in enough]], return_counts=True)
    if not len(series) or counts.min() < WRITERS:
        raise ValueError(f"a series has fewer than {WRITERS} writers of {GLYPHS} glyphs")
    return Writers(glyphs.images, glyphs.digits, padded,
                   np.searchsorted(series, glyphs.series[padded[:, 0]]).astype(np.int32))


def draw(writers: Writers, key: jax.Array) -> jax.Array:
    """Rows int `[W, G]`: G glyphs of each of W writers of one series, none twice."""
    series_key, writer_key, glyph_key = jax.random.split(key, 3)
    series = jax.random.randint(series_key, (), 0, writers.series.max() + 1)
    lots = jax.random.uniform(writer_key, writers.series.shape)
    chosen = writers.rows[jax.lax.top_k(jnp.where(writers.series == series, lots, -1.0), WRITERS)[1]]
    lots = jnp.where(chosen >= 0, jax.random.uniform(glyph_key, chosen.shape), -1.0)
    return jnp.take_along_axis(chosen, jax.lax.top_k(lots, GLYPHS)[1], axis=1)


def reshape(images: jax.Array, key: jax.Array) -> jax.Array:
    """Shears and stretches all images `[..., 28, 28, 1]` alike: other hands, as far apart as before."""
    shear, wider, higher = jax.random.normal(key, (3,)) * jnp.array([SHEAR, STRETCH, STRETCH])
    places = jnp.arange(SIDE) - (SIDE - 1) / 2
    columns = places * jnp.exp(wider) + shear * places[:, None]  # [row, column]: the column read
    across = _between(columns, places)
    down = _between(places * jnp.exp(higher), places)
    return jnp.einsum("rp,...pqc,rsq->...rsc", down, images + 1.0, across, optimize="optimal") - 1.0


def _between(read: jax.Array, places: jax.Array) -> jax.Array:
    """Weights of linear interpolation at `read` `[...]` between places `[P]`: `[..., P]`."""
    return jnp.maximum(0.0, 1.0 - jnp.abs(read[..., None] - places))


def prototype_loss(embeddings: jax.Array, digits: jax.Array, key: jax.Array) -> jax.Array:
    """Whose glyph is it? Each `[W, G, E]` against the hand of every writer (after Snell et al. 2017).

    A hand is the mean of a random part of the writer's glyphs, never of the query's digit: what is
    fitted is what verification asks.
    """
    writers, glyphs, _ = embeddings.shape
    share_key, part_key = jax.random.split(key)
    share = jax.random.uniform(share_key, (writers, 1), minval=0.15)
    part = jax.random.uniform(part_key, (writers, glyphs)) < share
    different = digits != jnp.arange(DIGITS)[:, None, None]
    taken = part & different
    taken = jnp.where(taken.any(axis=-1, keepdims=True), taken, different)
    hands = jnp.einsum("dwg,wge->dwe", taken.astype(jnp.float32), embeddings)
    # Who wrote the query's digit only has no hand, and a length of 0 no slope.
    known = taken.any(axis=-1, keepdims=True)
    hands /= jnp.linalg.norm(jnp.where(known, hands, 1.0), axis=-1, keepdims=True) + 1e-6
    cosines = jnp.einsum("wge,wgve->wgv", embeddings, hands[digits])
    own = jnp.broadcast_to(jnp.arange(writers)[:, None], (writers, glyphs))
    return optax.softmax_cross_entropy_with_integer_labels(SCALE * cosines, own).mean()


def contrastive_loss(embeddings: jax.Array, digits: jax.Array, key: jax.Array) -> jax.Array:
    """Supervised contrastive loss across digits `[W, G, E]` (Khosla et al. 2020, equation 2).

    Only glyphs of different digits are compared; those of one writer are the positives. No key is used.
    """
    writers, glyphs, width = embeddings.shape
    flat, asked = embeddings.reshape(-1, width), digits.ravel()
    owner = jnp.repeat(jnp.arange(writers), glyphs)
    compared = asked[:, None] != asked
    positive = compared & (owner[:, None] == owner)
    cosines = jnp.where(compared, SCALE * flat @ flat.T, -jnp.inf)
    likelihood = cosines - jax.nn.logsumexp(cosines, axis=1, keepdims=True)
    of_positives = jnp.where(positive, likelihood, 0.0).sum(axis=1) / jnp.maximum(positive.sum(axis=1), 1)
    return -of_positives.mean()


LOSSES: dict[str, Loss] = {"judge": contrastive_loss, "second": prototype_loss}
