"""Shares counted by hand."""

import numpy as np
import pytest

from handwriting_gan.metrics.digit_accuracy import confusion, digit_accuracy, leakage


def test_accuracy_is_the_share_read_as_asked() -> None:
    assert digit_accuracy(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 9])) == 0.75


def test_no_digit_has_no_accuracy() -> None:
    with pytest.raises(ValueError, match="no digit"):
        digit_accuracy(np.array([]), np.array([]))


def test_leakage_is_the_share_that_kept_the_sources_digit() -> None:
    read = np.array([7, 7, 5, 2, 2])
    asked = np.array([7, 3, 5, 5, 9])
    source = np.array([7, 7, 2, 2, 8])  # the second and the fourth of four that should change
    assert leakage(read, asked, source) == 0.5


def test_a_source_that_should_keep_its_digit_cannot_leak() -> None:
    digits = np.arange(10)
    assert leakage(digits, digits, digits) == 0.0


def test_who_returns_every_source_leaks_all_and_draws_nothing_right() -> None:
    source = np.arange(10)
    asked = (source + 3) % 10
    assert leakage(source, asked, source) == 1.0
    assert digit_accuracy(source, asked) == 0.0


def test_confusion_counts_what_was_read_for_what_was_asked() -> None:
    """A 3 read as 5 twice and once as itself, and an 8 read as 0."""
    counts = confusion(np.array([5, 3, 0, 5]), np.array([3, 3, 8, 3]))
    assert counts.shape == (10, 10)
    assert (counts[3, 5], counts[3, 3], counts[8, 0], counts.sum()) == (2, 1, 1, 4)


def test_what_is_not_confused_is_accurate(rng: np.random.Generator) -> None:
    read, asked = rng.integers(0, 10, (2, 500)).astype(np.int32)
    counts = confusion(read, asked)
    assert np.trace(counts) / 500 == digit_accuracy(read, asked)
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(asked))
    np.testing.assert_array_equal(counts.sum(axis=0), np.bincount(read))
    np.testing.assert_array_equal(confusion(asked, read), counts.T)


def test_nothing_read_is_nothing_confused() -> None:
    none = np.array([], np.int32)
    assert confusion(none, none).tolist() == [[0] * 10] * 10
