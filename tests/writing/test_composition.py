"""Glyphs on a line can be found again, at the size that was asked for."""

import numpy as np
import pytest
from scipy import ndimage

from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.writing.composition import GAP, MOST_HEIGHT, centre, compose, stack
from handwriting_gan.writing.mnist_form import BOX
from handwriting_gan.writing.segment import Piece, find_digits

BLANK = np.zeros((SIDE, SIDE), np.uint8)


def in_one_piece(glyph: np.ndarray) -> bool:
    """Whether the glyph hangs together with a margin to spare, as far as its pen is seen."""
    return all(ndimage.label(glyph > level, np.ones((3, 3)))[1] == 1 for level in (80, 127, 170))


@pytest.fixture(scope="module")
def whole(held_out: Glyphs) -> np.ndarray:
    """Twelve glyphs of all digits, each in one piece, full 20 pixels high."""
    chosen = [glyph for glyph in held_out.images[::31] if in_one_piece(glyph)
              and np.ptp(np.flatnonzero((glyph > 127).any(axis=1))) + 1 == BOX]
    return np.stack(chosen[:12])


def pieces_of(page: np.ndarray) -> list[Piece]:
    return find_digits(page / np.float32(255))


@pytest.mark.parametrize("height", [BOX, 33.3, 150])
def test_as_many_digits_are_found_as_were_written(height: float, whole: np.ndarray) -> None:
    for count in (1, 2, len(whole)):
        assert len(pieces_of(compose(whole[:count], height))) == count


@pytest.mark.parametrize("height", [BOX, 33.3, 150])
def test_digits_come_out_at_the_height_asked_for(height: float, whole: np.ndarray) -> None:
    for piece in pieces_of(compose(whole, height)):
        assert piece.box.height == pytest.approx(height, rel=0.1)


@pytest.mark.parametrize("height", [20, 40, 100])
def test_the_page_grows_with_the_height(height: int, whole: np.ndarray) -> None:
    small, page = compose(whole, BOX), compose(whole, height)
    assert page.shape == (small.shape[0] * height // BOX, small.shape[1] * height // BOX)


def test_at_mnists_own_height_the_glyphs_stand_as_they_are(whole: np.ndarray) -> None:
    page = compose(whole[:1], BOX)
    inked = np.flatnonzero((whole[0] > 64).any(axis=0))
    trimmed = whole[0][:, inked.min():inked.max() + 1]
    np.testing.assert_array_equal(page, np.pad(trimmed, ((0, 0), (2 * GAP, 2 * GAP))))


def test_the_order_of_the_glyphs_is_the_order_on_the_line(whole: np.ndarray) -> None:
    for piece, glyph in zip(pieces_of(compose(whole, BOX)), whole, strict=True):
        inked = np.where(glyph > 127, glyph, 0).astype(np.float64)
        assert np.where(piece.ink > 0.5, piece.ink, 0).sum() == pytest.approx(inked.sum() / 255)


def test_edges_stay_steep_when_enlarged(whole: np.ndarray) -> None:
    """Blurred edges would fill the page with grey in proportion to its area."""
    grey = [np.mean((page > 25) & (page < 230)) for page in
            (compose(whole, BOX), compose(whole, 10 * BOX))]
    assert grey[1] < 0.6 * grey[0]


@pytest.mark.parametrize(("asked", "given"), [(1, BOX), (0, BOX), (MOST_HEIGHT + 999, MOST_HEIGHT)])
def test_absurd_heights_are_bounded(asked: float, given: float, whole: np.ndarray) -> None:
    assert compose(whole[:1], asked).shape == compose(whole[:1], given).shape


def test_a_blank_glyph_leaves_a_space(whole: np.ndarray) -> None:
    one, other = whole[:2]
    spaced = compose(np.stack([one, BLANK, other]), BOX)
    assert spaced.shape[1] == compose(np.stack([one, other]), BOX).shape[1] + SIDE // 2 + GAP
    assert len(pieces_of(spaced)) == 2


def test_the_line_is_ink_on_empty_paper(whole: np.ndarray) -> None:
    page = compose(whole, 60)
    assert page.dtype == np.uint8
    assert page.max() == 255
    assert not page[:, :GAP].any()
    assert not page[:, -GAP:].any()
    assert np.median(page) == 0


LINES = [np.full((2, 3), 7, np.uint8), np.full((2, 6), 8, np.uint8)]


def test_stacked_lines_begin_at_the_left_one_below_the_other() -> None:
    np.testing.assert_array_equal(stack(LINES), [[7] * 3 + [0] * 3] * 2 + [[8] * 6] * 2)


def test_centred_lines_have_the_largest_width_and_their_ink_in_the_middle() -> None:
    narrow, wide = centre(LINES)
    np.testing.assert_array_equal(narrow, [[0, 7, 7, 7, 0, 0]] * 2)
    np.testing.assert_array_equal(wide, LINES[1])
