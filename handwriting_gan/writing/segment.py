"""Ink into digits: connected strokes, pieces of one digit joined, from left to right."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.measure import label, regionprops

from handwriting_gan.errors import InputError

INK = 0.5  # ink above this belongs to a stroke
SPECK = 0.2  # of the tallest stroke's height: strokes smaller in both directions are dirt
OVERLAP = 0.4  # of the narrower one's width: strokes that overlap more are pieces of one digit
EDGE = 1  # pixels of soft edge kept around a stroke


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


class Piece(NamedTuple):
    """One digit as found: its place, and its ink alone with a soft edge around, float32 `[H, W]`, 0 to 1."""

    box: Box
    ink: np.ndarray


def find_digits(ink: np.ndarray) -> list[Piece]:
    """The digits in ink float32 `[H, W]`, left to right.

    Raises:
      InputError: if there is none.
    """
    labels, strokes = find_strokes(ink)
    return [_cut_out(ink, labels, box, names)
            for box, names in _join([(box, {name}) for box, name in strokes])]


def find_strokes(ink: np.ndarray) -> tuple[np.ndarray, list[tuple[Box, int]]]:
    """The connected strokes in ink float32 `[H, W]`, dirt apart: int labels `[H, W]`, boxes and labels.

    Raises:
      InputError: if there is none.
    """
    labels = label(ink > INK, connectivity=2)
    strokes = [(Box(*region.bbox), region.label) for region in regionprops(labels)]
    tallest = max((box.height for box, _ in strokes), default=0)
    kept = [(box, name) for box, name in strokes if max(box.height, box.width) >= SPECK * tallest]
    if not kept:
        raise InputError("no stroke was found in the picture; the writing should be darker or larger")
    return labels, kept


def _join(strokes: list[tuple[Box, set[int]]]) -> list[tuple[Box, set[int]]]:
    """Joins strokes that stand above one another, as a 5 and its bar; sorted from left to right."""
    joined: list[tuple[Box, set[int]]] = []
    for box, names in sorted(strokes, key=lambda stroke: stroke[0].left):
        if joined and _overlap(joined[-1][0], box) > OVERLAP:
            last, last_names = joined.pop()
            box = Box(min(last.top, box.top), last.left, max(last.bottom, box.bottom),
                      max(last.right, box.right))
            names = names | last_names
        joined.append((box, names))
    return joined


def _overlap(one: Box, other: Box) -> float:
    """How much two boxes share of their columns, as a part of the narrower one's."""
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared / min(one.width, other.width)


def _cut_out(ink: np.ndarray, labels: np.ndarray, box: Box, names: set[int]) -> Piece:
    """The ink of the named strokes and their soft edges; neighbours that reach into the box are left out."""
    top, left = max(box.top - EDGE, 0), max(box.left - EDGE, 0)
    window = np.s_[top:box.bottom + EDGE, left:box.right + EDGE]
    own = ndimage.binary_dilation(np.isin(labels[window], list(names)), iterations=EDGE)
    return Piece(box, np.where(own, ink[window], 0.0).astype(np.float32))
