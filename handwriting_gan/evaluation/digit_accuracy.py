"""Content: is the digit drawn the one that was asked for?"""

import numpy as np


def digit_accuracy(read: np.ndarray, asked: np.ndarray) -> float:
    """The share of digits int `[N]` read as asked, 0 to 1.

    Raises:
      ValueError: if there is none.
    """
    if not len(read):
        raise ValueError("no digit was read")
    return float(np.mean(read == asked))


def leakage(read: np.ndarray, asked: np.ndarray, source: np.ndarray) -> float:
    """The share, 0 to 1, read as the source's digit where another was asked for; 0 without a case."""
    other = asked != source
    return float(np.mean(read[other] == source[other])) if other.any() else 0.0
