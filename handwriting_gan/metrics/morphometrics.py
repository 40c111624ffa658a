"""Morphometrics of glyphs (Morpho-MNIST, Castro et al. 2019, section 3.1).

Glyphs are enlarged four times and thresholded at half of their darkest level, as Morpho-MNIST does. The skeleton
is Zhang's, which has fewer spurs than a medial axis. Axes: N glyphs, A attributes. Lengths are in pixels of
28 x 28, angles in radians.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import ndimage
from skimage.morphology import skeletonize

from handwriting_gan.metrics.bootstrap import TooFewError

ATTRIBUTES = ("area", "length", "thickness", "slant", "width", "height", "aspect")
TOPOLOGY = ("holes", "middle ends")
COLUMNS = ATTRIBUTES + TOPOLOGY
TRAITS = {"closed 4": 4, "looped 2": 2, "barred 7": 7}  # the digit that has the trait
DIGITS = 10
SCALE = 4  # enlargement
CUT = 0.02  # fraction of the ink outside the box that width and height measure
LEAST_HOLE = 0.5  # square pixels; smaller holes are ignored
MIDDLE = (0.3, 0.8)  # of the skeleton's height, from its top
CHUNK = 250  # glyphs at a time: bounds memory
Box = tuple[slice, slice]  # rows and columns
Standardise = Callable[[np.ndarray, np.ndarray], np.ndarray]  # values [N, A], digits [N] -> [N, A]


def measure(images: np.ndarray) -> np.ndarray:
    """`COLUMNS` of each glyph uint8 `[N, 28, 28]`: float64 `[N, 9]`, NaN where a glyph has no ink."""
    chunks = [images[start:start + CHUNK] for start in range(0, len(images), CHUNK)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.concatenate([np.empty((0, len(COLUMNS))), *pool.map(_measure, chunks)])


def _measure(images: np.ndarray) -> np.ndarray:
    inked = images.any(axis=(1, 2))
    result = np.full((len(images), len(COLUMNS)), np.nan)
    if not inked.any():
        return result
    levels = images[inked].astype(np.float64)
    ink = enlarge(levels) > levels.max(axis=(1, 2), keepdims=True) / 2
    # Ink at the border needs an edge: add a margin of paper.
    ink = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    skeleton = np.array([skeletonize(glyph) for glyph in ink]).reshape(ink.shape)
    slants = slant(levels)
    width, height = extent(levels, slants)
    result[inked] = np.stack([
        ink.sum(axis=(1, 2)) / SCALE**2, length(skeleton), thickness(ink, skeleton), slants,
        width, height, width / height, holes(ink), middle_ends(skeleton)], axis=1)
    return result


def enlarge(levels: np.ndarray) -> np.ndarray:
    """Levels `[N, H, H]` enlarged by cubic splines with paper around: `[N, 4 H, 4 H]`."""
    # Zoom is linear, so one matrix serves all glyphs.
    spline = ndimage.zoom(np.eye(levels.shape[1]), (SCALE, 1), order=3, mode="grid-constant", grid_mode=True)
    return spline @ levels @ spline.T


def length(skeleton: np.ndarray) -> np.ndarray:
    """Length `[N]` of skeletons bool `[N, H, W]`: steps between neighbours, 1 along an axis, sqrt(2) diagonally."""
    straight = ((skeleton[:, 1:] & skeleton[:, :-1]).sum(axis=(1, 2))
                + (skeleton[:, :, 1:] & skeleton[:, :, :-1]).sum(axis=(1, 2)))
    diagonal = ((skeleton[:, 1:, 1:] & skeleton[:, :-1, :-1]).sum(axis=(1, 2))
                + (skeleton[:, 1:, :-1] & skeleton[:, :-1, 1:]).sum(axis=(1, 2)))
    return (straight + np.sqrt(2.0) * diagonal) / SCALE


def thickness(ink: np.ndarray, skeleton: np.ndarray) -> np.ndarray:
    """Twice the mean distance to paper along the skeleton: `[N]`."""
    distances = [ndimage.distance_transform_edt(glyph[box])[bones[box]].mean()
                 for glyph, bones, box in zip(ink, skeleton, _boxes(ink), strict=True)]
    return 2.0 * np.array(distances) / SCALE


def slant(levels: np.ndarray) -> np.ndarray:
    """Shear angle `[N]` of levels `[N, 28, 28]`, positive for leaning right."""
    rows, columns = _centred(levels)
    vertical = _mean(levels, rows**2)
    return np.arctan2(-_mean(levels, rows * columns), np.maximum(vertical, 1e-12))


def extent(levels: np.ndarray, slants: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Width and height `[N]` of the sheared box around all but `CUT` of the ink; each side leaves out half of it."""
    rows, columns = _centred(levels)
    along = columns + np.tan(slants)[:, None, None] * rows
    return _between(levels, along), _between(levels, np.broadcast_to(rows, levels.shape))


def _between(levels: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Distance `[N]` between two quantiles of ink at positions `[N, 28, 28]`; each pixel is one wide."""
    levels, positions = (values.reshape(len(levels), -1) for values in (levels, positions))
    # The density of ink rises where a pixel begins and falls where one ends.
    edges = np.concatenate([positions - 0.5, positions + 0.5], axis=1)
    order = np.argsort(edges, axis=1)
    edges = np.take_along_axis(edges, order, axis=1)
    density = np.cumsum(np.take_along_axis(np.concatenate([levels, -levels], axis=1), order, axis=1), axis=1)
    cumulative = np.pad(np.cumsum(density[:, :-1] * np.diff(edges), axis=1), ((0, 0), (1, 0)))
    cumulative /= cumulative[:, -1:]
    low, high = (np.array([np.interp(quantile, *row) for row in zip(cumulative, edges, strict=True)])
                 for quantile in (CUT / 2, 1 - CUT / 2))
    return high - low


def holes(ink: np.ndarray) -> np.ndarray:
    """The number `[N]` of regions of paper enclosed by ink, bool `[N, H, W]` with a margin of paper.

    A region is connected by edges.
    """
    return np.array([_holes(~glyph[box]) for glyph, box in zip(ink, _boxes(ink), strict=True)], int)


def _holes(paper: np.ndarray) -> int:
    regions, _ = ndimage.label(paper)
    sizes = np.bincount(regions.ravel())
    sizes[[0, regions[0, 0]]] = 0  # the ink, and the paper around it
    return int(np.count_nonzero(sizes >= LEAST_HOLE * SCALE**2))


def _boxes(ink: np.ndarray) -> list[Box]:
    """The rows and columns of each glyph's ink and of the paper next to it, for ink bool `[N, H, W]` with a margin.

    Distances to paper and holes do not depend on the rest.
    """
    sides = [(np.maximum(inked.argmax(axis=1) - 1, 0), inked.shape[1] - inked[:, ::-1].argmax(axis=1) + 1)
             for inked in (np.any(ink, axis=2), np.any(ink, axis=1))]
    return [(slice(*rows), slice(*columns)) for rows, columns in zip(*(
        np.stack(ends, axis=1) for ends in sides), strict=True)]


def middle_ends(skeleton: np.ndarray) -> np.ndarray:
    """The number `[N]` of stroke ends in the `MIDDLE` of skeletons bool `[N, H, W]`; a 7's bar has two.

    An end is a pixel with one neighbour.
    """
    padded = np.pad(skeleton.astype(np.int8), ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    neighbours = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:] - skeleton
    inked = np.any(skeleton, axis=2)
    top = inked.argmax(axis=1)
    bottom = inked.shape[1] - 1 - inked[:, ::-1].argmax(axis=1)
    heights = (np.arange(inked.shape[1]) - top[:, None]) / np.maximum(bottom - top, 1)[:, None]
    middle = (heights > MIDDLE[0]) & (heights < MIDDLE[1])
    return (skeleton & (neighbours == 1) & middle[:, :, None]).sum(axis=(1, 2))


def traits(measured: np.ndarray, digits: np.ndarray) -> np.ndarray:
    """`TRAITS` `[N, 3]` of measured glyphs `[N, 9]`: 1 yes, 0 no, NaN for other digits and blank glyphs."""
    enclosed, tips = measured[:, COLUMNS.index("holes")], measured[:, COLUMNS.index("middle ends")]
    shown = {"closed 4": enclosed >= 1, "looped 2": enclosed >= 1, "barred 7": tips >= 2}
    return np.stack([np.where((digits == digit) & ~np.isnan(enclosed), shown[name], np.nan)
                     for name, digit in TRAITS.items()], axis=1)


def standardiser(values: np.ndarray, digits: np.ndarray) -> Standardise:
    """A function that expresses values `[N, A]` as deviations from their digit's mean over real values `[M, A]`.

    Every digit has its own mean and deviation: a 1 is narrow in every hand.

    Raises:
      TooFewError: if a digit has fewer than two reals, or does not vary.
    """
    whole = ~np.isnan(values).any(axis=1)
    by_digit = [values[whole & (digits == digit)] for digit in range(DIGITS)]
    if min(map(len, by_digit)) < 2:
        raise TooFewError("a digit has fewer than two real glyphs to compare with")
    mean, deviation = (np.array([summary(reals, axis=0) for reals in by_digit])
                       for summary in (np.mean, np.std))
    if not deviation.all():
        raise TooFewError("a value does not vary among the real glyphs of a digit")
    return lambda values, digits: (values - mean[digits]) / deviation[digits]


def _centred(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row and column coordinates `[N, H, W]` relative to the centre of each glyph's ink."""
    rows, columns = np.mgrid[:levels.shape[1], :levels.shape[2]].astype(np.float64)
    rows, columns = (positions - _mean(levels, positions)[:, None, None] for positions in (rows, columns))
    return rows, columns


def _mean(levels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The mean of values under the ink: `[N]`."""
    return (levels * values).sum(axis=(1, 2)) / levels.sum(axis=(1, 2))
