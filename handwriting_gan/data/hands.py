"""Draws of a hand: glyphs of a writer to go by, and others by the same writer to be written from them.

For training, an example holds several writers, so that hands can be told apart; for evaluation, an episode
is one writer's, with a twin and another writer's glyph beside the target. References do not show the target's
digit, in training mostly not: what is asked for is the hand, not a copy. Other writers are of the same HSF
series, since series differ so much that telling them apart would pass for telling hands apart.

Axes: B examples, W writers, T targets, R references; E episodes, K references; M glyphs of a writer at most.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.data.batches import Examples
from handwriting_gan.data.glyphs import DIGITS, UNKNOWN_WRITER, Glyphs, to_network
from handwriting_gan.errors import InputError

WRITERS, TARGETS, REFERENCES = 6, 6, 16  # of an example for training; the glyphs are each writer's
OWN_DIGIT = 0.25  # of the targets may see references of their own digit


class HandBatch(NamedTuple):
    """One draw for training: writers of one series, each with glyphs to be written and others to go by."""

    references: jax.Array  # float32 [B, W, R, 28, 28, 1]
    reference_digits: jax.Array  # int32 [B, W, R]
    targets: jax.Array  # float32 [B, W, T, 28, 28, 1], none of them a reference
    target_digits: jax.Array  # int32 [B, W, T]
    given: jax.Array  # bool [B, W, T, W, R], which references of each writer a target may be written from


class HandPool(NamedTuple):
    """Glyphs laid out for drawing by writer."""

    images: np.ndarray  # uint8 [N, 28, 28]
    digits: np.ndarray  # int32 [N]
    rows: np.ndarray  # int32 [W, M], each writer's rows, then -1
    series: np.ndarray  # int32 [W], each writer's


class Episodes(NamedTuple):
    """Draws for evaluation, as rows of a set of glyphs; one for each digit that a writer wrote twice."""

    references: np.ndarray  # int32 [E, K], in random order, of other digits than the target's
    targets: np.ndarray  # int32 [E]
    twins: np.ndarray  # int32 [E], a second glyph of the same writer and digit
    others: np.ndarray  # int32 [E], of the same digit and series by another writer, -1 where there is none


def make_hand_pool(glyphs: Glyphs) -> HandPool:
    """Lays out the glyphs of every writer who has as many as an example takes.

    Raises:
      InputError: if a series has too few such writers for an example.
    """
    enough = [rows for rows in rows_by_writer(glyphs).values() if len(rows) >= TARGETS + REFERENCES]
    series = glyphs.series[[rows[0] for rows in enough]]
    if not enough or np.unique_counts(series).counts.min() < WRITERS:
        raise InputError(f"a series has fewer than {WRITERS} writers of {TARGETS + REFERENCES} glyphs, as an "
                         "example takes; choose --config.data=mnist_writers")
    rows = np.full((len(enough), max(map(len, enough))), -1, np.int32)
    for place, own_rows in enumerate(enough):
        rows[place, :len(own_rows)] = own_rows
    return HandPool(glyphs.images, glyphs.digits, rows, series)


def draw_hands(pool: HandPool, keys: jax.Array) -> HandBatch:
    """Draws one example per key `[B]`; within it no writer and no glyph comes twice."""
    pool = jax.tree.map(jnp.asarray, pool)
    return jax.vmap(lambda key: _draw_hands(pool, key))(keys)


def _draw_hands(pool: HandPool, key: jax.Array) -> HandBatch:
    writer_key, series_key, glyph_key, given_key = jax.random.split(key, 4)
    series = pool.series[jax.random.randint(series_key, (), 0, len(pool.series))]
    writers = _choose(writer_key, jnp.arange(len(pool.series)), pool.series == series, WRITERS)
    rows = jax.vmap(lambda key, own: _choose(key, own, own >= 0, TARGETS + REFERENCES))(
        jax.random.split(glyph_key, WRITERS), pool.rows[writers])
    digits, images = pool.digits[rows], to_network(pool.images[rows])
    return HandBatch(
        references=images[:, TARGETS:],
        reference_digits=digits[:, TARGETS:],
        targets=images[:, :TARGETS],
        target_digits=digits[:, :TARGETS],
        given=_give(given_key, digits[:, :TARGETS], digits[:, TARGETS:]),
    )


def _give(key: jax.Array, target_digits: jax.Array, reference_digits: jax.Array) -> jax.Array:
    """For each target the first few references of each writer: `[W, T], [W, R] -> bool [W, T, W, R]`.

    How many is the target's lot. Those of its own digit are mostly left out, so that it is the hand that is
    learned, and what tells writers apart is not how they write that digit.
    """
    count_key, same_key = jax.random.split(key)
    shape = (*target_digits.shape, 1, 1)
    counts = jax.random.randint(count_key, shape, 1, REFERENCES + 1)
    same = jax.random.uniform(same_key, shape) < OWN_DIGIT
    allowed = same | (reference_digits != target_digits[..., None, None])
    return allowed & (jnp.cumsum(allowed, axis=-1) <= counts)


def _choose(key: jax.Array, rows: jax.Array, allowed: jax.Array, count: int) -> jax.Array:
    """`count` of the allowed rows `[M]`, none twice, all equally likely."""
    lots = jnp.where(allowed, jax.random.uniform(key, rows.shape), -1.0)
    return rows[jax.lax.top_k(lots, count)[1]]


HANDS = Examples(make_hand_pool, draw_hands, WRITERS * TARGETS)


def draw_episodes(glyphs: Glyphs, references: int, seed: int) -> Episodes:
    """An episode for every writer and digit with a target, a twin and K references of other digits.

    The first k references of an episode are a fair draw of k. Writers who are unknown have none.
    """
    neighbours, group, own = _neighbourhoods(glyphs)
    rng, found = np.random.default_rng(seed), []
    for rows in rows_by_writer(glyphs).values():
        for digit in range(DIGITS):
            same, different = (rows[(glyphs.digits[rows] == digit) == wanted] for wanted in (True, False))
            if len(same) < 2 or len(different) < references:
                continue
            target, twin = rng.permutation(same)[:2]
            strangers = np.concatenate([neighbours[group[target, 0]:own[target, 0]],
                                        neighbours[own[target, 1]:group[target, 1]]])
            strangers = strangers[glyphs.writers[strangers] != UNKNOWN_WRITER]
            other = rng.choice(strangers) if len(strangers) else -1
            found.append((rng.permutation(different)[:references], target, twin, other))
    chosen, targets, twins, others = zip(*found, strict=True) if found else ([], [], [], [])
    return Episodes(np.array(chosen, np.int32).reshape(len(found), references),
                    *(np.array(column, np.int32) for column in (targets, twins, others)))


def draw_galleries(glyphs: Glyphs, episodes: Episodes, count: int, seed: int) -> np.ndarray:
    """For each episode `count` real glyphs of the writer to know the hand by: int32 `[E, count]`.

    Neither a reference nor the twin is among them, the target may be; with fewer they come again.
    """
    rng, rows_of = np.random.default_rng(seed), rows_by_writer(glyphs)
    galleries = np.empty((len(episodes.targets), count), np.int32)
    for place, (references, target, twin) in enumerate(zip(
            episodes.references, episodes.targets, episodes.twins, strict=True)):
        own = rows_of[int(glyphs.writers[target])]
        left = own[~np.isin(own, [*references, twin])]
        galleries[place] = np.resize(rng.permutation(left), count)
    return galleries


def rows_by_writer(glyphs: Glyphs) -> dict[int, np.ndarray]:
    """Each known writer's rows, in the order of the ids."""
    known = np.flatnonzero(glyphs.writers != UNKNOWN_WRITER).astype(np.int32)
    order = known[np.argsort(glyphs.writers[known], kind="stable")]
    ids, first = np.unique(glyphs.writers[order], return_index=True)
    return dict(zip(ids.tolist(), np.split(order, first)[1:], strict=True))


def _neighbourhoods(glyphs: Glyphs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows sorted by digit, series and writer; each row's range of digit and series; its writer's part."""
    order = np.lexsort((glyphs.writers, glyphs.series, glyphs.digits)).astype(np.int32)
    columns = np.stack([glyphs.digits, glyphs.series, glyphs.writers], axis=1)[order]
    group, own = (_ranges(columns[:, :width], order) for width in (2, 3))
    return order, group, own


def _ranges(columns: np.ndarray, order: np.ndarray) -> np.ndarray:
    """For each row the range `[first, end)` of equal sorted columns that it lies in: int32 `[N, 2]`."""
    changes = np.flatnonzero((columns[1:] != columns[:-1]).any(axis=1)) + 1
    edges = np.concatenate([[0], changes, [len(order)]])
    run = np.searchsorted(edges, np.arange(len(order)), side="right") - 1
    ranges = np.empty((len(order), 2), np.int32)
    ranges[order] = np.stack([edges[run], edges[run + 1]], axis=1)
    return ranges
