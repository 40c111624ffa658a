"""Training batches as pure functions of random keys.

All glyphs are on the device as bytes (MNIST is 47 MB). Each example is sampled with its own key, so a batch does
not depend on the number of devices.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.data.glyphs import DIGITS, Glyphs, to_network
from handwriting_gan.errors import InputError


class Examples(NamedTuple):
    """The kind of examples that a method trains on."""

    make_pool: Callable[[Glyphs], Any]  # glyphs -> pool, a pytree of arrays that every device holds
    sample: Callable[[Any, jax.Array], Any]  # (pool, keys [B]) -> a batch, one example per key
    targets: int = 1  # images to synthesise per example


class Batch(NamedTuple):
    """Examples of image translation: a source to translate, and two references of one target digit."""

    sources: jax.Array  # float32 [B, 28, 28, 1]
    source_digits: jax.Array  # int32 [B]
    references: jax.Array  # float32 [B, 28, 28, 1]
    second_references: jax.Array  # float32 [B, 28, 28, 1], of the same digits as `references`
    reference_digits: jax.Array  # int32 [B]


def both_directions(batch: Batch) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Source to reference and reference to source: images `[2 B, 28, 28, 1]`, own and target digits `[2 B]`."""
    images = jnp.concatenate([batch.sources, batch.references])
    digits = jnp.concatenate([batch.source_digits, batch.reference_digits])
    return images, digits, jnp.concatenate([batch.reference_digits, batch.source_digits])


def sample_normal(keys: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Standard normal noise for both directions `[2 B, *shape]`, two samples per key `[B]`."""
    noise = jax.vmap(lambda key: jax.random.normal(key, (2, *shape)))(keys)
    return jnp.concatenate([noise[:, 0], noise[:, 1]])


class Pool(NamedTuple):
    """Glyphs sorted by digit."""

    images: np.ndarray  # uint8 [N, 28, 28]
    first: np.ndarray  # int32 [10], the first row of each digit
    counts: np.ndarray  # int32 [10], the number of rows of each digit


def make_pool(glyphs: Glyphs) -> Pool:
    """Sorts the glyphs by digit.

    Raises:
      ValueError: if a digit has no glyph.
    """
    count = np.bincount(glyphs.digits, minlength=DIGITS).astype(np.int32)
    if not count.all():
        raise ValueError(f"no glyph of the digits {np.flatnonzero(count == 0).tolist()}")
    order = np.argsort(glyphs.digits, kind="stable")
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int32)
    return Pool(glyphs.images[order], first, count)


def sample_batch(pool: Pool, keys: jax.Array) -> Batch:
    """Samples one example per key `[B]`, balanced over the digits (StarGAN v2's weighted sampler).

    Source digit and target digit are independent, so they can be equal. The official loader pairs the two
    references by one permutation for the whole run; here every example samples its second reference.
    """
    pool = jax.tree.map(jnp.asarray, pool)
    return jax.vmap(_sample_example, (None, 0))(pool, keys)


def _sample_example(pool: Pool, key: jax.Array) -> Batch:
    digit_key, source_key, reference_key, second_key = jax.random.split(key, 4)
    source_digit, reference_digit = jax.random.randint(digit_key, (2,), 0, DIGITS)
    return Batch(
        sources=_sample_glyph(pool, source_key, source_digit),
        source_digits=source_digit,
        references=_sample_glyph(pool, reference_key, reference_digit),
        second_references=_sample_glyph(pool, second_key, reference_digit),
        reference_digits=reference_digit,
    )


def _sample_glyph(pool: Pool, key: jax.Array, digit: jax.Array) -> jax.Array:
    row = pool.first[digit] + jax.random.randint(key, (), 0, pool.counts[digit])
    return to_network(pool.images[row])


TRANSLATIONS = Examples(make_pool, sample_batch)


class IndexedBatch(NamedTuple):
    """Single glyphs with their indices, for a method that learns parameters for each glyph."""

    indices: jax.Array  # int32 [B], in [0, number of indexed glyphs)
    images: jax.Array  # float32 [B, 28, 28, 1]
    digits: jax.Array  # int32 [B]


def indexed_examples(count: int) -> Examples:
    """Examples from a fixed set of `count` glyphs, equally many of each digit.

    Its `make_pool` raises InputError if `count` is not a multiple of ten or a digit has too few glyphs.
    """

    def make_indexed_pool(glyphs: Glyphs) -> np.ndarray:
        pool, each = make_pool(glyphs), count // DIGITS
        if count % DIGITS or each > pool.counts.min():
            raise InputError(f"config.glyphs is {count}; this data set has equally many of each digit only for "
                             f"a multiple of 10 up to {DIGITS * pool.counts.min()}")
        spread = [first + np.arange(each) * available // each  # over all writers, since rows are in their order
                  for first, available in zip(pool.first, pool.counts, strict=True)]
        return pool.images[np.concatenate(spread)]

    def sample_indexed(images: np.ndarray, keys: jax.Array) -> IndexedBatch:
        indices = jax.vmap(lambda key: jax.random.randint(key, (), 0, count))(keys)
        return IndexedBatch(indices, to_network(jnp.asarray(images)[indices]), indices // (count // DIGITS))

    return Examples(make_indexed_pool, sample_indexed)
