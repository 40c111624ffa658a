"""Digits counted by hand."""

import numpy as np

from handwriting_gan.metrics.digit_accuracy import confusion


def test_confusion_counts_what_was_read_for_what_was_asked() -> None:
    """A 3 read as 5 twice and once as itself, and an 8 read as 0."""
    counts = confusion(np.array([5, 3, 0, 5]), np.array([3, 3, 8, 3]))
    assert counts.shape == (10, 10)
    assert (counts[3, 5], counts[3, 3], counts[8, 0], counts.sum()) == (2, 1, 1, 4)


def test_what_is_not_confused_is_accurate(rng: np.random.Generator) -> None:
    read, asked = rng.integers(0, 10, (2, 500)).astype(np.int32)
    counts = confusion(read, asked)
    assert np.trace(counts) == np.sum(read == asked)
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(asked))
    np.testing.assert_array_equal(counts.sum(axis=0), np.bincount(read))
    np.testing.assert_array_equal(confusion(asked, read), counts.T)


def test_nothing_read_is_nothing_confused() -> None:
    none = np.array([], np.int32)
    assert confusion(none, none).tolist() == [[0] * 10] * 10
