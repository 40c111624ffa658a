"""Content: is the digit drawn the one that was asked for?"""

import numpy as np

from handwriting_gan.data.glyphs import DIGITS


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


def confusion(read: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Of the digits asked for `[N]`, how many were read as which: int `[10, 10]`, asked down, read across."""
    cells = np.asarray(asked, np.int64) * DIGITS + read
    return np.bincount(cells, minlength=DIGITS * DIGITS).reshape(DIGITS, DIGITS)
