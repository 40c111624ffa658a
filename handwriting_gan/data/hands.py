"""Examples of hands: references by a writer, and other glyphs by the same writer as targets.

A training example holds several writers, so that a method can learn to distinguish hands. The first glyphs of each
writer are targets; every glyph can be a reference, but not for the targets at its own index. An evaluation episode is
about one writer; it has a twin and another writer's glyph in addition to the target. There are two kinds of episodes:
in one no reference shows the target's digit, in the other one of them does. All writers of an example are of one HSF
series: series differ so much that a network could distinguish series instead of hands.

Axes: B examples, W writers, G glyphs of a writer, the first T of them targets; E episodes, K references; N numbers; M
glyphs of a writer at most.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.data.batches import Examples
from handwriting_gan.data.glyphs import DIGITS, UNKNOWN_WRITER, Glyphs, to_network
from handwriting_gan.errors import InputError

WRITERS, GLYPHS, TARGETS = 6, 12, 6  # of a training example; glyphs and targets are per writer
OWN_DIGIT_EPISODES = 3  # for each writer and digit
ENROLLED, LENGTH, NUMBERS = 10, 6, 5  # glyphs that identify a writer; digits of a number; numbers of each writer


class HandBatch(NamedTuple):
    """Training examples: writers of one series, each with glyphs."""

    images: jax.Array  # float32 [B, W, G, 28, 28, 1]; the first T glyphs of a writer are the targets
    digits: jax.Array  # int32 [B, W, G]
    given: jax.Array  # bool [B, W, T, W, G], which glyphs of each writer are references for a target


class HandPool(NamedTuple):
    """Glyphs with their rows by writer."""

    images: np.ndarray  # uint8 [N, 28, 28]
    digits: np.ndarray  # int32 [N]
    rows: np.ndarray  # int32 [W, M], each writer's rows, padded with -1
    series: np.ndarray  # int32 [W]


class Episodes(NamedTuple):
    """Evaluation episodes as rows of a set of glyphs."""

    references: np.ndarray  # int32 [E, K]; the first k of them are the references of a shorter episode
    targets: np.ndarray  # int32 [E]
    twins: np.ndarray  # int32 [E], a second glyph of the same writer and digit
    others: np.ndarray  # int32 [E], of the same digit and series by another writer, or -1


class Numbers(NamedTuple):
    """Writers, each with the glyphs that identify them, and numbers by some of them, as rows of a set of glyphs."""

    enrolled: np.ndarray  # int32 [W, ENROLLED]
    owners: np.ndarray  # int32 [N], the writer of each number, as an index into the W
    references: np.ndarray  # int32 [N, K], of a written number
    real: np.ndarray  # int32 [N, LENGTH], the glyphs of a real number


def make_hand_pool(glyphs: Glyphs) -> HandPool:
    """The glyphs of every writer who has enough of them for an example.

    Raises:
      InputError: if a series has too few such writers for an example.
    """
    enough = [rows for rows in rows_by_writer(glyphs).values() if len(rows) >= GLYPHS]
    series = glyphs.series[[rows[0] for rows in enough]]
    if not enough or np.unique_counts(series).counts.min() < WRITERS:
        raise InputError(f"an example needs {WRITERS} writers of one series with {GLYPHS} glyphs each, "
                         "which this data set does not have; choose config.data=mnist_writers")
    rows = np.full((len(enough), max(map(len, enough))), -1, np.int32)
    for index, own_rows in enumerate(enough):
        rows[index, :len(own_rows)] = own_rows
    return HandPool(glyphs.images, glyphs.digits, rows, series)


def hand_examples(own_digit: float) -> Examples:
    """Examples whose writers are distinct, and so are their glyphs.

    `own_digit` in [0, 1] is the fraction of targets whose references may show the target's own digit.
    """

    def sample(pool: HandPool, keys: jax.Array) -> HandBatch:
        pool = jax.tree.map(jnp.asarray, pool)
        return jax.vmap(lambda key: _sample_example(pool, key, own_digit))(keys)

    return Examples(make_hand_pool, sample, WRITERS * TARGETS)


def _sample_example(pool: HandPool, key: jax.Array, own_digit: float) -> HandBatch:
    writer_key, series_key, glyph_key, given_key = jax.random.split(key, 4)
    series = pool.series[jax.random.randint(series_key, (), 0, len(pool.series))]
    writers = _sample_rows(writer_key, jnp.arange(len(pool.series)), pool.series == series, WRITERS)
    rows = jax.vmap(lambda key, own: _sample_rows(key, own, own >= 0, GLYPHS))(
        jax.random.split(glyph_key, WRITERS), pool.rows[writers])
    digits = pool.digits[rows]
    return HandBatch(to_network(pool.images[rows]), digits, _sample_given(given_key, digits, own_digit))


def _sample_given(key: jax.Array, digits: jax.Array, own_digit: float) -> jax.Array:
    """Chooses, for each target, the first few allowed glyphs of each writer: `[W, G] -> bool [W, T, W, G]`.

    The number asked for is uniform and the same for all writers of a target; a writer with fewer allowed glyphs gives
    all of them. Glyphs of the target's digit are excluded for all but `own_digit` of the targets. The target itself is
    always excluded, and so are the other writers' glyphs of its index: otherwise a writer's own hands would have
    fewer references than others' hands.
    """
    count_key, same_key = jax.random.split(key)
    targets = digits[:, :TARGETS, None, None]
    counts = jax.random.randint(count_key, targets.shape, 1, GLYPHS)
    same = jax.random.uniform(same_key, targets.shape) < own_digit
    other = jnp.arange(GLYPHS) != jnp.arange(TARGETS)[:, None, None]
    allowed = (same | (digits != targets)) & other
    return allowed & (jnp.cumsum(allowed, axis=-1) <= counts)


def _sample_rows(key: jax.Array, rows: jax.Array, allowed: jax.Array, count: int) -> jax.Array:
    """`count` of the allowed rows `[M]`, uniformly and without replacement."""
    scores = jnp.where(allowed, jax.random.uniform(key, rows.shape), -1.0)
    return rows[jax.lax.top_k(scores, count)[1]]


def sample_episodes(glyphs: Glyphs, references: int, seed: int) -> Episodes:
    """One episode for every writer and digit with a target, a twin and K references of other digits.

    The first k references of an episode are a uniform sample of size k. Unknown writers have no episodes.
    """
    sample_other, rng, found = _other_writers(glyphs), np.random.default_rng(seed), []
    for same, different in _rows_by_writer_and_digit(glyphs):
        if len(same) < 2 or len(different) < references:
            continue
        target, twin = rng.permutation(same)[:2]
        other = sample_other(target, rng)
        found.append((rng.permutation(different)[:references], target, twin, other))
    return _episodes(found, references)


def sample_own_digit_episodes(glyphs: Glyphs, references: int, seed: int) -> Episodes:
    """Episodes whose first reference shows the target's digit; the other K - 1 show other digits.

    Up to `OWN_DIGIT_EPISODES` for every writer and digit with three glyphs, of different targets. The shown glyph
    is neither the target nor the twin.
    """
    sample_other, rng, found = _other_writers(glyphs), np.random.default_rng(seed), []
    for same, different in _rows_by_writer_and_digit(glyphs):
        if len(same) < 3 or len(different) < references - 1:
            continue
        for target in rng.permutation(same)[:OWN_DIGIT_EPISODES]:
            twin, shown = rng.permutation(same[same != target])[:2]
            others = rng.permutation(different)[:references - 1]
            found.append((np.concatenate([[shown], others]), target, twin, sample_other(target, rng)))
    return _episodes(found, references)


def _rows_by_writer_and_digit(glyphs: Glyphs) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For every known writer and digit: the writer's rows of that digit, and those of other digits."""
    for rows in rows_by_writer(glyphs).values():
        for digit in range(DIGITS):
            shows = glyphs.digits[rows] == digit
            yield rows[shows], rows[~shows]


def _other_writers(glyphs: Glyphs) -> Callable[[int, np.random.Generator], int]:
    """A function that samples a row of another known writer with a row's digit and series; -1 if there is none."""
    neighbours, group, own = _neighbourhoods(glyphs)

    def sample(row: int, rng: np.random.Generator) -> int:
        candidates = np.concatenate([neighbours[group[row, 0]:own[row, 0]], neighbours[own[row, 1]:group[row, 1]]])
        candidates = candidates[glyphs.writers[candidates] != UNKNOWN_WRITER]
        return int(rng.choice(candidates)) if len(candidates) else -1

    return sample


def _episodes(found: list[tuple[np.ndarray, int, int, int]], references: int) -> Episodes:
    chosen, targets, twins, others = zip(*found, strict=True) if found else ([], [], [], [])
    return Episodes(np.array(chosen, np.int32).reshape(len(found), references),
                    *(np.array(column, np.int32) for column in (targets, twins, others)))


def sample_galleries(glyphs: Glyphs, episodes: Episodes, count: int, seed: int) -> np.ndarray:
    """Samples `count` real glyphs of each episode's writer, which identify the hand: int32 `[E, count]`.

    They exclude the references and the twin, but can include the target. If the writer has fewer glyphs, they
    repeat.
    """
    rng, rows_of = np.random.default_rng(seed), rows_by_writer(glyphs)
    galleries = np.empty((len(episodes.targets), count), np.int32)
    for index, (references, target, twin) in enumerate(zip(
            episodes.references, episodes.targets, episodes.twins, strict=True)):
        own = rows_of[int(glyphs.writers[target])]
        left = own[~np.isin(own, [*references, twin])]
        galleries[index] = np.resize(rng.permutation(left), count)
    return galleries


def sample_numbers(glyphs: Glyphs, references: int, seed: int) -> Numbers:
    """Samples `NUMBERS` numbers, each with K references, of every known writer with enough glyphs.

    Every known writer with `ENROLLED` glyphs is enrolled. Enrolment, references and number of a writer share no
    glyph; two numbers of a writer can.
    """
    rng = np.random.default_rng(seed)
    enrolled, owners, given, real = [], [], [], []
    for own in rows_by_writer(glyphs).values():
        if len(own) < ENROLLED:
            continue
        first, rest = np.split(rng.permutation(own), [ENROLLED])
        enrolled.append(first)
        if len(rest) < references + LENGTH:
            continue
        for _ in range(NUMBERS):
            chosen = rng.permutation(rest)[:references + LENGTH]
            owners.append(len(enrolled) - 1)
            given.append(chosen[:references])
            real.append(chosen[references:])
    return Numbers(*(np.array(rows, np.int32).reshape(-1, *width) for rows, width in (
        (enrolled, (ENROLLED,)), (owners, ()), (given, (references,)), (real, (LENGTH,)))))


def rows_by_writer(glyphs: Glyphs) -> dict[int, np.ndarray]:
    """The rows of each known writer, ordered by writer id."""
    known = np.flatnonzero(glyphs.writers != UNKNOWN_WRITER).astype(np.int32)
    order = known[np.argsort(glyphs.writers[known], kind="stable")]
    ids, first = np.unique(glyphs.writers[order], return_index=True)
    return dict(zip(ids.tolist(), np.split(order, first)[1:], strict=True))


def _neighbourhoods(glyphs: Glyphs) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows int32 `[N]` sorted by digit, series and writer, and for each row two ranges `[N, 2]` of them.

    The first range has the row's digit and series; the second, inside it, has the row's writer as well.
    """
    order = np.lexsort((glyphs.writers, glyphs.series, glyphs.digits)).astype(np.int32)
    columns = np.stack([glyphs.digits, glyphs.series, glyphs.writers], axis=1)[order]
    group, own = (_ranges(columns[:, :width], order) for width in (2, 3))
    return order, group, own


def _ranges(columns: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Finds, for each row, the range `[first, end)` of sorted columns that equal its own: int32 `[N, 2]`."""
    changes = np.flatnonzero((columns[1:] != columns[:-1]).any(axis=1)) + 1
    edges = np.concatenate([[0], changes, [len(order)]])
    run = np.searchsorted(edges, np.arange(len(order)), side="right") - 1
    ranges = np.empty((len(order), 2), np.int32)
    ranges[order] = np.stack([edges[run], edges[run + 1]], axis=1)
    return ranges
