"""Strokes as rectangles and diagonals: which are a digit, which are dirt, and in what order."""

import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.writing.segment import EDGE, Box, find_digits

HEIGHT, WIDTH = 60, 160


def strokes(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Paper with full rectangles, each given as top, left, bottom and right."""
    ink = np.zeros((HEIGHT, WIDTH), np.float32)
    for top, left, bottom, right in boxes:
        ink[top:bottom, left:right] = 1.0
    return ink


def boxes_of(ink: np.ndarray) -> list[Box]:
    return [piece.box for piece in find_digits(ink)]


def test_digits_come_from_left_to_right_wherever_they_stand() -> None:
    left, middle, right = (25, 10, 55, 20), (5, 60, 35, 75), (20, 130, 50, 140)
    assert boxes_of(strokes(right, left, middle)) == [left, middle, right]


def test_a_box_knows_its_size() -> None:
    box = Box(top=5, left=60, bottom=35, right=75)
    assert (box.height, box.width) == (30, 15)


@pytest.mark.parametrize("pieces", [
    pytest.param([(5, 22, 9, 44), (12, 20, 50, 38)], id="a five and its bar"),
    pytest.param([(5, 20, 20, 40), (24, 22, 34, 30), (38, 20, 50, 40)], id="three in a column"),
    pytest.param([(5, 20, 45, 26), (47, 18, 52, 40), (20, 34, 30, 39)], id="joined by the third"),
])
def test_strokes_above_one_another_are_one_digit(pieces: list[tuple[int, int, int, int]]) -> None:
    after = (10, 80, 50, 95)
    tops, lefts, bottoms, rights = zip(*pieces, strict=True)
    whole = (min(tops), min(lefts), max(bottoms), max(rights))
    assert boxes_of(strokes(*pieces, after)) == [whole, after]


def test_all_strokes_of_a_digit_are_cut_out_with_it() -> None:
    ink = strokes((5, 22, 9, 44), (12, 20, 50, 38))
    piece, = find_digits(ink)
    assert piece.ink.sum() == ink.sum()


def test_digits_that_reach_a_little_over_one_another_stay_apart() -> None:
    one, other = (5, 20, 30, 40), (33, 34, 58, 60)
    assert boxes_of(strokes(one, other)) == [one, other]


@pytest.mark.parametrize("speck", [(50, 60, 53, 63), (20, 100, 27, 107), (0, 0, 1, 1)])
def test_a_speck_is_no_digit(speck: tuple[int, int, int, int]) -> None:
    digit = (5, 20, 45, 30)
    assert boxes_of(strokes(digit, speck)) == [digit]


@pytest.mark.parametrize("stroke", [(20, 60, 22, 80), (10, 60, 30, 62)])
def test_a_thin_stroke_is_no_speck(stroke: tuple[int, int, int, int]) -> None:
    digit = (5, 20, 45, 30)
    assert boxes_of(strokes(digit, stroke)) == [digit, stroke]


def leaning(left: int) -> np.ndarray:
    """A stroke that leans right by half its height."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    foot = left + (50 - rows) / 2
    inside = (rows >= 10) & (rows < 50) & (columns >= foot) & (columns < foot + 5)
    return inside.astype(np.float32)


def test_a_neighbour_that_reaches_into_the_box_is_left_out() -> None:
    one, other = leaning(20), leaning(38)
    first, second = find_digits(one + other)
    assert first.box.right > second.box.left
    assert (first.ink.sum(), second.ink.sum()) == (one.sum(), other.sum())


def test_soft_edges_are_kept_around_the_stroke() -> None:
    ink = strokes((10, 20, 40, 30))
    ink[9, 20:30] = ink[40, 20:30] = 0.3
    piece, = find_digits(ink)
    assert piece.box == (10, 20, 40, 30)
    assert piece.ink.shape == (30 + 2 * EDGE, 10 + 2 * EDGE)
    assert piece.ink.sum() == pytest.approx(ink.sum())


def test_strokes_that_touch_at_a_corner_are_one() -> None:
    assert boxes_of(strokes((5, 20, 25, 30), (25, 30, 45, 40))) == [(5, 20, 45, 40)]


def test_writing_up_to_the_border_is_found_whole() -> None:
    ink = strokes((0, 0, HEIGHT, 12), (0, WIDTH - 12, HEIGHT, WIDTH))
    pieces = find_digits(ink)
    assert [piece.ink.sum() for piece in pieces] == [HEIGHT * 12] * 2


def test_the_size_of_the_picture_does_not_matter() -> None:
    ink = strokes((5, 22, 9, 44), (12, 20, 50, 38), (50, 60, 53, 63), (10, 80, 50, 95))
    larger = np.kron(ink, np.ones((3, 3), np.float32))
    assert boxes_of(larger) == [tuple(3 * number for number in box) for box in boxes_of(ink)]


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_where_no_stroke_is_no_digit_is_found(level: float) -> None:
    with pytest.raises(InputError, match="no stroke was found"):
        find_digits(level * strokes((5, 20, 45, 30)))
