"""Examples and episodes have the right writers, digits and probabilities, and depend on key or seed alone."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import pytest

from handwriting_gan.data import hands
from handwriting_gan.data.glyphs import SIDE, UNKNOWN_WRITER, Glyphs, make_glyphs, to_bytes
from handwriting_gan.data.hands import (
    ENROLLED,
    LENGTH,
    NUMBERS,
    OWN_DIGIT_EPISODES,
    TARGETS,
    WRITERS,
    Episodes,
    HandBatch,
    HandPool,
    hand_examples,
    make_hand_pool,
    sample_episodes,
    sample_numbers,
    sample_own_digit_episodes,
)
from handwriting_gan.errors import InputError

FORMS = {  # {writer: (series, digits)}
    11: (0, "000112"), 12: (0, "01122"), 13: (0, "012"), 14: (0, "001122"),
    21: (4, "0011555"), 22: (4, "01155"), UNKNOWN_WRITER: (0, "00122"),
}
KNOWN = [11, 12, 13, 14, 21, 22]
ENOUGH = hands.GLYPHS
LONG_FORMS = {  # for batches, which need more glyphs of a writer
    **{writer: (0, "0123456789" * 2 + "0" * (writer + 2)) for writer in range(WRITERS + 2)},
    **dict.fromkeys(range(40, 40 + WRITERS), (4, "112233445566778899" * 2)),
    90: (0, "0" * (ENOUGH - 1)), UNKNOWN_WRITER: (4, "0" * 50),
}
IN_POOL = [writer for writer in sorted(LONG_FORMS) if writer not in (90, UNKNOWN_WRITER)]
GIVEN = 3  # references of an episode
KEYS = jax.random.split(jax.random.key(7), 8)
MANY = 1_000
OWN_DIGIT = 0.4
SEEDS = 500
sample_uncompiled = hand_examples(OWN_DIGIT).sample
sample_hands = jax.jit(sample_uncompiled)


def written(forms: dict[int, tuple[int, str]]) -> Glyphs:
    """Shuffled glyphs of some writers; the first two bytes of an image are its row."""
    lines = [(int(digit), writer, series) for writer, (series, digits) in forms.items() for digit in digits]
    digits, writers, series = np.random.default_rng(0).permutation(lines).T
    images = np.zeros((len(lines), SIDE, SIDE), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = np.divmod(np.arange(len(lines)), 256)
    return make_glyphs(images, digits, writers, series)


GLYPHS, LONG = written(FORMS), written(LONG_FORMS)


def rows_of(images: jax.Array) -> np.ndarray:
    """The rows of images `[..., 28, 28, 1]`."""
    high, low = np.moveaxis(to_bytes(images)[..., 0, :2].astype(np.int32), -1, 0)
    return 256 * high + low


@pytest.fixture(scope="module")
def pool() -> HandPool:
    return make_hand_pool(LONG)


@pytest.fixture(scope="module")
def batch(pool: HandPool) -> HandBatch:
    """Enough examples for statistics."""
    return sample_hands(pool, jax.random.split(jax.random.key(0), MANY))


@pytest.fixture(scope="module")
def rows(batch: HandBatch) -> np.ndarray:
    """The rows of the batch's glyphs: `[B, W, G]`."""
    return rows_of(batch.images)


@pytest.fixture(scope="module")
def episodes() -> Episodes:
    """The episodes of many seeds."""
    sampled = [sample_episodes(GLYPHS, GIVEN, seed) for seed in range(SEEDS)]
    return Episodes(*map(np.concatenate, zip(*sampled, strict=True)))


def assert_equal(one: NamedTuple, other: NamedTuple) -> None:
    jax.tree.map(np.testing.assert_array_equal, one, other)


def assert_uniform(sampled: np.ndarray, allowed: np.ndarray) -> None:
    """Each of B samples is one of its allowed rows, bool `[B, N]`, and those are equally likely."""
    assert np.take_along_axis(allowed, sampled[:, None], axis=1).all()
    expected = (allowed / allowed.sum(axis=1, keepdims=True)).sum(axis=0)
    counts = np.bincount(sampled, minlength=allowed.shape[1])
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected)).all()


def as_of(column: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Whether each row equals each target in a column: bool `[B, N]`."""
    return column[targets][:, None] == column


def test_all_glyphs_of_a_writer_in_a_batch_are_that_writers(rows: np.ndarray) -> None:
    writers = LONG.writers[rows]
    assert (writers == writers[..., :1]).all()


def test_the_glyphs_of_a_writer_are_distinct(rows: np.ndarray) -> None:
    assert (np.diff(np.sort(rows)) > 0).all()


def test_the_writers_of_an_example_are_distinct_and_of_one_series(rows: np.ndarray) -> None:
    writers, series = LONG.writers[rows[..., 0]], LONG.series[rows[..., 0]]
    assert writers.shape == (MANY, WRITERS)
    assert (np.diff(np.sort(writers)) > 0).all()
    assert (series == series[:, :1]).all()


def test_all_writers_with_enough_glyphs_are_equally_likely(rows: np.ndarray) -> None:
    """So the probability of a series is its fraction of the writers."""
    indices = np.searchsorted(IN_POOL, LONG.writers[rows[:, 0, 0]])
    assert_uniform(indices, np.ones((MANY, len(IN_POOL)), bool))


def test_all_glyphs_of_a_writer_are_equally_likely_at_every_index(rows: np.ndarray) -> None:
    for index in (0, TARGETS, hands.GLYPHS - 1):
        sampled = rows[:, 0, index]
        assert_uniform(sampled, LONG.writers[sampled][:, None] == LONG.writers)


def test_digits_are_those_of_the_images(batch: HandBatch, rows: np.ndarray) -> None:
    np.testing.assert_array_equal(batch.digits, LONG.digits[rows])


@pytest.fixture(scope="module")
def same(batch: HandBatch) -> np.ndarray:
    """Whether each glyph of each writer shows the digit of each target: bool `[B, W, T, W, G]`."""
    digits = np.asarray(batch.digits)
    return digits[:, :, :TARGETS, None, None] == digits[:, None, None]


@pytest.fixture(scope="module")
def possible() -> np.ndarray:
    """Whether each glyph has another index than each target: bool `[T, 1, G]`."""
    return np.arange(hands.GLYPHS) != np.arange(TARGETS)[:, None, None]


def test_the_given_references_are_the_first_of_other_digits_or_of_all(
        batch: HandBatch, same: np.ndarray, possible: np.ndarray) -> None:
    given = np.asarray(batch.given)
    anywhere = given.any(axis=-1, keepdims=True)
    last = hands.GLYPHS - 1 - given[..., ::-1].argmax(axis=-1)[..., None]
    before = (np.arange(hands.GLYPHS) <= last) & anywhere & possible
    of_others, of_all = given == (before & ~same), given == before
    assert (of_others.all(axis=(-2, -1)) | of_all.all(axis=(-2, -1))).all()


@pytest.mark.parametrize(("fraction", "count"), [(0.0, 8), (OWN_DIGIT, MANY), (1.0, 8)])
def test_the_own_digit_can_be_shown_for_the_requested_fraction_of_targets(
        fraction: float, count: int, pool: HandPool) -> None:
    """The first glyph is a reference of every other target that may see its digit."""
    batch = jax.jit(hand_examples(fraction).sample)(pool, jax.random.split(jax.random.key(0), count))
    digits, given = np.asarray(batch.digits), np.asarray(batch.given)
    shows = digits[:, :, 1:TARGETS, None] == digits[:, None, None, :, 0]
    assert given[:, :, 1:, :, 0][shows].mean() == pytest.approx(fraction, abs=0.02 if fraction % 1.0 else 0.0)


def test_the_number_of_references_is_uniform_and_a_writer_with_fewer_gives_all(
        batch: HandBatch, same: np.ndarray, possible: np.ndarray) -> None:
    given = np.asarray(batch.given)
    counts = given.sum(axis=-1)  # [B, W, T, W]
    most = counts.max(axis=-1, keepdims=True)
    shows_own = (given & same).any(axis=(-2, -1), keepdims=True)
    allowed = (possible & (shows_own | ~same)).sum(axis=-1)
    assert (counts >= np.minimum(most, (possible & ~same).sum(axis=-1))).all()
    assert (counts <= allowed).all()
    frequencies = np.bincount(most.ravel(), minlength=hands.GLYPHS)[1:] / most.size
    assert frequencies[:6] == pytest.approx(1 / (hands.GLYPHS - 1), abs=0.02)


def test_a_batch_has_the_documented_shapes_and_types(pool: HandPool) -> None:
    shape = len(KEYS), WRITERS, hands.GLYPHS
    assert jax.eval_shape(lambda: sample_hands(pool, KEYS)) == HandBatch(
        jax.ShapeDtypeStruct((*shape, 28, 28, 1), "float32"), jax.ShapeDtypeStruct(shape, "int32"),
        jax.ShapeDtypeStruct((len(KEYS), WRITERS, TARGETS, WRITERS, hands.GLYPHS), "bool"))


def test_the_same_keys_sample_the_same_batch(pool: HandPool) -> None:
    assert_equal(sample_hands(pool, KEYS), sample_hands(pool, KEYS))


def test_other_keys_sample_another_batch(pool: HandPool) -> None:
    other = sample_hands(pool, jax.random.split(jax.random.key(8), len(KEYS)))
    assert not np.array_equal(sample_hands(pool, KEYS).images, other.images)


def test_an_example_depends_on_its_key_alone(pool: HandPool) -> None:
    whole = sample_hands(pool, KEYS)
    assert_equal(sample_hands(pool, KEYS[::-1]), jax.tree.map(lambda column: column[::-1], whole))
    assert_equal(sample_hands(pool, KEYS[5:6]), jax.tree.map(lambda column: column[5:6], whole))


def test_a_batch_is_the_same_compiled_or_not(pool: HandPool) -> None:
    one, other = (rows_of(sample(pool, KEYS[:2]).images) for sample in (sample_hands, sample_uncompiled))
    np.testing.assert_array_equal(one, other)


def test_a_pool_has_the_known_writers_with_enough_glyphs(pool: HandPool) -> None:
    without_padding = [rows[rows >= 0] for rows in pool.rows]
    assert [LONG.writers[rows].tolist() for rows in without_padding] == [
        [writer] * len(LONG_FORMS[writer][1]) for writer in IN_POOL]
    assert pool.series.tolist() == [LONG_FORMS[writer][0] for writer in IN_POOL]
    np.testing.assert_array_equal(pool.images, LONG.images)


def test_a_writers_rows_are_padded_at_the_end(pool: HandPool) -> None:
    longest = max(len(LONG_FORMS[writer][1]) for writer in IN_POOL)
    assert [(rows < 0).tolist() for rows in pool.rows] == [
        [index >= len(LONG_FORMS[writer][1]) for index in range(longest)] for writer in IN_POOL]


@pytest.mark.parametrize("glyphs", [
    pytest.param(GLYPHS, id="too few glyphs of each"),
    pytest.param(LONG.take(LONG.series == 0).take(slice(0, 0)), id="no glyphs"),
    pytest.param(LONG.take(LONG.writers == UNKNOWN_WRITER), id="unknown writers"),
    pytest.param(LONG.take(LONG.writers != 40), id="too few writers of a series"),
])
def test_a_pool_refuses_glyphs_without_an_example(glyphs: Glyphs) -> None:
    with pytest.raises(InputError, match=f"needs {WRITERS} writers of one series with {ENOUGH} glyphs each"):
        make_hand_pool(glyphs)


def test_the_references_of_an_episode_are_by_the_targets_writer(episodes: Episodes) -> None:
    writers = GLYPHS.writers[episodes.references]
    np.testing.assert_array_equal(writers, np.repeat(GLYPHS.writers[episodes.targets][:, None], GIVEN, 1))


def test_no_reference_of_an_episode_shows_the_targets_digit(episodes: Episodes) -> None:
    assert (GLYPHS.digits[episodes.references] != GLYPHS.digits[episodes.targets][:, None]).all()


def test_the_references_of_an_episode_are_distinct(episodes: Episodes) -> None:
    assert (np.diff(np.sort(episodes.references)) > 0).all()


def test_the_other_is_of_the_same_digit_and_series_by_another_writer(episodes: Episodes) -> None:
    one, other = GLYPHS.take(episodes.targets), GLYPHS.take(episodes.others)
    assert (other.writers != one.writers).all()
    np.testing.assert_array_equal(other.digits, one.digits)
    np.testing.assert_array_equal(other.series, one.series)


def test_an_unknown_writer_has_no_episode(episodes: Episodes) -> None:
    for rows in episodes:
        assert UNKNOWN_WRITER not in GLYPHS.writers[rows]


def test_all_possible_references_are_equally_likely_at_every_index(episodes: Episodes) -> None:
    allowed = as_of(GLYPHS.writers, episodes.targets) & ~as_of(GLYPHS.digits, episodes.targets)
    for index in range(GIVEN):
        assert_uniform(episodes.references[:, index], allowed)


def test_all_possible_others_are_equally_likely(episodes: Episodes) -> None:
    alike = as_of(GLYPHS.digits, episodes.targets) & as_of(GLYPHS.series, episodes.targets)
    allowed = alike & ~as_of(GLYPHS.writers, episodes.targets) & np.isin(GLYPHS.writers, KNOWN)
    assert_uniform(episodes.others, allowed)


@pytest.mark.parametrize(("references", "expected"), [
    (3, {11: "01", 12: "12", 14: "012", 21: "015", 22: "15"}),
    (4, {11: "1", 14: "012", 21: "015"}),
    (6, {}),
])
def test_a_writer_has_an_episode_for_each_digit_with_a_twin_and_enough_references(
        references: int, expected: dict[int, str]) -> None:
    targets = GLYPHS.take(sample_episodes(GLYPHS, references, seed=0).targets)
    found = list(zip(targets.writers.tolist(), targets.digits.tolist(), strict=True))
    assert found == [(writer, int(digit)) for writer, digits in expected.items() for digit in digits]


@pytest.fixture(scope="module")
def own_digit_episodes() -> Episodes:
    """The episodes of many seeds whose first reference shows the target's digit."""
    sampled = [sample_own_digit_episodes(GLYPHS, GIVEN, seed) for seed in range(SEEDS)]
    return Episodes(*map(np.concatenate, zip(*sampled, strict=True)))


def test_the_first_reference_shows_the_targets_digit_and_no_other_does(own_digit_episodes: Episodes) -> None:
    digits, targets = GLYPHS.digits[own_digit_episodes.references], GLYPHS.digits[own_digit_episodes.targets]
    same = digits == targets[:, None]
    assert same[:, 0].all()
    assert not same[:, 1:].any()


def test_the_shown_glyph_is_a_third_glyph_of_the_writer_all_equally_likely(own_digit_episodes: Episodes) -> None:
    references, targets, twins, _ = own_digit_episodes
    assert (GLYPHS.writers[references] == GLYPHS.writers[targets][:, None]).all()
    rows = np.arange(len(GLYPHS.digits))
    allowed = as_of(GLYPHS.writers, targets) & as_of(GLYPHS.digits, targets) & (targets[:, None] != rows)
    assert_uniform(twins, allowed)
    assert_uniform(references[:, 0], allowed & (twins[:, None] != rows))


@pytest.mark.parametrize(("count", "expected"), [(2, 0), (3, 3), (5, OWN_DIGIT_EPISODES)])
def test_each_digit_with_three_glyphs_has_episodes_of_different_targets(count: int, expected: int) -> None:
    glyphs = written({1: (0, "0" * count + "12"), 2: (0, "0")})
    found = sample_own_digit_episodes(glyphs, references=3, seed=0)
    assert len(np.unique(found.targets)) == len(found.targets) == expected


def test_fewer_references_of_an_own_digit_episode_are_the_first_of_more() -> None:
    more = sample_own_digit_episodes(GLYPHS, 3, seed=0)
    for fewer in (1, 2):
        first = more._replace(references=more.references[:, :fewer])
        assert_equal(sample_own_digit_episodes(GLYPHS, fewer, seed=0), first)


def test_target_and_twin_are_two_glyphs_of_one_writer_and_digit_all_equally_likely(episodes: Episodes) -> None:
    targets, twins = episodes.targets, episodes.twins
    allowed = as_of(GLYPHS.writers, targets) & as_of(GLYPHS.digits, targets)
    assert_uniform(targets, allowed)
    assert_uniform(twins, allowed & (targets[:, None] != np.arange(len(GLYPHS.digits))))


def test_the_other_is_missing_if_no_other_writer_of_the_series_wrote_the_digit() -> None:
    glyphs = written({1: (0, "0011"), 2: (0, "0"), 3: (4, "11"), UNKNOWN_WRITER: (0, "01")})
    episodes = sample_episodes(glyphs, references=2, seed=0)
    assert glyphs.digits[episodes.targets].tolist() == [0, 1]
    assert episodes.others.tolist() == [np.flatnonzero(glyphs.writers == 2)[0], -1]


def test_the_same_seed_samples_the_same_episodes() -> None:
    assert_equal(sample_episodes(GLYPHS, GIVEN, seed=3), sample_episodes(GLYPHS, GIVEN, seed=3))


def test_another_seed_samples_other_episodes() -> None:
    one, other = (sample_episodes(GLYPHS, GIVEN, seed) for seed in (3, 4))
    assert not np.array_equal(one.references, other.references)


def test_fewer_references_are_the_first_of_more() -> None:
    more = sample_episodes(GLYPHS, 3, seed=0)
    for fewer in (0, 1, 2):
        first = more._replace(references=more.references[:, :fewer])
        assert_equal(sample_episodes(GLYPHS, fewer, seed=0), first)


@pytest.mark.parametrize("glyphs", [
    pytest.param(GLYPHS.take(GLYPHS.writers == UNKNOWN_WRITER), id="unknown writers"),
    pytest.param(GLYPHS.take([]), id="no glyphs"),
])
def test_there_are_no_episodes_without_a_known_writer(glyphs: Glyphs) -> None:
    episodes = sample_episodes(glyphs, references=2, seed=0)
    assert [column.shape for column in episodes] == [(0, 2), (0,), (0,), (0,)]


@pytest.mark.parametrize("make", [lambda: sample_episodes(GLYPHS, 3, 0), lambda: sample_episodes(GLYPHS, 9, 0)])
def test_episodes_are_int32(make: Callable[[], Episodes]) -> None:
    assert {column.dtype for column in make()} == {np.dtype(np.int32)}


NUMBER_WRITERS = {  # {writer: (series, digits)}: enough for numbers, just enough, too few for them, too few to enrol
    5: (0, "0123456789" * 4), 6: (4, "0" * (ENROLLED + 4 + LENGTH)), 7: (4, "1" * (ENROLLED + 4 + LENGTH - 1)),
    8: (0, "2" * (ENROLLED - 1)), UNKNOWN_WRITER: (0, "3" * 40)}


def test_writers_with_enough_glyphs_are_enrolled_and_have_numbers() -> None:
    glyphs = written(NUMBER_WRITERS)
    numbers = sample_numbers(glyphs, references=4, seed=0)
    assert glyphs.writers[numbers.enrolled].tolist() == [[writer] * ENROLLED for writer in (5, 6, 7)]
    assert numbers.owners.tolist() == [0] * NUMBERS + [1] * NUMBERS
    assert numbers.references.shape == (2 * NUMBERS, 4)
    assert numbers.real.shape == (2 * NUMBERS, LENGTH)
    assert {column.dtype for column in numbers} == {np.dtype(np.int32)}


def test_enrolment_references_and_number_are_different_glyphs_of_one_writer() -> None:
    glyphs = written(NUMBER_WRITERS)
    numbers = sample_numbers(glyphs, references=4, seed=0)
    for owner, references, real in zip(numbers.owners, numbers.references, numbers.real, strict=True):
        rows = [*numbers.enrolled[owner], *references, *real]
        assert len(set(rows)) == ENROLLED + 4 + LENGTH
        assert len(set(glyphs.writers[rows])) == 1
    assert len({tuple(sorted(real)) for real in numbers.real[:NUMBERS].tolist()}) > 1


def test_numbers_depend_on_the_seed_alone() -> None:
    glyphs = written(NUMBER_WRITERS)
    one, again, other = (sample_numbers(glyphs, 4, seed) for seed in (1, 1, 2))
    assert_equal(one, again)
    assert not np.array_equal(one.real, other.real)


def test_without_known_writers_there_are_no_numbers() -> None:
    numbers = sample_numbers(GLYPHS.take([]), 4, 0)
    assert [column.shape for column in numbers] == [(0, ENROLLED), (0,), (0, 4), (0, LENGTH)]


def test_rows_are_in_order_for_each_writer_by_id() -> None:
    glyphs = make_glyphs(np.zeros((6, SIDE, SIDE), np.uint8), [0] * 6, [7, -1, 3, 7, 0, 3])
    found = [(writer, rows.tolist()) for writer, rows in hands.rows_by_writer(glyphs).items()]
    assert found == [(0, [4]), (3, [2, 5]), (7, [0, 3])]


@pytest.mark.parametrize("writers", [[], [-1, -1]])
def test_unknown_writers_have_no_rows(writers: list[int]) -> None:
    images = np.zeros((len(writers), SIDE, SIDE), np.uint8)
    assert hands.rows_by_writer(make_glyphs(images, [0] * len(writers), writers)) == {}
