"""One digit's ink in MNIST's form, by the recipe that QMNIST's authors reconstructed (Yadav & Bottou 2019).

The ink's box, grown to a square, is averaged down to 20 x 20 and laid into 28 x 28 so that its centre of mass
comes to the middle. Absolute size is lost; shape, slant and the pen's width relative to the digit are kept.
"""

import numpy as np

from handwriting_gan.data.glyphs import SIDE

BOX = 20
LEAST_SIDE = 10  # a smaller square would blow dirt up
FOOTPRINT = 0.99  # of a pixel's extent that counts: a quirk of the original, visible in MNIST
MARGIN = 10  # pixels around 28 x 28 into which the box may be pushed before it is cut
PRESENT = 0.1  # ink above this bounds the digit


def to_mnist_form(ink: np.ndarray) -> np.ndarray:
    """Ink float `[H, W]`, 0 paper to 1 full, of one digit, to a glyph uint8 `[28, 28]`.

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
    rows, columns = np.nonzero(ink > PRESENT)
    if not len(rows):
        raise ValueError("there is no ink to bring to MNIST's form")
    return ink[rows.min():rows.max() + 1, columns.min():columns.max() + 1]


def _pad_to_square(ink: np.ndarray) -> np.ndarray:
    """Paper around the ink, which stays in the middle."""
    side = max(*ink.shape, LEAST_SIDE)
    before = [(side - extent) // 2 for extent in ink.shape]
    return np.pad(ink, [(first, side - extent - first)
                        for first, extent in zip(before, ink.shape, strict=True)])


def _box_weights(side: int) -> np.ndarray:
    """How much of each of `side` pixels falls into each of the 20: `[20, side]`, in pixels of the 20."""
    scale = BOX / side
    starts = np.arange(side) * scale
    ends = starts + FOOTPRINT * scale
    cells = np.arange(BOX)[:, None]
    return np.clip(np.minimum(ends, cells + 1) - np.maximum(starts, cells), 0.0, None)


def _centre(levels: np.ndarray) -> np.ndarray:
    """Lays 20 x 20 into 28 x 28: the centre of mass ends in (14, 15], unless it lies beyond 15 already."""
    mass = levels.sum(dtype=np.float64)
    places = np.arange(BOX) + 0.5
    canvas = np.zeros((SIDE + 2 * MARGIN,) * 2, np.uint8)
    top, left = (int(np.clip(np.trunc(15.0 - (levels.sum(axis=1 - axis) @ places) / mass),
                             -MARGIN, SIDE - BOX + MARGIN)) + MARGIN for axis in (0, 1))
    canvas[top:top + BOX, left:left + BOX] = levels
    return canvas[MARGIN:-MARGIN, MARGIN:-MARGIN]
