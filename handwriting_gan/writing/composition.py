"""Glyphs into a line of writing as a hand's digits stand on theirs: their size, their gaps, their feet.

MNIST's form has none of that, so it is measured in the picture and given back here.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from handwriting_gan.data.glyphs import SIDE
from handwriting_gan.writing.mnist_form import BOX

PRESENT = 64  # level of 255 above which ink takes room
CLOSE = 0.15  # of a digit's size: ink no farther above or below counts when two digits come near
MARGIN = 0.4  # of a digit's size, around the line
MOST_GAP, MOST_OFFSET = 1.2, 0.5  # of a digit's size
USUAL_GAP = 0.2  # of a digit's size, where a hand shows a single digit
SMOOTH = 0.45  # pixels of a glyph, over which an enlarged edge is made even
LEAST_SIZE, MOST_SIZE = BOX, 2_000  # pixels of a digit on the page
MOST_PIXELS = 40_000_000  # of a page; what would be larger is written smaller


class Manner(NamedTuple):
    """How a hand's digits stand on their line."""

    size: float  # pixels, the larger side of a digit, in the median; MNIST draws it 20 large
    gaps: np.ndarray  # float [n >= 1], between neighbours' ink, of the size
    offsets: np.ndarray  # float [n >= 1], of digits' feet below the line, of the size

    def for_so_many(self, digits: int) -> "Manner":
        """The same, of such a size that a page of so many digits has at most `MOST_PIXELS`."""
        room = (1.0 + MOST_GAP) * digits * (SIDE / BOX + 2 * MARGIN + 2 * MOST_OFFSET)
        return self._replace(size=float(np.clip(self.size, LEAST_SIZE,
                                                min(MOST_SIZE, (MOST_PIXELS / room)**0.5))))

    @property
    def feet(self) -> int:
        """The row of a composed line on which digits stand."""
        return round(self.size * (MARGIN + SIDE / BOX) + max(-self._lowered.min(), 0.0))

    @property
    def margin(self) -> int:
        """Pixels of paper beside a composed line."""
        return round(self.size * MARGIN)

    @property
    def rows(self) -> int:
        """Of a composed line."""
        return self.feet + round(self.size * MARGIN + max(self._lowered.max(), 0.0))

    @property
    def _lowered(self) -> np.ndarray:
        return self.size * self.offsets


def neat(size: float) -> Manner:
    """Digits of that size on one line, with the usual gap."""
    return Manner(size, np.array([USUAL_GAP]), np.zeros(1))


def manner_of(digits: Sequence[np.ndarray], scale: float) -> Manner:
    """As digits' ink float `[H, W]` each, 0 to 1, stands on a page of `scale` pixels for one of the photo."""
    boxes = np.array([_box(ink * 255.0) for ink in digits])
    size = float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))
    close = round(CLOSE * size)
    gaps: list[float] = [_distance(one * 255.0, other * 255.0, close)
                         for one, other in itertools.pairwise(digits)]
    feet = boxes[:, 2] - np.median(boxes[:, 2])
    return Manner(size / scale, np.clip(np.array(gaps or [USUAL_GAP * size]) / size, 0.0, MOST_GAP),
                  np.clip(feet / size, -MOST_OFFSET, MOST_OFFSET))


def compose(glyphs: np.ndarray, manner: Manner, variation: float = 0.0, seed: int = 0) -> np.ndarray:
    """Writes glyphs uint8 `[n, 28, 28]` on one line: ink uint8 `[H, W]`, 0 paper to 255 ink.

    With `variation` 0 all gaps are the hand's median and all digits stand on the line; with 1 each is drawn,
    as the seed says, among those that the hand shows.
    """
    rng = np.random.default_rng(seed)
    gaps, offsets = (_varied(shown, len(glyphs), variation, rng) * manner.size
                     for shown in (manner.gaps, manner.offsets))
    lines = [_on_line(glyph, manner, offset) for glyph, offset in zip(glyphs, offsets, strict=True)]
    close, lefts = round(CLOSE * manner.size), [manner.margin]
    for (one, other), gap in zip(itertools.pairwise(lines), gaps, strict=False):
        lefts.append(lefts[-1] + max(round(gap - _distance(one, other, close)), 1))
    page = np.zeros((manner.rows, max(left + line.shape[1] for left, line in
                                      zip(lefts, lines, strict=True)) + manner.margin), np.uint8)
    for left, line in zip(lefts, lines, strict=True):
        room = page[:, left:left + line.shape[1]]
        np.maximum(room, line, out=room)
    return page


def _varied(shown: np.ndarray, count: int, variation: float, rng: np.random.Generator) -> np.ndarray:
    """So many of what a hand shows, as far from its median as `variation` says."""
    usual = np.median(shown)
    return usual + variation * (rng.choice(shown, count) - usual)


def _on_line(glyph: np.ndarray, manner: Manner, offset: float) -> np.ndarray:
    """A glyph at the hand's size with its feet where they belong, without paper beside it: `[rows, w]`."""
    large = _enlarge(glyph, manner.size / BOX)
    if not (large > PRESENT).any():
        return np.zeros((manner.rows, round(manner.size * SIDE / BOX / 2)), np.uint8)  # a space
    top, left, bottom, right = _box(large)
    end = round(manner.feet + offset)
    line = np.zeros((manner.rows, right - left), np.uint8)
    start = max(end - (bottom - top), 0)
    line[start:end] = large[bottom - (end - start):bottom, left:right]
    return line


def _box(ink: np.ndarray) -> tuple[int, int, int, int]:
    """Top, left, bottom and right of ink `[H, W]` of 255 levels, the last two excluded."""
    rows, columns = np.nonzero(ink > PRESENT)
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1


def _distance(left: np.ndarray, right: np.ndarray, close: int) -> int:
    """Pixels of paper between two digits' ink `[H, W]` where they come nearest along the line.

    Both are laid on one page from its left edge. Where no ink of one is level with ink of the other it is
    what lies between their sides; a space takes all of its width.
    """
    if not ((left > PRESENT).any() and (right > PRESENT).any()):
        return -left.shape[1]
    ends = np.where(left > PRESENT, np.arange(left.shape[1]), -np.inf).max(axis=1)
    starts = np.where(right > PRESENT, np.arange(right.shape[1]), np.inf).min(axis=1)
    nearest = (starts - ndimage.maximum_filter1d(ends, 2 * close + 1)).min() - 1
    return int(nearest if np.isfinite(nearest) else starts.min() - ends.max() - 1)


def stack(lines: Sequence[np.ndarray]) -> np.ndarray:
    """Lines of ink uint8 `[H, W]` one below the other, from the left: uint8 `[sum of H, largest W]`."""
    width = max(line.shape[1] for line in lines)
    return np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]))) for line in lines])


def centre(lines: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Lines of ink uint8 `[H, W]` of one height, all with the largest width, as in an animation's frames."""
    width = max(line.shape[1] for line in lines)
    return [np.pad(line, ((0, 0), ((width - line.shape[1]) // 2, -((line.shape[1] - width) // 2))))
            for line in lines]


def _enlarge(ink: np.ndarray, scale: float) -> np.ndarray:
    """Smoothly larger, without the steps of the old pixels, its edges steep in the new ones."""
    size = (round(ink.shape[1] * scale), round(ink.shape[0] * scale))
    smooth = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC), np.float32)
    smooth = ndimage.gaussian_filter(smooth, SMOOTH * (scale - 1.0))
    steepness = 1.0 + (scale - 1.0) / 2.0
    return np.clip((smooth - 127.5) * steepness + 127.5, 0, 255).astype(np.uint8)
