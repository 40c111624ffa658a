"""Composed glyphs can be found again, in the layout of the hand."""

import numpy as np
import pytest
from scipy import ndimage

from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.writing import composition
from handwriting_gan.writing.composition import (
    MAX_PIXELS,
    MIN_SIZE,
    LineLayout,
    centre_lines,
    compose,
    measure_layout,
    regular_layout,
    stack_lines,
)
from handwriting_gan.writing.mnist_form import BOX
from handwriting_gan.writing.segment import find_strokes

BLANK = np.zeros((SIDE, SIDE), np.uint8)
IRREGULAR = LineLayout(60.0, np.array([0.1, 0.5, 0.3]), np.array([-0.2, 0.0, 0.1, 0.0]))


def in_one_piece(glyph: np.ndarray) -> bool:
    """Whether the glyph is connected at several ink levels."""
    return all(ndimage.label(glyph > level, np.ones((3, 3)))[1] == 1 for level in (80, 127, 170))


@pytest.fixture(scope="module")
def whole(held_out: Glyphs) -> np.ndarray:
    """Twelve connected glyphs, each 20 pixels high."""
    chosen = [glyph for glyph in held_out.images[::31] if in_one_piece(glyph)
              and np.ptp(np.flatnonzero((glyph > 127).any(axis=1))) + 1 == BOX]
    return np.stack(chosen[:12])


def digits_on(page: np.ndarray) -> list[np.ndarray]:
    """The ink of each stroke on its own page, from left to right."""
    strokes = find_strokes(page / np.float32(255))
    return [np.where(strokes.labels == strokes.ids[row], page, 0) / np.float32(255)
            for row in strokes.boxes[:, 1].argsort()]


def bottoms_on(page: np.ndarray) -> np.ndarray:
    """The row below each digit, from left to right."""
    strokes = find_strokes(page / np.float32(255))
    return strokes.boxes[strokes.boxes[:, 1].argsort(), 2]


@pytest.mark.parametrize("size", [BOX, 33.3, 150])
def test_every_written_digit_is_found(size: float, whole: np.ndarray) -> None:
    for count in (1, 2, len(whole)):
        assert len(find_strokes(compose(whole[:count], regular_layout(size)) / np.float32(255)).ids) == count


@pytest.mark.parametrize("size", [BOX, 33.3, 150])
def test_digits_have_the_requested_size(size: float, whole: np.ndarray) -> None:
    page = compose(whole, regular_layout(size))
    np.testing.assert_allclose(find_strokes(page / np.float32(255)).heights, size, rtol=0.1)


def test_at_mnists_size_a_glyph_is_unchanged(whole: np.ndarray) -> None:
    inked = whole[0] > composition.INK_LEVEL
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    trimmed = whole[0][rows.min() - 1:rows.max() + 1, columns.min():columns.max() + 1]
    layout = regular_layout(BOX)
    page = compose(whole[:1], layout)
    np.testing.assert_array_equal(page[layout.baseline - len(trimmed):layout.baseline,
                                       layout.margin:-layout.margin], trimmed)
    assert len(page) == layout.rows


def test_glyphs_keep_their_order_on_the_line(whole: np.ndarray) -> None:
    for ink, glyph in zip(digits_on(compose(whole, regular_layout(BOX))), whole, strict=True):
        inked = np.where(glyph > 127, glyph, 0).astype(np.float64)
        assert np.where(ink > 0.5, ink, 0).sum() == pytest.approx(inked.sum() / 255)


def test_edges_stay_steep_when_enlarged(whole: np.ndarray) -> None:
    """If edges were blurred, the fraction of grey pixels would not depend on the size."""
    grey = [np.mean((page > 25) & (page < 230)) for page in
            (compose(whole, regular_layout(BOX)), compose(whole, regular_layout(10 * BOX)))]
    assert grey[1] < 0.6 * grey[0]


@pytest.mark.parametrize("size", [60, 240])
def test_edges_do_not_show_the_glyphs_pixels(size: int, whole: np.ndarray) -> None:
    """If they did, edges would have few steps, each as large as an enlarged pixel."""
    page = compose(whole, regular_layout(size)) > 127
    left = page.argmax(axis=1)[page.any(axis=1)]
    steps = np.abs(np.diff(left))
    assert (steps[steps > 0] < size / BOX).mean() > 0.8
    assert (steps == 0).mean() < 0.8


def test_in_a_regular_layout_all_digits_are_on_the_baseline(whole: np.ndarray) -> None:
    layout = regular_layout(100)
    np.testing.assert_allclose(bottoms_on(compose(whole, layout)), layout.baseline, atol=3)


def test_measuring_recovers_the_layout(whole: np.ndarray) -> None:
    """A layout with one gap and one offset is deterministic."""
    layout = LineLayout(100.0, np.array([0.4]), np.array([0.0]))
    found = measure_layout(digits_on(compose(whole, layout)), scale=2.0)
    assert found.size == pytest.approx(50.0, rel=0.05)
    np.testing.assert_allclose(found.gaps, 0.4, atol=0.05)
    np.testing.assert_allclose(found.offsets, 0.0, atol=0.04)


def test_measuring_recovers_an_irregular_layout(whole: np.ndarray) -> None:
    found = measure_layout(digits_on(compose(whole, IRREGULAR, variation=1.0, seed=2)), scale=1.0)
    assert {round(offset, 1) for offset in (found.offsets - found.offsets.min()).tolist()} <= {
        0.0, 0.1, 0.2, 0.3}
    assert np.ptp(found.offsets) == pytest.approx(np.ptp(IRREGULAR.offsets), abs=0.05)
    assert all(np.abs(IRREGULAR.gaps - gap).min() < 0.06 for gap in found.gaps)


def test_without_variation_gaps_are_the_median_and_the_seed_has_no_effect(whole: np.ndarray) -> None:
    page = compose(whole, IRREGULAR)
    np.testing.assert_array_equal(page, compose(whole, IRREGULAR, variation=0.0, seed=7))
    found = measure_layout(digits_on(page), scale=1.0)
    np.testing.assert_allclose(found.gaps, np.median(IRREGULAR.gaps), atol=0.06)


def test_offsets_grow_in_proportion_to_variation(whole: np.ndarray) -> None:
    spread = [np.ptp(bottoms_on(compose(whole, IRREGULAR, variation, seed=3))) for variation in (0.0, 0.5, 1.0)]
    assert spread[1] == pytest.approx((spread[0] + spread[2]) / 2, abs=3)
    assert spread[0] < spread[2]


def test_no_offset_moves_ink_off_the_page(whole: np.ndarray) -> None:
    for seed in range(5):
        page = compose(whole, IRREGULAR, 1.0, seed)
        assert len(page) == IRREGULAR.rows
        assert not page[0].any()
        assert not page[-1].any()


def test_a_hand_of_one_digit_has_the_default_gap(whole: np.ndarray) -> None:
    one = np.pad(whole[0], 4) / 255.0
    assert measure_layout([one], 1.0).gaps.tolist() == [pytest.approx(composition.DEFAULT_GAP)]


@pytest.mark.parametrize(("size", "digits"), [(1.0, 3), (1e9, 3), (300.0, 10_000), (900.0, 100)])
def test_extreme_sizes_are_clipped(size: float, digits: int) -> None:
    bounded = regular_layout(size).limited_to(digits)
    assert MIN_SIZE <= bounded.size <= composition.MAX_SIZE
    widest = digits * bounded.size * (1 + composition.MAX_GAP)
    assert widest * bounded.rows <= MAX_PIXELS or bounded.size == MIN_SIZE


def test_a_blank_glyph_leaves_a_space(whole: np.ndarray) -> None:
    one, other = whole[:2]
    spaced = compose(np.stack([one, BLANK, other]), regular_layout(BOX))
    assert spaced.shape[1] >= compose(np.stack([one, other]), regular_layout(BOX)).shape[1] + SIDE // 2
    assert len(digits_on(spaced)) == 2


def test_the_line_has_empty_margins(whole: np.ndarray) -> None:
    page = compose(whole, regular_layout(60))
    assert page.dtype == np.uint8
    assert page.max() == 255
    assert not page[:, :20].any()
    assert not page[:, -20:].any()
    assert np.median(page) == 0


LINES = [np.full((2, 3), 7, np.uint8), np.full((2, 6), 8, np.uint8)]


def test_stacked_lines_are_aligned_left() -> None:
    np.testing.assert_array_equal(stack_lines(LINES), [[7] * 3 + [0] * 3] * 2 + [[8] * 6] * 2)


def test_centred_lines_have_the_largest_width() -> None:
    narrow, wide = centre_lines(LINES)
    np.testing.assert_array_equal(narrow, [[0, 7, 7, 7, 0, 0]] * 2)
    np.testing.assert_array_equal(wide, LINES[1])
