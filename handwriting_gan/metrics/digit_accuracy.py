"""Digit accuracy: which digit the classifier reads, by target digit."""

import numpy as np

CLASSES = 10


def confusion(read: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Counts int `[10, 10]` of target digits `[N]` (rows) by digits read `[N]` (columns)."""
    cells = np.asarray(target, np.int64) * CLASSES + read
    return np.bincount(cells, minlength=CLASSES * CLASSES).reshape(CLASSES, CLASSES)
