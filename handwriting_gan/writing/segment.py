"""Ink into connected strokes, and a page's strokes into the numbers that stand on it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.sparse import csgraph
from skimage.measure import label

from handwriting_gan.errors import InputError

INK = 0.5  # ink above this belongs to a stroke
MIN_HEIGHT = 8  # pixels of the tallest stroke; nobody reads less
MAX_STROKES = 1_000  # of a page
SPECK = 0.2  # of the tallest stroke's height: strokes smaller in both directions are dirt
SPACE = 1.2  # of the taller one's height: strokes farther apart on a line are of two numbers
LEVEL = 0.2  # of the lower one's height: strokes side by side that share less are not on one line
ABOVE = 0.2  # of the taller one's height: strokes one above the other that are farther apart are of two lines
WANDER, CERTAINLY = 0.04, 3.0  # of a digit's height, usual; times that, which tells of a tilt
ASIDE = 0.4  # of the tallest number's height: what is lower is no number but something beside one


class Box(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right`, the latter of each excluded."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left


def enclosing(boxes: Iterable[Sequence[int]]) -> Box:
    """The box around boxes."""
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return Box(min(tops), min(lefts), max(bottoms), max(rights))


def line_tilt(boxes: list[Box]) -> float:
    """By how many degrees a line of digits rises to the right, by their feet; 0 where that may be chance."""
    top, left, bottom, right = np.array(boxes, float).T
    along = (left + right) / 2 - (left + right).mean() / 2
    spread = np.square(along).sum()
    slope = -(along * bottom).sum() / spread if spread else 0.0
    chance = WANDER * np.median(bottom - top) / np.sqrt(spread) if spread else np.inf
    return float(np.rad2deg(np.arctan(slope))) if abs(slope) > CERTAINLY * chance else 0.0


class Strokes(NamedTuple):
    """Connected strokes of a page, or some of them."""

    labels: np.ndarray  # int [H, W], which stroke each pixel of the page is of
    names: np.ndarray  # int [S], the strokes' labels
    boxes: np.ndarray  # int [S, 4], as `Box` has them

    @property
    def box(self) -> Box:
        """Around all of them."""
        return enclosing(self.boxes.tolist())

    @property
    def heights(self) -> np.ndarray:
        """In pixels: `[S]`."""
        return self.boxes[:, 2] - self.boxes[:, 0]

    def take(self, rows: np.ndarray) -> "Strokes":
        """Some of them, by place or by a mask `[S]`."""
        return Strokes(self.labels, self.names[rows], self.boxes[rows])


def find_strokes(ink: np.ndarray) -> Strokes:
    """The connected strokes in ink float32 `[H, W]`, dirt apart.

    Raises:
      InputError: if there is none, or more than any page of numbers has.
    """
    labels = label(ink > INK, connectivity=2)
    boxes = np.array([(rows.start, columns.start, rows.stop, columns.stop)
                      for rows, columns in ndimage.find_objects(labels)], int).reshape(-1, 4)
    heights, widths = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    kept = np.maximum(heights, widths) >= SPECK * heights.max(initial=0)
    if heights.max(initial=0) < MIN_HEIGHT:
        raise InputError("no stroke was found in the picture; the writing should be darker or larger")
    if kept.sum() > MAX_STROKES:
        raise InputError(f"{kept.sum()} strokes were found in the picture, which are no number; crop it to "
                         "one")
    return Strokes(labels, np.arange(1, len(boxes) + 1)[kept], boxes[kept])


def group_numbers(strokes: Strokes) -> list[Strokes]:
    """The strokes of each number on a page, from the top, those beside one another from the left."""
    _, groups = csgraph.connected_components(_are_neighbours(strokes), directed=False)
    numbers = [strokes.take(groups == group) for group in range(groups.max() + 1)]
    tallest = max(number.heights.max() for number in numbers)
    return _in_order([number for number in numbers if number.heights.max() >= ASIDE * tallest])


def _are_neighbours(strokes: Strokes) -> np.ndarray:
    """Which strokes are near enough to be of one number: bool `[S, S]`."""
    apart, across = (np.maximum(starts[:, None], starts) - np.minimum(ends[:, None], ends)
                     for starts, ends in ((strokes.boxes[:, 0], strokes.boxes[:, 2]),
                                          (strokes.boxes[:, 1], strokes.boxes[:, 3])))
    taller = np.maximum(strokes.heights[:, None], strokes.heights)
    lower = np.minimum(strokes.heights[:, None], strokes.heights)
    beside = (across <= SPACE * taller) & (-apart >= LEVEL * lower)
    stacked = (across <= 0) & (apart <= ABOVE * taller)
    return beside | stacked


def _in_order(numbers: list[Strokes]) -> list[Strokes]:
    """From the top; those whose middle lies within the topmost one's height are beside it."""
    rest, ordered = sorted(numbers, key=lambda number: number.box.top), []
    while rest:
        bottom = rest[0].box.bottom
        beside = [number for number in rest if (number.box.top + number.box.bottom) / 2 < bottom]
        ordered += sorted(beside, key=lambda number: number.box.left)
        rest = [number for number in rest if all(number is not other for other in beside)]
    return ordered
