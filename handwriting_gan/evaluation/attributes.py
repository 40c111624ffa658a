"""Attributes of a glyph that a hand decides (after Morpho-MNIST, Castro et al. 2019).

Axes: N glyphs. Lengths are in pixels of 28 x 28.
"""

import numpy as np
from scipy import ndimage
from skimage.morphology import skeletonize

from handwriting_gan.data.glyphs import DIGITS, SIDE

NAMES = ("thickness", "slant", "aspect")
SCALE = 4  # enlargement before the skeleton is taken


def attributes(images: np.ndarray) -> np.ndarray:
    """`NAMES` of each glyph uint8 `[N, 28, 28]`: float64 `[N, 3]`, NaN where a glyph has no ink."""
    return np.array([_attributes(image) for image in images]).reshape(-1, len(NAMES))


def _attributes(image: np.ndarray) -> tuple[float, float, float]:
    if not image.any():
        return (np.nan,) * len(NAMES)
    return _thickness(image), _slant(image), _aspect(image)


def _thickness(image: np.ndarray) -> float:
    """Twice the mean distance to paper along the skeleton."""
    enlarged = ndimage.zoom(image.astype(np.float64), SCALE, order=3)
    # A margin of paper, so that ink at the border has an edge there.
    ink = np.pad(enlarged > image.max() / 2, 1)
    distance = ndimage.distance_transform_edt(ink)
    return float(2.0 * distance[skeletonize(ink)].mean() / SCALE)


def _slant(image: np.ndarray) -> float:
    """Angle in radians of the shear that ink shows, positive for leaning right."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    ink = image / image.sum(dtype=np.float64)
    rows, columns = rows - (ink * rows).sum(), columns - (ink * columns).sum()
    vertical = (ink * rows**2).sum()
    return float(np.arctan2(-(ink * rows * columns).sum(), max(vertical, 1e-12)))


def _aspect(image: np.ndarray) -> float:
    """Width over height of the box around the darker half of the ink's levels."""
    rows, columns = np.nonzero(image > image.max() / 2)
    return float((np.ptp(columns) + 1) / (np.ptp(rows) + 1))


def standardise(values: np.ndarray, digits: np.ndarray, reals: np.ndarray,
                real_digits: np.ndarray) -> np.ndarray:
    """Values `[N, A]` as deviations from reals `[M, A]` of the same digit: a 1 is narrow in anybody's hand.

    Raises:
      ValueError: if a digit has fewer than two reals.
    """
    result = np.empty_like(values)
    for digit in range(DIGITS):
        rows, same = digits == digit, reals[real_digits == digit]
        if rows.any():
            if len(same) < 2:
                raise ValueError(f"fewer than two real glyphs of the digit {digit}")
            result[rows] = (values[rows] - same.mean(axis=0)) / same.std(axis=0)
    return result


def correlations(one: np.ndarray, other: np.ndarray) -> dict[str, float | None]:
    """Pearson correlation per attribute of `[N, A]` with `[N, A]`, over rows without NaN.

    None where an attribute does not vary, or too few rows are whole.
    """
    whole = ~np.isnan(one + other).any(axis=1)
    return {name: _correlation(one[whole, column], other[whole, column])
            for column, name in enumerate(NAMES)}


def _correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    if len(one) < 2 or not one.std() or not other.std():
        return None
    return float(np.corrcoef(one, other)[0, 1])
