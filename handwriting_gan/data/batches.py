"""Batches as a pure function of keys: nothing to iterate, nothing to save.

All glyphs rest on the device as bytes (MNIST is 47 MB). One example is drawn by one key, so a batch is the
same however many devices share it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.data.glyphs import DIGITS, Glyphs, to_network
from handwriting_gan.errors import InputError


class Examples(NamedTuple):
    """The kind of examples that a method learns from."""

    lay_out: Callable[[Glyphs], Any]  # glyphs to a pool: a pytree of arrays that rests on every device
    draw: Callable[[Any, jax.Array], Any]  # (pool, keys [B]) to a batch, one example per key
    targets: int = 1  # glyphs to be drawn in an example


class Batch(NamedTuple):
    """One draw: sources to translate, and two references of one target digit each."""

    sources: jax.Array  # float32 [B, 28, 28, 1]
    source_digits: jax.Array  # int32 [B]
    references: jax.Array  # float32 [B, 28, 28, 1]
    second_references: jax.Array  # float32 [B, 28, 28, 1], the same digits as `references`
    reference_digits: jax.Array  # int32 [B]


def both_ways(batch: Batch) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Sources, then references, `[2 B, 28, 28, 1]`; their digits; each other's, to redraw them as."""
    images = jnp.concatenate([batch.sources, batch.references])
    digits = jnp.concatenate([batch.source_digits, batch.reference_digits])
    return images, digits, jnp.concatenate([batch.reference_digits, batch.source_digits])


def normal_both_ways(keys: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Standard normal numbers for both directions `[2 B, *shape]`, two draws per key `[B]`."""
    drawn = jax.vmap(lambda key: jax.random.normal(key, (2, *shape)))(keys)
    return jnp.concatenate([drawn[:, 0], drawn[:, 1]])


class Pool(NamedTuple):
    """Glyphs laid out for drawing: sorted by digit."""

    images: np.ndarray  # uint8 [N, 28, 28]
    first: np.ndarray  # int32 [10], the first row of each digit
    counts: np.ndarray  # int32 [10], the number of its rows


def make_pool(glyphs: Glyphs) -> Pool:
    """Sorts the glyphs by digit.

    Raises:
      ValueError: if a digit has no glyph: it could not be drawn.
    """
    count = np.bincount(glyphs.digits, minlength=DIGITS).astype(np.int32)
    if not count.all():
        raise ValueError(f"no glyph of the digits {np.flatnonzero(count == 0).tolist()}")
    order = np.argsort(glyphs.digits, kind="stable")
    first = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int32)
    return Pool(glyphs.images[order], first, count)


def draw(pool: Pool, keys: jax.Array) -> Batch:
    """Draws one example per key `[B]`, balanced over the digits (StarGAN v2's weighted sampler).

    Source and target digit are independent, so they may be equal. The official loader pairs the two
    references by one permutation fixed for the run; here the second is drawn afresh.
    """
    pool = jax.tree.map(jnp.asarray, pool)
    return jax.vmap(_draw_example, (None, 0))(pool, keys)


def _draw_example(pool: Pool, key: jax.Array) -> Batch:
    digit_key, source_key, reference_key, second_key = jax.random.split(key, 4)
    source_digit, reference_digit = jax.random.randint(digit_key, (2,), 0, DIGITS)
    return Batch(
        sources=_draw_glyph(pool, source_key, source_digit),
        source_digits=source_digit,
        references=_draw_glyph(pool, reference_key, reference_digit),
        second_references=_draw_glyph(pool, second_key, reference_digit),
        reference_digits=reference_digit,
    )


def _draw_glyph(pool: Pool, key: jax.Array, digit: jax.Array) -> jax.Array:
    row = pool.first[digit] + jax.random.randint(key, (), 0, pool.counts[digit])
    return to_network(pool.images[row])


TRANSLATIONS = Examples(make_pool, draw)


class NumberedBatch(NamedTuple):
    """One draw of glyphs that are known one by one."""

    numbers: jax.Array  # int32 [B], each glyph's place among those that are numbered
    images: jax.Array  # float32 [B, 28, 28, 1]
    digits: jax.Array  # int32 [B]


def numbered(count: int) -> Examples:
    """Examples of `count` glyphs alone, as many of each digit, so that each can have something of its own.

    Raises:
      InputError: on laying out, if a digit has too few glyphs or `count` is no multiple of the ten.
    """

    def lay_out(glyphs: Glyphs) -> np.ndarray:
        pool, each = make_pool(glyphs), count // DIGITS
        if count % DIGITS or each > pool.counts.min():
            raise InputError(f"{count} glyphs, as many of each digit, cannot be had of this data; choose "
                             f"--config.glyphs as a multiple of 10 up to {DIGITS * pool.counts.min()}")
        spread = [first + np.arange(each) * available // each  # over all writers, who come in order
                  for first, available in zip(pool.first, pool.counts, strict=True)]
        return pool.images[np.concatenate(spread)]

    def draw_numbered(images: np.ndarray, keys: jax.Array) -> NumberedBatch:
        numbers = jax.vmap(lambda key: jax.random.randint(key, (), 0, count))(keys)
        return NumberedBatch(numbers, to_network(jnp.asarray(images)[numbers]), numbers // (count // DIGITS))

    return Examples(lay_out, draw_numbered)
