"""Brings the ink of one digit to MNIST's form, by the steps that QMNIST's authors reconstructed (Yadav & Bottou 2019).

The ink's box is padded to a square, averaged down to 20 x 20, and placed in 28 x 28 with its centre of mass in
the middle. Absolute size is lost. Shape, slant and the stroke width relative to the digit are kept.
"""

import numpy as np

from handwriting_gan.data.glyphs import SIDE

BOX = 20
MIN_SIDE = 10  # pixels of the square; a smaller one would enlarge dirt to a digit
FOOTPRINT = 0.99  # of a pixel's extent that counts: a quirk of the original, visible in MNIST
MARGIN = 10  # pixels around 28 x 28 into which the box may move before it is cropped
INK_LEVEL = 0.1  # a pixel above this counts as ink


def to_mnist_form(ink: np.ndarray) -> np.ndarray:
    """Converts the ink of one digit, float `[H, W]`, 0 paper to 1 full ink, to a glyph uint8 `[28, 28]`.

    Raises:
      ValueError: if there is no ink.
    """
    square = _pad_to_square(_trim(ink))
    while square.shape[0] < BOX:
        square = np.kron(square, np.ones((2, 2)))
    weights = _box_weights(square.shape[0])
    small = weights @ square @ weights.T
    levels = np.clip(np.floor(small * 255.0 / min(1.0, small.max()) + 0.5), 0, 255)
    return _centre(levels.astype(np.uint8))


def _trim(ink: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(ink > INK_LEVEL)
    if not len(rows):
        raise ValueError("there is no ink to convert to MNIST's form")
    return ink[rows.min():rows.max() + 1, columns.min():columns.max() + 1]


def _pad_to_square(ink: np.ndarray) -> np.ndarray:
    """Pads with paper; the ink stays in the middle."""
    side = max(*ink.shape, MIN_SIDE)
    before = [(side - extent) // 2 for extent in ink.shape]
    return np.pad(ink, [(first, side - extent - first) for first, extent in zip(before, ink.shape, strict=True)])


def _box_weights(side: int) -> np.ndarray:
    """The overlap of each of `side` pixels with each of 20 cells: `[20, side]`, in widths of a cell."""
    scale = BOX / side
    starts = np.arange(side) * scale
    ends = starts + FOOTPRINT * scale
    cells = np.arange(BOX)[:, None]
    return np.clip(np.minimum(ends, cells + 1) - np.maximum(starts, cells), 0.0, None)


def _centre(levels: np.ndarray) -> np.ndarray:
    """Places 20 x 20 in 28 x 28: the centre of mass moves into (14, 15], unless it is already beyond 15."""
    mass = levels.sum(dtype=np.float64)
    positions = np.arange(BOX) + 0.5
    canvas = np.zeros((SIDE + 2 * MARGIN,) * 2, np.uint8)
    top, left = (int(np.clip(np.trunc(15.0 - (levels.sum(axis=1 - axis) @ positions) / mass),
                             -MARGIN, SIDE - BOX + MARGIN)) + MARGIN for axis in (0, 1))
    canvas[top:top + BOX, left:left + BOX] = levels
    return canvas[MARGIN:-MARGIN, MARGIN:-MARGIN]
