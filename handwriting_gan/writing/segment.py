"""Finds connected strokes in ink and groups the strokes of a page into numbers."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from scipy.sparse import csgraph
from skimage.measure import label

from handwriting_gan.errors import InputError

INK = 0.5  # a pixel with more ink belongs to a stroke
MIN_HEIGHT = 8  # pixels of the tallest stroke; smaller writing is not legible
MAX_STROKES = 1_000  # of a page
SPECK = 0.2  # of the tallest stroke's height: strokes smaller in both directions are dirt
MAX_SPACE = 1.2  # of the taller stroke's height: horizontal gap between strokes of one number
MIN_OVERLAP = 0.2  # of the lower stroke's height: vertical overlap of strokes on one line
MAX_STACK_GAP = 0.2  # of the taller stroke's height: vertical gap between stacked strokes of one number
WANDER = 0.04  # of a digit's height: standard deviation of the digits' bottoms about the baseline
SIGNIFICANCE = 3.0  # standard errors from which a slope counts as a tilt
MIN_NUMBER_HEIGHT = 0.4  # of the tallest number's height; a lower group of strokes is not a number


class Box(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right`; `bottom` and `right` are exclusive."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """The height in pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """The width in pixels."""
        return self.right - self.left


def enclosing(boxes: Iterable[Sequence[int]]) -> Box:
    """The smallest box that contains all boxes."""
    tops, lefts, bottoms, rights = zip(*boxes, strict=True)
    return Box(min(tops), min(lefts), max(bottoms), max(rights))


def line_tilt(boxes: list[Box]) -> float:
    """The angle in degrees at which the digits' bottoms rise to the right; 0 if it is not significant."""
    top, left, bottom, right = np.array(boxes, float).T
    along = (left + right) / 2 - (left + right).mean() / 2
    spread = np.square(along).sum()
    slope = -(along * bottom).sum() / spread if spread else 0.0
    error = WANDER * np.median(bottom - top) / np.sqrt(spread) if spread else np.inf
    return float(np.rad2deg(np.arctan(slope))) if abs(slope) > SIGNIFICANCE * error else 0.0


class Strokes(NamedTuple):
    """Connected strokes of a page, or some of them."""

    labels: np.ndarray  # int [H, W], the id of the stroke at each pixel of the page, 0 paper
    ids: np.ndarray  # int [S]
    boxes: np.ndarray  # int [S, 4], in the order of `Box`

    @property
    def box(self) -> Box:
        """The box around all strokes."""
        return enclosing(self.boxes.tolist())

    @property
    def heights(self) -> np.ndarray:
        """The height of each stroke in pixels: `[S]`."""
        return self.boxes[:, 2] - self.boxes[:, 0]

    def take(self, rows: np.ndarray) -> "Strokes":
        """Some of the strokes, by indices or by a mask `[S]`."""
        return Strokes(self.labels, self.ids[rows], self.boxes[rows])


def find_strokes(ink: np.ndarray) -> Strokes:
    """The connected strokes in ink float32 `[H, W]`, without dirt.

    Raises:
      InputError: if there is none, or more than `MAX_STROKES`.
    """
    labels = label(ink > INK, connectivity=2)
    boxes = np.array([(rows.start, columns.start, rows.stop, columns.stop)
                      for rows, columns in ndimage.find_objects(labels)], int).reshape(-1, 4)
    heights, widths = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    kept = np.maximum(heights, widths) >= SPECK * heights.max(initial=0)
    if heights.max(initial=0) < MIN_HEIGHT:
        raise InputError("no stroke was found in the picture; the writing should be darker or larger")
    if kept.sum() > MAX_STROKES:
        raise InputError(f"the picture shows {kept.sum()} strokes, too many for a number; crop it to one number")
    return Strokes(labels, np.arange(1, len(boxes) + 1)[kept], boxes[kept])


def group_numbers(strokes: Strokes) -> list[Strokes]:
    """The strokes of each number on a page, from top to bottom and, on one line, from left to right."""
    _, groups = csgraph.connected_components(_are_neighbours(strokes), directed=False)
    numbers = [strokes.take(groups == group) for group in range(groups.max() + 1)]
    tallest = max(number.heights.max() for number in numbers)
    return _in_order([number for number in numbers if number.heights.max() >= MIN_NUMBER_HEIGHT * tallest])


def _are_neighbours(strokes: Strokes) -> np.ndarray:
    """Finds the pairs of strokes that are close enough to belong to one number: bool `[S, S]`."""
    vertical, horizontal = (np.maximum(starts[:, None], starts) - np.minimum(ends[:, None], ends)
                            for starts, ends in ((strokes.boxes[:, 0], strokes.boxes[:, 2]),
                                                 (strokes.boxes[:, 1], strokes.boxes[:, 3])))
    taller = np.maximum(strokes.heights[:, None], strokes.heights)
    lower = np.minimum(strokes.heights[:, None], strokes.heights)
    on_one_line = (horizontal <= MAX_SPACE * taller) & (-vertical >= MIN_OVERLAP * lower)
    stacked = (horizontal <= 0) & (vertical <= MAX_STACK_GAP * taller)
    return on_one_line | stacked


def _in_order(numbers: list[Strokes]) -> list[Strokes]:
    """Sorts numbers by line. A number is on the topmost one's line if its middle is above that one's bottom."""
    rest, ordered = sorted(numbers, key=lambda number: number.box.top), []
    while rest:
        bottom = rest[0].box.bottom
        line = [number for number in rest if (number.box.top + number.box.bottom) / 2 < bottom]
        ordered += sorted(line, key=lambda number: number.box.left)
        rest = [number for number in rest if all(number is not other for other in line)]
    return ordered
