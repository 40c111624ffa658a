"""Random subsets of glyphs: their size, balance and distribution."""

import numpy as np
import pytest

from handwriting_gan.data.glyphs import DIGITS, SIDE, UNKNOWN_WRITER, Glyphs, make_glyphs
from handwriting_gan.evaluation.protocol import PROTOCOLS, of_writers, per_digit, some
from handwriting_gan.recognition.writer_encoder import ARCHITECTURES

WROTE = {7: "00011", 3: "0123", 5: "3210", UNKNOWN_WRITER: "0123456789"}


@pytest.fixture
def written() -> Glyphs:
    """Glyphs in random order; every byte of an image is the index of its row."""
    lines = [(int(digit), writer) for writer, digits in WROTE.items() for digit in digits]
    digits, writers = np.random.default_rng(0).permutation(lines).T
    rows = np.arange(len(lines), dtype=np.uint8)
    return make_glyphs(np.tile(rows[:, None, None], (SIDE, SIDE)), digits, writers)


def rows_of(glyphs: Glyphs) -> list[int]:
    """The rows of the glyphs."""
    return glyphs.images[:, 0, 0].tolist()


def test_the_quick_protocol_uses_neither_test_writers_nor_the_judge_of_tables() -> None:
    quick, full = PROTOCOLS["quick"], PROTOCOLS["full"]
    assert (quick.split, full.split) == ("validation", "test")
    assert (quick.encoders, full.encoders) == (("second",), ("judge", "second"))
    assert set(full.encoders) == set(ARCHITECTURES)


def test_the_quick_protocol_is_not_larger_in_any_field() -> None:
    quick, full = PROTOCOLS["quick"], PROTOCOLS["full"]
    for name in ("sources", "outputs", "sample", "neighbours", "spread", "training_writers", "fakes"):
        assert getattr(quick, name) <= getattr(full, name), name
    assert set(quick.references) <= set(full.references)


@pytest.mark.parametrize(("count", "of_zeros", "in_all"), [(0, 0, 0), (1, 1, 10), (3, 3, 18), (100, 6, 23)])
def test_per_digit_takes_the_given_number_or_all(
        count: int, of_zeros: int, in_all: int, written: Glyphs, rng: np.random.Generator) -> None:
    sampled = per_digit(written, count, rng)
    assert np.bincount(sampled.digits, minlength=DIGITS)[0] == of_zeros
    assert len(set(rows_of(sampled))) == len(sampled.digits) == in_all
    np.testing.assert_array_equal(sampled.digits, written.digits[rows_of(sampled)])


@pytest.mark.parametrize(("count", "taken"), [(0, 0), (4, 4), (23, 23), (100, 23)])
def test_some_takes_the_given_number_or_all_without_replacement(
        count: int, taken: int, written: Glyphs, rng: np.random.Generator) -> None:
    assert len(set(rows_of(some(written, count, rng)))) == taken


@pytest.mark.parametrize("sampler", [some, per_digit])
def test_glyphs_are_sampled_uniformly_by_the_generator(
        sampler: object, written: Glyphs, rng: np.random.Generator) -> None:
    """Each of the six 0s has frequency 1/6 in samples of one per digit; each of 23 glyphs has 1/23 in `some`."""
    sampled = np.bincount([rows_of(sampler(written, 1, rng))[0] for _ in range(3_000)], minlength=23) / 3_000
    could = written.digits == 0 if sampler is per_digit else written.digits >= 0
    np.testing.assert_allclose(sampled, could / could.sum(), atol=0.025)
    again = [rows_of(sampler(written, 2, np.random.default_rng(seed))) for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]


def test_of_known_writers_the_first_glyphs_of_each_digit_are_taken(
        written: Glyphs, rng: np.random.Generator) -> None:
    """Writer 7 gives two 0s and two 1s; writers 3 and 5 give four glyphs each."""
    sampled = of_writers(written, 3, 2, rng)
    assert rows_of(sampled) == sorted(rows_of(sampled))
    assert len(sampled.digits) == 12
    for writer, digit in ((7, 0), (7, 1), (3, 2), (5, 0)):
        first, found = (np.flatnonzero((of.writers == writer) & (of.digits == digit))[:2]
                        for of in (written, sampled))
        assert rows_of(sampled.take(found)) == first.tolist()


def test_writers_are_sampled_uniformly(written: Glyphs, rng: np.random.Generator) -> None:
    sampled = [np.unique(of_writers(written, 1, 9, rng).writers) for _ in range(600)]
    assert {len(writers) for writers in sampled} == {1}
    found, counts = np.unique(sampled, return_counts=True)
    assert found.tolist() == [3, 5, 7]
    np.testing.assert_allclose(counts / 600, 1 / 3, atol=0.07)


def test_a_larger_number_of_writers_takes_all(written: Glyphs, rng: np.random.Generator) -> None:
    assert set(of_writers(written, 99, 99, rng).writers) == {3, 5, 7}


def test_unknown_writers_give_no_glyphs(written: Glyphs, rng: np.random.Generator) -> None:
    unknown = written.take(written.writers == UNKNOWN_WRITER)
    assert of_writers(unknown, 5, 2, rng).images.shape == (0, SIDE, SIDE)
