"""Strokes: which are dirt, which form one number, and how a line is tilted."""

import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.writing.segment import Box, find_strokes, group_numbers, line_tilt

HEIGHT, WIDTH = 200, 400
FIVE = [(5, 22, 9, 44), (12, 20, 50, 38)]  # its bar, its body
LINE = [(10, 20, 50, 40), (12, 60, 50, 80), (8, 90, 48, 110)]


def ink_of(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Paper with rectangles of full ink, each given as top, left, bottom and right."""
    ink = np.zeros((HEIGHT, WIDTH), np.float32)
    for top, left, bottom, right in boxes:
        ink[top:bottom, left:right] = 1.0
    return ink


def boxes_of(*boxes: tuple[int, int, int, int]) -> set[tuple[int, ...]]:
    return {tuple(box) for box in find_strokes(ink_of(*boxes)).boxes.tolist()}


def numbers_in(*boxes: tuple[int, int, int, int]) -> list[set[tuple[int, ...]]]:
    """The boxes of each number's strokes."""
    return [{tuple(box) for box in number.boxes.tolist()}
            for number in group_numbers(find_strokes(ink_of(*boxes)))]


def moved(boxes: list[tuple[int, int, int, int]], down: int, right: int) -> list[tuple[int, int, int, int]]:
    return [(top + down, left + right, bottom + down, end + right) for top, left, bottom, end in boxes]


def test_a_box_has_a_height_and_a_width() -> None:
    box = Box(top=5, left=60, bottom=35, right=75)
    assert (box.height, box.width) == (30, 15)


def test_strokes_are_connected_ink_with_their_boxes() -> None:
    strokes = find_strokes(ink_of(*LINE))
    assert boxes_of(*LINE) == set(LINE)
    assert strokes.box == Box(8, 20, 50, 110)
    for name, (top, left, bottom, right) in zip(strokes.ids, strokes.boxes, strict=True):
        assert (strokes.labels[top:bottom, left:right] == name).all()
        assert (strokes.labels == name).sum() == (bottom - top) * (right - left)


@pytest.mark.parametrize("speck", [(50, 60, 53, 63), (20, 100, 27, 107), (0, 0, 1, 1)])
def test_a_speck_is_dirt(speck: tuple[int, int, int, int]) -> None:
    digit = (5, 20, 45, 30)
    assert boxes_of(digit, speck) == {digit}


@pytest.mark.parametrize("stroke", [(20, 60, 22, 80), (10, 60, 30, 62)])
def test_a_thin_stroke_is_not_dirt(stroke: tuple[int, int, int, int]) -> None:
    digit = (5, 20, 45, 30)
    assert boxes_of(digit, stroke) == {digit, stroke}


def test_strokes_that_touch_at_a_corner_are_connected() -> None:
    assert boxes_of((5, 20, 25, 30), (25, 30, 45, 40)) == {(5, 20, 45, 40)}


def test_the_size_of_the_picture_does_not_matter() -> None:
    ink = ink_of(*FIVE, (50, 60, 53, 63), *moved(FIVE, 100, 0))
    larger = np.kron(ink, np.ones((3, 3), np.float32))
    np.testing.assert_array_equal(find_strokes(larger).boxes, 3 * find_strokes(ink).boxes)
    assert len(group_numbers(find_strokes(larger))) == len(group_numbers(find_strokes(ink))) == 2


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_a_picture_without_strokes_is_refused(level: float) -> None:
    with pytest.raises(InputError, match="no stroke was found"):
        find_strokes(level * ink_of((5, 20, 45, 30)))


@pytest.mark.parametrize("pieces", [
    pytest.param(FIVE, id="a five and its bar"),
    pytest.param(LINE, id="digits side by side"),
    pytest.param([(10, 20, 50, 40), (32, 60, 72, 80), (54, 90, 94, 110)], id="a line that falls"),
    pytest.param([*FIVE, *moved(FIVE, 0, 50)], id="two fives"),
    pytest.param([(10, 20, 50, 40), (10, 85, 50, 105)], id="far apart, but not too far"),
])
def test_neighbouring_strokes_form_one_number(pieces: list[tuple[int, int, int, int]]) -> None:
    assert numbers_in(*pieces) == [set(pieces)]


@pytest.mark.parametrize(("down", "right"), [(60, 0), (100, 30), (60, -15), (0, 150), (5, 150), (-5, 150)])
def test_numbers_are_sorted_from_top_to_bottom_and_left_to_right(down: int, right: int) -> None:
    first, other = moved(LINE, 20, 20), moved(LINE, 20 + down, 20 + right)
    assert numbers_in(*other, *first) == [set(first), set(other)]


def test_strokes_much_smaller_than_a_number_are_not_one() -> None:
    small = [(100, 20, 112, 26), (100, 30, 112, 36)]
    assert numbers_in(*LINE, *small) == [set(LINE)]


@pytest.mark.parametrize("degrees", [-8.0, 5.0, 8.0])
def test_the_tilt_of_a_rising_line_is_measured(degrees: float) -> None:
    boxes = [Box(0, left, round(500 - left * np.tan(np.deg2rad(degrees))), left + 60)
             for left in (0, 110, 220, 330)]
    boxes = [box._replace(top=box.bottom - 100) for box in boxes]
    assert line_tilt(boxes) == pytest.approx(degrees, abs=0.2)
    lower = [box._replace(top=box.top + 40, bottom=box.bottom + 40) for box in boxes]
    assert line_tilt(lower) == pytest.approx(line_tilt(boxes))


@pytest.mark.parametrize("bottoms", [[100], [100, 104], [100, 104, 97], [100, 100, 100, 100]])
def test_an_irregular_line_is_not_tilted(bottoms: list[int]) -> None:
    assert line_tilt([Box(bottom - 100, 110 * index, bottom, 110 * index + 60)
                      for index, bottom in enumerate(bottoms)]) == 0.0


def test_strokes_too_small_to_read_are_refused() -> None:
    with pytest.raises(InputError, match="should be darker or larger"):
        find_strokes(ink_of((5, 20, 9, 40)))


def test_a_halftone_is_refused() -> None:
    dots = np.zeros((1_000, 800), np.float32)
    dots.reshape(100, 10, 80, 10)[:, :9, :, 4] = 1.0
    with pytest.raises(InputError, match="the picture shows 8000 strokes, too many for a number"):
        find_strokes(dots)
