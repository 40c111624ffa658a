"""Composes glyphs into a line with the digit size, gaps and baseline of a hand.

MNIST's form removes all three, so they are measured in the photo and applied here.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from handwriting_gan.data.glyphs import SIDE
from handwriting_gan.writing.mnist_form import BOX

INK_LEVEL = 64  # of 255: a pixel above this counts as ink
ROW_REACH = 0.15  # of a digit's size: a gap is measured between pixels whose rows are at most this far apart
MARGIN = 0.4  # of a digit's size, around the line
MAX_GAP, MAX_OFFSET = 1.2, 0.5  # of a digit's size
DEFAULT_GAP = 0.2  # of a digit's size, for a hand of a single digit
SMOOTHING = 0.45  # pixels of a glyph: the standard deviation that smooths an enlarged edge
MIN_SIZE, MAX_SIZE = BOX, 2_000  # pixels of a digit on the page
MAX_PIXELS = 40_000_000  # of a page; a larger one is written smaller


class LineLayout(NamedTuple):
    """The size, gaps and offsets of a hand's digits on a line."""

    size: float  # pixels: the median of the digits' larger sides; 20 in MNIST
    gaps: np.ndarray  # float [n >= 1], between the ink of neighbours, of the size
    offsets: np.ndarray  # float [n >= 1], of the digits' bottoms below the baseline, of the size

    def limited_to(self, digits: int) -> "LineLayout":
        """The same layout with a size at which a page of `digits` digits has at most `MAX_PIXELS`."""
        area = (1.0 + MAX_GAP) * digits * (SIDE / BOX + 2 * MARGIN + 2 * MAX_OFFSET)  # of a digit of size 1
        return self._replace(size=float(np.clip(self.size, MIN_SIZE, min(MAX_SIZE, (MAX_PIXELS / area)**0.5))))

    @property
    def baseline(self) -> int:
        """The row below the digits of a composed line."""
        return round(self.size * (MARGIN + SIDE / BOX) + max(-self._offset_pixels.min(), 0.0))

    @property
    def margin(self) -> int:
        """Pixels of paper on the left and on the right of a composed line."""
        return round(self.size * MARGIN)

    @property
    def rows(self) -> int:
        """The height of a composed line in pixels."""
        return self.baseline + round(self.size * MARGIN + max(self._offset_pixels.max(), 0.0))

    @property
    def _offset_pixels(self) -> np.ndarray:
        return self.size * self.offsets


def regular_layout(size: float) -> LineLayout:
    """Digits of this size in pixels on one baseline, with the default gap."""
    return LineLayout(size, np.array([DEFAULT_GAP]), np.zeros(1))


def measure_layout(digits: Sequence[np.ndarray], scale: float) -> LineLayout:
    """Measures the layout of digits, in pixels of the photo.

    Args:
      digits: the ink of each digit on the whole line, left to right: float `[H, W]` each, 0 to 1.
      scale: pixels of `digits` per pixel of the photo.
    """
    boxes = np.array([_box(ink * 255.0) for ink in digits])
    size = float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))
    reach = round(ROW_REACH * size)
    gaps: list[float] = [_gap(one * 255.0, other * 255.0, reach) for one, other in itertools.pairwise(digits)]
    offsets = boxes[:, 2] - np.median(boxes[:, 2])
    return LineLayout(size / scale, np.clip(np.array(gaps or [DEFAULT_GAP * size]) / size, 0.0, MAX_GAP),
                      np.clip(offsets / size, -MAX_OFFSET, MAX_OFFSET))


def compose(glyphs: np.ndarray, layout: LineLayout, variation: float = 0.0, seed: int = 0) -> np.ndarray:
    """Places glyphs uint8 `[n, 28, 28]` on one line: ink uint8 `[H, W]`, 0 paper to 255 ink.

    With `variation` 0 all gaps and offsets are the layout's medians. With 1 the seed samples each of them from
    the layout's values.
    """
    rng = np.random.default_rng(seed)
    gaps, offsets = (_vary(values, len(glyphs), variation, rng) * layout.size
                     for values in (layout.gaps, layout.offsets))
    lines = [_on_line(glyph, layout, offset) for glyph, offset in zip(glyphs, offsets, strict=True)]
    reach, lefts = round(ROW_REACH * layout.size), [layout.margin]
    for (one, other), gap in zip(itertools.pairwise(lines), gaps, strict=False):
        lefts.append(lefts[-1] + max(round(gap - _gap(one, other, reach)), 1))
    right = max(left + line.shape[1] for left, line in zip(lefts, lines, strict=True))
    page = np.zeros((layout.rows, right + layout.margin), np.uint8)
    for left, line in zip(lefts, lines, strict=True):
        window = page[:, left:left + line.shape[1]]
        np.maximum(window, line, out=window)
    return page


def _vary(values: np.ndarray, count: int, variation: float, rng: np.random.Generator) -> np.ndarray:
    """Samples `count` values and moves them towards the median: `variation` 0 is the median."""
    median = np.median(values)
    return median + variation * (rng.choice(values, count) - median)


def _on_line(glyph: np.ndarray, layout: LineLayout, offset: float) -> np.ndarray:
    """An enlarged glyph with its bottom at the baseline plus `offset`, without paper at its sides: `[rows, w]`."""
    large = _enlarge(glyph, layout.size / BOX)
    if not (large > INK_LEVEL).any():
        return np.zeros((layout.rows, round(layout.size * SIDE / BOX / 2)), np.uint8)  # a space
    top, left, bottom, right = _box(large)
    end = round(layout.baseline + offset)
    line = np.zeros((layout.rows, right - left), np.uint8)
    start = max(end - (bottom - top), 0)
    line[start:end] = large[bottom - (end - start):bottom, left:right]
    return line


def _box(ink: np.ndarray) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of ink `[H, W]`, 0 to 255; bottom and right are exclusive."""
    rows, columns = np.nonzero(ink > INK_LEVEL)
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1


def _gap(left: np.ndarray, right: np.ndarray, reach: int) -> int:
    """The smallest horizontal distance in pixels between the ink of two digits `[H, W]` on one page.

    Only rows at most `reach` apart are compared. If the digits share no such rows, the gap is that between
    their boxes. The gap of a space is minus its width.
    """
    if not ((left > INK_LEVEL).any() and (right > INK_LEVEL).any()):
        return -left.shape[1]
    ends = np.where(left > INK_LEVEL, np.arange(left.shape[1]), -np.inf).max(axis=1)
    starts = np.where(right > INK_LEVEL, np.arange(right.shape[1]), np.inf).min(axis=1)
    nearest = (starts - ndimage.maximum_filter1d(ends, 2 * reach + 1)).min() - 1
    return int(nearest if np.isfinite(nearest) else starts.min() - ends.max() - 1)


def stack_lines(lines: Sequence[np.ndarray]) -> np.ndarray:
    """Lines of ink uint8 `[H, W]` one below the other, aligned left: uint8 `[sum of H, largest W]`."""
    width = max(line.shape[1] for line in lines)
    return np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]))) for line in lines])


def centre_lines(lines: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Lines of ink uint8 `[H, W]` of one height, centred to the largest width, as frames of an animation."""
    width = max(line.shape[1] for line in lines)
    return [np.pad(line, ((0, 0), ((width - line.shape[1]) // 2, -((line.shape[1] - width) // 2)))) for line in lines]


def _enlarge(ink: np.ndarray, scale: float) -> np.ndarray:
    """Enlarges ink without visible steps of the old pixels; the contrast makes its edges steep."""
    size = (round(ink.shape[1] * scale), round(ink.shape[0] * scale))
    smooth = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC), np.float32)
    smooth = ndimage.gaussian_filter(smooth, SMOOTHING * (scale - 1.0))
    steepness = 1.0 + (scale - 1.0) / 2.0
    return np.clip((smooth - 127.5) * steepness + 127.5, 0, 255).astype(np.uint8)
