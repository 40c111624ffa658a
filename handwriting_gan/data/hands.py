"""Draws of a hand: references of one writer, a target by the same writer, another writer's glyph beside it.

References never show the target's digit: what is asked for is the hand, not a copy. The other writer is of
the same HSF series, since series differ so much that telling them apart would pass for telling hands apart.

Axes: B examples, E episodes, K references, W writers, M glyphs of a writer at most.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.data.glyphs import DIGITS, UNKNOWN_WRITER, Glyphs, to_network


class HandBatch(NamedTuple):
    """One draw for training."""

    references: jax.Array  # float32 [B, K, 28, 28, 1], one writer's, of other digits than the target's
    reference_digits: jax.Array  # int32 [B, K]
    targets: jax.Array  # float32 [B, 28, 28, 1], by the same writer
    target_digits: jax.Array  # int32 [B]
    others: jax.Array  # float32 [B, 28, 28, 1], of the target's digit and series, by another writer
    writers: jax.Array  # int32 [B], the writer's place among the pool's


class HandPool(NamedTuple):
    """Glyphs laid out for drawing by writer."""

    images: np.ndarray  # uint8 [N, 28, 28]
    digits: np.ndarray  # int32 [N]
    rows: np.ndarray  # int32 [W, M], each writer's rows, then -1
    others: np.ndarray  # int32 [N, 2], the range of `neighbours` that is of this digit and series
    own: np.ndarray  # int32 [N, 2], the part of that range which is the same writer's
    neighbours: np.ndarray  # int32 [N], all rows sorted by digit, series, writer


class Episodes(NamedTuple):
    """Draws for evaluation, as rows of a set of glyphs; one for each digit that a writer wrote twice."""

    references: np.ndarray  # int32 [E, K], in random order, of other digits than the target's
    targets: np.ndarray  # int32 [E]
    twins: np.ndarray  # int32 [E], a second glyph of the same writer and digit
    others: np.ndarray  # int32 [E], of the same digit and series by another writer, -1 where there is none


def make_hand_pool(glyphs: Glyphs, references: int) -> HandPool:
    """Lays out the glyphs of every writer who has `references` glyphs beside those of any one digit.

    Raises:
      ValueError: if there is no such writer, or a glyph has no other writer's beside it.
    """
    glyphs = glyphs.take([row for rows in rows_by_writer(glyphs).values()
                          if _others_at_least(glyphs.digits[rows]) >= references for row in rows])
    by_writer = list(rows_by_writer(glyphs).values())
    if not by_writer:
        raise ValueError(f"no writer is known with {references} references beside a digit")
    rows = np.full((len(by_writer), max(map(len, by_writer))), -1, np.int32)
    for place, own_rows in enumerate(by_writer):
        rows[place, :len(own_rows)] = own_rows
    neighbours, group, own = _neighbourhoods(glyphs)
    if (group == own).all(axis=1).any():
        raise ValueError("a digit is written by one writer of a series alone: there is no other to draw")
    return HandPool(glyphs.images, glyphs.digits, rows, group, own, neighbours)


def draw_hands(pool: HandPool, keys: jax.Array, references: int) -> HandBatch:
    """Draws one example per key `[B]`: a writer, a glyph of theirs as target, K others without repeats.

    `references` is K, at most what the pool was made for: it left out who has fewer.
    """
    pool = jax.tree.map(jnp.asarray, pool)
    return jax.vmap(lambda key: _draw_hand(pool, key, references))(keys)


def _draw_hand(pool: HandPool, key: jax.Array, references: int) -> HandBatch:
    writer_key, target_key, reference_key, other_key = jax.random.split(key, 4)
    writer = jax.random.randint(writer_key, (), 0, len(pool.rows))
    rows = pool.rows[writer]
    target = _choose(target_key, rows, rows >= 0, 1)[0]
    digit = pool.digits[target]
    chosen = _choose(reference_key, rows, (rows >= 0) & (pool.digits[rows] != digit), references)
    return HandBatch(
        references=to_network(pool.images[chosen]),
        reference_digits=pool.digits[chosen],
        targets=to_network(pool.images[target]),
        target_digits=digit,
        others=to_network(pool.images[_other(pool, other_key, target)]),
        writers=writer,
    )


def _choose(key: jax.Array, rows: jax.Array, allowed: jax.Array, count: int) -> jax.Array:
    """`count` of the allowed rows `[M]`, none twice, all equally likely."""
    lots = jnp.where(allowed, jax.random.uniform(key, rows.shape), -1.0)
    return rows[jax.lax.top_k(lots, count)[1]]


def _other(pool: HandPool, key: jax.Array, target: jax.Array) -> jax.Array:
    """A row of the target's digit and series by another writer: the writer's own part is skipped."""
    (first, end), (own_first, own_end) = pool.others[target], pool.own[target]
    place = first + jax.random.randint(key, (), 0, (end - first) - (own_end - own_first))
    return pool.neighbours[jnp.where(place < own_first, place, place + own_end - own_first)]


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


def _others_at_least(digits: np.ndarray) -> int:
    """How many glyphs are left beside those of the writer's commonest digit."""
    return len(digits) - np.bincount(digits).max()


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
