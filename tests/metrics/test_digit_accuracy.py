"""Confusion counts of known digits."""

import numpy as np

from handwriting_gan.metrics.digit_accuracy import confusion


def test_confusion_counts_digits_read_by_target() -> None:
    """A 3 is read as 5 twice and as 3 once; an 8 is read as 0."""
    counts = confusion(np.array([5, 3, 0, 5]), np.array([3, 3, 8, 3]))
    assert counts.shape == (10, 10)
    assert (counts[3, 5], counts[3, 3], counts[8, 0], counts.sum()) == (2, 1, 1, 4)


def test_the_diagonal_gives_the_accuracy(rng: np.random.Generator) -> None:
    read, target = rng.integers(0, 10, (2, 500)).astype(np.int32)
    counts = confusion(read, target)
    assert np.trace(counts) == np.sum(read == target)
    np.testing.assert_array_equal(counts.sum(axis=1), np.bincount(target))
    np.testing.assert_array_equal(counts.sum(axis=0), np.bincount(read))
    np.testing.assert_array_equal(confusion(target, read), counts.T)


def test_no_digits_give_zero_counts() -> None:
    none = np.array([], np.int32)
    assert confusion(none, none).tolist() == [[0] * 10] * 10
