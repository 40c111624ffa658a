"""What was seen is drawn where it was seen."""

import numpy as np

from handwriting_gan.writing.annotation import CERTAIN, DOUBTFUL, SIDE, annotate
from handwriting_gan.writing.photo import Page
from handwriting_gan.writing.segment import Box

PAPER = 230
BOXES = [Box(200, 300, 300, 360), Box(210, 400, 310, 470)]


def seen(likely: list[float]) -> np.ndarray:
    page = Page(np.full((500, 800, 3), PAPER, np.uint8), np.zeros((500, 800), np.float32))
    return annotate(page, BOXES, np.array([2, 7]), np.array(likely))


def holds(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(axis=-1).any())


def test_the_photo_around_the_digits_is_shown_large() -> None:
    picture = seen([1.0, 1.0])
    assert SIDE - 2 <= max(picture.shape) <= SIDE + 2
    assert (picture == PAPER).mean() > 0.6


def test_the_sure_and_the_doubtful_look_different() -> None:
    assert holds(seen([1.0, 1.0]), CERTAIN)
    assert not holds(seen([1.0, 1.0]), DOUBTFUL)
    assert holds(seen([1.0, 0.4]), CERTAIN)
    assert holds(seen([1.0, 0.4]), DOUBTFUL)


def test_a_box_is_where_its_digit_is() -> None:
    marked = (seen([0.2, 1.0]) == DOUBTFUL).all(axis=-1)
    columns = np.flatnonzero(marked.any(axis=0))
    other = np.flatnonzero((seen([1.0, 0.2]) == DOUBTFUL).all(axis=-1).any(axis=0))
    assert columns.max() < other.max()
    assert columns.min() < other.min()


def test_digits_at_the_photos_edge_are_shown() -> None:
    page = Page(np.full((100, 160, 3), PAPER, np.uint8), np.zeros((100, 160), np.float32))
    assert annotate(page, [Box(0, 0, 100, 160)], np.array([4]), np.array([0.3])).ndim == 3
