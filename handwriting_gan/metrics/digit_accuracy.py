"""Content: which digits are read where which are asked for."""

import numpy as np

from handwriting_gan.data.glyphs import DIGITS


def confusion(read: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Of the digits asked for `[N]`, how many were read as which: int `[10, 10]`, asked down, read across."""
    cells = np.asarray(asked, np.int64) * DIGITS + read
    return np.bincount(cells, minlength=DIGITS * DIGITS).reshape(DIGITS, DIGITS)
