"""The digits found are marked at their positions, with a colour that shows doubt."""

import numpy as np

from handwriting_gan.writing.annotation import CERTAIN, DOUBTFUL, SIDE, annotate
from handwriting_gan.writing.photo import Page
from handwriting_gan.writing.segment import Box

PAPER = 230
BOXES = [Box(200, 300, 300, 360), Box(210, 400, 310, 470)]


def marked(probabilities: list[float]) -> np.ndarray:
    page = Page(np.full((500, 800, 3), PAPER, np.uint8), np.zeros((500, 800), np.float32))
    return annotate(page, BOXES, np.array([2, 7]), np.array(probabilities))


def contains(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(axis=-1).any())


def test_the_photo_around_the_digits_is_enlarged() -> None:
    picture = marked([1.0, 1.0])
    assert SIDE - 2 <= max(picture.shape) <= SIDE + 2
    assert (picture == PAPER).mean() > 0.6


def test_certain_and_doubtful_digits_have_different_colours() -> None:
    assert contains(marked([1.0, 1.0]), CERTAIN)
    assert not contains(marked([1.0, 1.0]), DOUBTFUL)
    assert contains(marked([1.0, 0.4]), CERTAIN)
    assert contains(marked([1.0, 0.4]), DOUBTFUL)


def test_boxes_are_at_the_positions_of_their_digits() -> None:
    first = np.flatnonzero((marked([0.2, 1.0]) == DOUBTFUL).all(axis=-1).any(axis=0))
    second = np.flatnonzero((marked([1.0, 0.2]) == DOUBTFUL).all(axis=-1).any(axis=0))
    assert first.max() < second.max()
    assert first.min() < second.min()


def test_digits_at_the_photos_edge_are_marked() -> None:
    page = Page(np.full((100, 160, 3), PAPER, np.uint8), np.zeros((100, 160), np.float32))
    assert annotate(page, [Box(0, 0, 100, 160)], np.array([4]), np.array([0.3])).ndim == 3
