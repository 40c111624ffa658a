"""A hand is drawn of one writer alone, beside another's glyph, fairly and by the key or seed alone."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import pytest

from handwriting_gan.data import hands
from handwriting_gan.data.glyphs import SIDE, UNKNOWN_WRITER, Glyphs, make_glyphs, to_bytes
from handwriting_gan.data.hands import Episodes, HandBatch, HandPool, draw_episodes, make_hand_pool

FORMS = {  # the series and the digits that each writer wrote
    11: (0, "000112"), 12: (0, "01122"), 13: (0, "012"), 14: (0, "001122"),
    21: (4, "0011555"), 22: (4, "01155"), UNKNOWN_WRITER: (0, "00122"),
}
IN_POOL = [11, 12, 14, 21, 22]  # the others have too few glyphs for three references, or are unknown
REFERENCES = 3
KEYS = jax.random.split(jax.random.key(7), 8)
MANY = 3_000
SEEDS = 500
draw = jax.jit(hands.draw_hands, static_argnums=2)


class Draws(NamedTuple):
    """What was drawn, as rows of GLYPHS."""

    references: np.ndarray  # [B, K]
    targets: np.ndarray  # [B]
    others: np.ndarray  # [B]
    writers: list[int]  # who could be drawn as the other


def written(forms: dict[int, tuple[int, str]]) -> Glyphs:
    """The glyphs of some writers in disorder; every byte of an image is the number of its row."""
    lines = [(int(digit), writer, series) for writer, (series, digits) in forms.items() for digit in digits]
    digits, writers, series = np.random.default_rng(0).permutation(lines).T
    rows = np.arange(len(lines), dtype=np.uint8)
    return make_glyphs(np.tile(rows[:, None, None], (SIDE, SIDE)), digits, writers, series)


GLYPHS = written(FORMS)


def rows_of(images: np.ndarray) -> np.ndarray:
    """The rows of GLYPHS that images `[..., 28, 28]` show."""
    assert (images == images[..., :1, :1]).all()
    return images[..., 0, 0].astype(np.int32)


def draws_of(batch: HandBatch) -> Draws:
    images = (batch.references, batch.targets, batch.others)
    return Draws(*(rows_of(to_bytes(image)) for image in images), IN_POOL)


@pytest.fixture(scope="module")
def pool() -> HandPool:
    return make_hand_pool(GLYPHS, REFERENCES)


@pytest.fixture(scope="module")
def batch(pool: HandPool) -> HandBatch:
    """Enough examples to count."""
    return draw(pool, jax.random.split(jax.random.key(0), MANY), REFERENCES)


@pytest.fixture(scope="module")
def episodes() -> Episodes:
    """The episodes of many seeds, one seed after the other."""
    drawn = [draw_episodes(GLYPHS, REFERENCES, seed) for seed in range(SEEDS)]
    return Episodes(*map(np.concatenate, zip(*drawn, strict=True)))


@pytest.fixture(scope="module", params=["batch", "episodes"])
def draws(request: pytest.FixtureRequest) -> Draws:
    """Both kinds of draws, which obey the same laws."""
    drawn = request.getfixturevalue(request.param)
    if isinstance(drawn, HandBatch):
        return draws_of(drawn)
    return Draws(drawn.references, drawn.targets, drawn.others, [*IN_POOL, 13])


def assert_equal(one: NamedTuple, other: NamedTuple) -> None:
    jax.tree.map(np.testing.assert_array_equal, one, other)


def assert_fair(drawn: np.ndarray, allowed: np.ndarray) -> None:
    """Each of B draws is among its allowed rows, bool `[B, N]`, and all of those are equally likely."""
    assert np.take_along_axis(allowed, drawn[:, None], axis=1).all()
    expected = (allowed / allowed.sum(axis=1, keepdims=True)).sum(axis=0)
    counts = np.bincount(drawn, minlength=allowed.shape[1])
    assert (np.abs(counts - expected) <= 5 * np.sqrt(expected)).all()


def as_of(column: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Which rows agree with each target in a column: bool `[B, N]`."""
    return column[targets][:, None] == column


def test_references_are_of_the_targets_writer(draws: Draws) -> None:
    writers = GLYPHS.writers[draws.references]
    np.testing.assert_array_equal(writers, np.repeat(GLYPHS.writers[draws.targets][:, None], REFERENCES, 1))


def test_no_reference_shows_the_targets_digit(draws: Draws) -> None:
    assert (GLYPHS.digits[draws.references] != GLYPHS.digits[draws.targets][:, None]).all()


def test_no_reference_is_there_twice(draws: Draws) -> None:
    assert (np.diff(np.sort(draws.references)) > 0).all()


def test_the_other_is_by_another_writer_of_the_same_digit_and_series(draws: Draws) -> None:
    one, other = GLYPHS.take(draws.targets), GLYPHS.take(draws.others)
    assert (other.writers != one.writers).all()
    np.testing.assert_array_equal(other.digits, one.digits)
    np.testing.assert_array_equal(other.series, one.series)


def test_an_unknown_writer_is_never_drawn(draws: Draws) -> None:
    for rows in draws[:3]:
        assert UNKNOWN_WRITER not in GLYPHS.writers[rows]


def test_every_possible_reference_is_equally_likely_in_every_place(draws: Draws) -> None:
    allowed = as_of(GLYPHS.writers, draws.targets) & ~as_of(GLYPHS.digits, draws.targets)
    for place in range(REFERENCES):
        assert_fair(draws.references[:, place], allowed)


def test_every_possible_other_is_equally_likely(draws: Draws) -> None:
    alike = as_of(GLYPHS.digits, draws.targets) & as_of(GLYPHS.series, draws.targets)
    allowed = alike & ~as_of(GLYPHS.writers, draws.targets) & np.isin(GLYPHS.writers, draws.writers)
    assert_fair(draws.others, allowed)


def test_writers_are_equally_likely_however_much_they_wrote(batch: HandBatch) -> None:
    assert_fair(np.asarray(batch.writers), np.ones((MANY, len(IN_POOL)), bool))


def test_every_glyph_of_a_writer_is_an_equally_likely_target(batch: HandBatch) -> None:
    targets = draws_of(batch).targets
    assert_fair(targets, as_of(GLYPHS.writers, targets))


def test_digits_and_writers_lie_beside_their_images(batch: HandBatch) -> None:
    drawn = draws_of(batch)
    np.testing.assert_array_equal(batch.reference_digits, GLYPHS.digits[drawn.references])
    np.testing.assert_array_equal(batch.target_digits, GLYPHS.digits[drawn.targets])
    np.testing.assert_array_equal(np.array(IN_POOL)[batch.writers], GLYPHS.writers[drawn.targets])


def test_a_batch_has_the_shapes_and_types_it_states(pool: HandPool) -> None:
    images, digits = jax.ShapeDtypeStruct((8, 28, 28, 1), "float32"), jax.ShapeDtypeStruct((8,), "int32")
    references = jax.ShapeDtypeStruct((8, 2, 28, 28, 1), "float32")
    reference_digits = jax.ShapeDtypeStruct((8, 2), "int32")
    assert jax.eval_shape(lambda: draw(pool, KEYS, 2)) == HandBatch(
        references, reference_digits, images, digits, images, digits)


def test_the_same_keys_draw_the_same_batch(pool: HandPool) -> None:
    assert_equal(draw(pool, KEYS, 2), draw(pool, KEYS, 2))


def test_other_keys_draw_another_batch(pool: HandPool) -> None:
    other = draw(pool, jax.random.split(jax.random.key(8), len(KEYS)), 2)
    assert not np.array_equal(draw(pool, KEYS, 2).targets, other.targets)


def test_an_example_belongs_to_its_key_wherever_the_key_stands(pool: HandPool) -> None:
    whole = draw(pool, KEYS, 2)
    assert_equal(draw(pool, KEYS[::-1], 2), jax.tree.map(lambda column: column[::-1], whole))
    assert_equal(draw(pool, KEYS[5:6], 2), jax.tree.map(lambda column: column[5:6], whole))


def test_a_draw_is_the_same_compiled_or_not(pool: HandPool) -> None:
    one, other = (draws_of(drawer(pool, KEYS, 2)) for drawer in (draw, hands.draw_hands))
    assert_equal(one, other)


def test_the_most_references_are_all_that_a_writer_has_beside_the_digit(batch: HandBatch) -> None:
    """Writer 11 wrote three zeros and three other glyphs."""
    drawn = draws_of(batch)
    zeros = (GLYPHS.writers[drawn.targets] == 11) & (GLYPHS.digits[drawn.targets] == 0)
    rest = np.flatnonzero((GLYPHS.writers == 11) & (GLYPHS.digits != 0))
    assert zeros.sum() > 100
    assert (np.sort(drawn.references[zeros]) == rest).all()


@pytest.mark.parametrize(("references", "writers"), [
    (0, [11, 12, 13, 14, 21, 22]), (2, [11, 12, 13, 14, 21, 22]), (3, IN_POOL),
])
def test_a_pool_is_of_writers_with_enough_beside_their_commonest_digit(
        references: int, writers: list[int]) -> None:
    pool = make_hand_pool(GLYPHS, references)
    laid_out = [rows_of(pool.images[rows[rows >= 0]]) for rows in pool.rows]
    expected = [np.flatnonzero(GLYPHS.writers == writer) for writer in writers]
    assert [sorted(rows) for rows in laid_out] == [rows.tolist() for rows in expected]


def test_a_writers_rows_are_filled_up_at_the_end(pool: HandPool) -> None:
    longest = max(len(FORMS[writer][1]) for writer in IN_POOL)
    assert [(rows < 0).tolist() for rows in pool.rows] == [
        [place >= len(FORMS[writer][1]) for place in range(longest)] for writer in IN_POOL]


def test_neighbours_beside_a_writers_own_are_all_that_others_wrote_alike(pool: HandPool) -> None:
    rows = rows_of(pool.images)
    for place, row in enumerate(rows):
        group, own = (set(rows[pool.neighbours[slice(*ranges[place])]].tolist())
                      for ranges in (pool.others, pool.own))
        alike = {int(other) for other in rows if GLYPHS.digits[other] == GLYPHS.digits[row]
                 and GLYPHS.series[other] == GLYPHS.series[row]}
        assert group == alike
        assert own == {other for other in alike if GLYPHS.writers[other] == GLYPHS.writers[row]}


@pytest.mark.parametrize(("glyphs", "references"), [
    pytest.param(GLYPHS, 5, id="too many references"),
    pytest.param(GLYPHS.take(GLYPHS.writers == UNKNOWN_WRITER), 1, id="unknown writers"),
    pytest.param(GLYPHS.take([]), 1, id="no glyphs"),
])
def test_a_pool_refuses_glyphs_without_a_writer_to_draw(glyphs: Glyphs, references: int) -> None:
    with pytest.raises(ValueError, match=f"no writer is known with {references} references"):
        make_hand_pool(glyphs, references)


@pytest.mark.parametrize("forms", [
    pytest.param({1: (0, "01"), 2: (4, "01")}, id="alone in the series"),
    pytest.param({1: (0, "012"), 2: (0, "01")}, id="alone with the digit"),
    pytest.param({1: (0, "01"), UNKNOWN_WRITER: (0, "01")}, id="beside an unknown writer"),
])
def test_a_pool_refuses_a_glyph_without_another_writers(forms: dict[int, tuple[int, str]]) -> None:
    with pytest.raises(ValueError, match="by one writer of a series alone"):
        make_hand_pool(written(forms), 1)


@pytest.mark.parametrize(("references", "expected"), [
    (3, {11: "01", 12: "12", 14: "012", 21: "015", 22: "15"}),
    (4, {11: "1", 14: "012", 21: "015"}),
    (6, {}),
])
def test_a_writer_has_an_episode_for_each_digit_with_a_twin_and_enough_references(
        references: int, expected: dict[int, str]) -> None:
    targets = GLYPHS.take(draw_episodes(GLYPHS, references, seed=0).targets)
    found = list(zip(targets.writers.tolist(), targets.digits.tolist(), strict=True))
    assert found == [(writer, int(digit)) for writer, digits in expected.items() for digit in digits]


def test_target_and_twin_are_two_glyphs_of_one_writer_and_digit_drawn_fairly(episodes: Episodes) -> None:
    targets, twins = episodes.targets, episodes.twins
    allowed = as_of(GLYPHS.writers, targets) & as_of(GLYPHS.digits, targets)
    assert_fair(targets, allowed)
    assert_fair(twins, allowed & (targets[:, None] != np.arange(len(GLYPHS.digits))))


def test_an_other_is_missing_where_the_writer_alone_has_the_digit_in_the_series() -> None:
    glyphs = written({1: (0, "0011"), 2: (0, "0"), 3: (4, "11"), UNKNOWN_WRITER: (0, "01")})
    drawn = draw_episodes(glyphs, references=2, seed=0)
    assert glyphs.digits[drawn.targets].tolist() == [0, 1]
    assert drawn.others.tolist() == [np.flatnonzero(glyphs.writers == 2)[0], -1]


def test_the_same_seed_draws_the_same_episodes() -> None:
    assert_equal(draw_episodes(GLYPHS, REFERENCES, seed=3), draw_episodes(GLYPHS, REFERENCES, seed=3))


def test_another_seed_draws_other_episodes() -> None:
    one, other = (draw_episodes(GLYPHS, REFERENCES, seed) for seed in (3, 4))
    assert not np.array_equal(one.references, other.references)


def test_fewer_references_are_the_first_of_more() -> None:
    more = draw_episodes(GLYPHS, 3, seed=0)
    for fewer in (0, 1, 2):
        first = more._replace(references=more.references[:, :fewer])
        assert_equal(draw_episodes(GLYPHS, fewer, seed=0), first)


@pytest.mark.parametrize("glyphs", [
    pytest.param(GLYPHS.take(GLYPHS.writers == UNKNOWN_WRITER), id="unknown writers"),
    pytest.param(GLYPHS.take([]), id="no glyphs"),
])
def test_there_are_no_episodes_without_a_known_writer(glyphs: Glyphs) -> None:
    drawn = draw_episodes(glyphs, references=2, seed=0)
    assert [column.shape for column in drawn] == [(0, 2), (0,), (0,), (0,)]


@pytest.mark.parametrize("make", [lambda: draw_episodes(GLYPHS, 3, 0), lambda: draw_episodes(GLYPHS, 9, 0)])
def test_episodes_are_of_whole_numbers(make: Callable[[], Episodes]) -> None:
    assert {column.dtype for column in make()} == {np.dtype(np.int32)}


def test_rows_are_listed_by_the_writers_id_in_their_order() -> None:
    glyphs = make_glyphs(np.zeros((6, SIDE, SIDE), np.uint8), [0] * 6, [7, -1, 3, 7, 0, 3])
    listed = [(writer, rows.tolist()) for writer, rows in hands.rows_by_writer(glyphs).items()]
    assert listed == [(0, [4]), (3, [2, 5]), (7, [0, 3])]


@pytest.mark.parametrize("writers", [[], [-1, -1]])
def test_no_rows_are_listed_where_no_writer_is_known(writers: list[int]) -> None:
    images = np.zeros((len(writers), SIDE, SIDE), np.uint8)
    assert hands.rows_by_writer(make_glyphs(images, [0] * len(writers), writers)) == {}
