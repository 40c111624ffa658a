"""MNIST's form: its box, its centre, its resampling, and its invariances."""

import numpy as np
import pytest
from scipy import ndimage

from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.writing import mnist_form
from handwriting_gan.writing.mnist_form import BOX, to_mnist_form

FOOTPRINT = 0.99  # of a pixel, as in the original


def blob(seed: int, height: int = 70, width: int = 60) -> np.ndarray:
    """Smooth random ink with a margin of paper."""
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(size=(height, width)), 6.0)
    ink = np.clip(20.0 * noise + 0.3, 0.0, 1.0)
    return np.pad(ink, 5).astype(np.float32)


def centre_of_mass(glyph: np.ndarray) -> tuple[float, float]:
    """Row and column; pixel centres are at + 0.5."""
    row, column = ndimage.center_of_mass(glyph.astype(np.float64))
    return row + 0.5, column + 0.5


def overlap(start: float, end: float, cell: int) -> float:
    """The length that an interval shares with the cell `[cell, cell + 1]`."""
    return max(0.0, min(end, cell + 1) - max(start, cell))


def naive_resampling(ink: np.ndarray) -> np.ndarray:
    """Distributes each pixel over the cells of 20 x 20 that its footprint overlaps, by area."""
    scale = BOX / len(ink)
    cells = np.zeros((BOX, BOX))
    for (row, column), level in np.ndenumerate(ink):
        for down in range(int(row * scale), min(int((row + 1) * scale) + 1, BOX)):
            for right in range(int(column * scale), min(int((column + 1) * scale) + 1, BOX)):
                height = overlap(row * scale, (row + FOOTPRINT) * scale, down)
                width = overlap(column * scale, (column + FOOTPRINT) * scale, right)
                cells[down, right] += level * height * width
    return np.clip(np.floor(cells * 255 / min(1.0, cells.max()) + 0.5), 0, 255)


def box_of(glyph: np.ndarray) -> tuple[int, int]:
    """Height and width of the box around the ink."""
    rows, columns = np.nonzero(glyph)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


@pytest.mark.parametrize("seed", range(12))
def test_the_centre_of_mass_moves_to_the_middle(seed: int) -> None:
    for coordinate in centre_of_mass(to_mnist_form(blob(seed))):
        assert 14.0 < coordinate <= 15.0


def test_real_glyphs_have_their_centre_of_mass_in_the_same_range(held_out: Glyphs) -> None:
    centres = np.array([centre_of_mass(glyph) for glyph in held_out.images])
    assert 14.0 < centres.min() < centres.max() <= 15.0


def test_ink_with_a_low_centre_of_mass_stays_in_the_picture() -> None:
    """The offset is rounded towards zero, as in the original: here from less than one to zero."""
    ink = np.zeros((60, 60))
    ink[-12:] = ink[:, 28:32] = 1.0
    glyph = to_mnist_form(ink)
    assert np.flatnonzero(glyph.any(axis=1)).tolist() == list(range(BOX))
    assert 15.0 < centre_of_mass(glyph)[0] < 16.0


def test_narrow_ink_is_in_the_middle_of_its_square() -> None:
    """Six of forty columns start at the 17th, so they fill two of twenty columns and half of two more."""
    glyph = to_mnist_form(np.ones((40, 6)))
    assert np.count_nonzero(glyph.any(axis=0)) == 4


@pytest.mark.parametrize("side", [20, 33, 47])
def test_resampling_is_weighted_by_area(side: int) -> None:
    ink = blob(side, side, side)[5:-5, 5:-5]
    ink[[0, -1], side // 2] = ink[side // 2, [0, -1]] = 1.0  # the box is the whole picture
    glyph = to_mnist_form(ink)
    top, left = (int(15.0 - coordinate) for coordinate in centre_of_mass(naive_resampling(ink)))
    canvas = np.zeros((SIDE, SIDE))
    canvas[top:top + BOX, left:left + BOX] = naive_resampling(ink)
    np.testing.assert_allclose(glyph, canvas, atol=1.0)  # rounding may differ by one level
    assert np.mean(glyph != canvas) < 0.01


def test_a_picture_of_twenty_pixels_is_only_moved() -> None:
    ink = np.zeros((BOX, BOX))
    ink[np.arange(BOX), np.arange(BOX)] = 1.0
    expected = np.zeros((SIDE, SIDE))
    expected[5:25, 5:25] = 255 * ink  # its centre of mass moves from 10 to 15
    np.testing.assert_array_equal(to_mnist_form(ink), expected)


@pytest.mark.parametrize("seed", range(4))
def test_the_ink_fills_the_box_along_its_longer_side(seed: int) -> None:
    assert box_of(to_mnist_form(blob(seed, 80, 30)))[0] == BOX
    assert box_of(to_mnist_form(blob(seed, 30, 80)))[1] == BOX


@pytest.mark.parametrize("seed", range(4))
def test_the_size_of_the_picture_does_not_matter(seed: int) -> None:
    ink = blob(seed)
    doubled = to_mnist_form(np.kron(ink, np.ones((2, 2))))
    assert np.abs(doubled - to_mnist_form(ink).astype(np.float64)).max() < 10


def test_the_position_of_the_ink_does_not_matter() -> None:
    ink = blob(3)
    moved = np.pad(ink, ((0, 40), (25, 3)))
    np.testing.assert_array_equal(to_mnist_form(moved), to_mnist_form(ink))


@pytest.mark.parametrize("strength", [1.0, 0.5, 0.25])
def test_the_darkest_pixel_is_full_ink(strength: float) -> None:
    assert to_mnist_form(strength * blob(0)).max() == 255


def test_transposed_ink_gives_the_transposed_glyph() -> None:
    np.testing.assert_array_equal(to_mnist_form(blob(2).T), to_mnist_form(blob(2)).T)


def test_stroke_widths_keep_their_ratio() -> None:
    thin, thick = np.ones((100, 10)), np.ones((100, 20))
    assert to_mnist_form(thick).sum() == 2 * to_mnist_form(thin).sum()


def test_dirt_is_not_enlarged_to_a_digit() -> None:
    speck = np.ones((2, 2))
    height, width = box_of(to_mnist_form(speck))
    assert (height, width) == (2 * BOX // mnist_form.MIN_SIDE, 2 * BOX // mnist_form.MIN_SIDE)


def enlarged(glyph: np.ndarray) -> np.ndarray:
    """The ink of a glyph, enlarged six times."""
    return np.kron(glyph / 255.0, np.ones((6, 6)))


def fits(glyph: np.ndarray) -> bool:
    """Whether the glyph has full ink and an even box with sharp edges."""
    box = box_of(glyph)
    return bool(glyph.max() == 255 and min(box) % 2 == 0
                and box == box_of(glyph > 255 * mnist_form.INK_LEVEL))


def test_real_glyphs_with_an_even_box_are_unchanged(held_out: Glyphs) -> None:
    fitting = [glyph for glyph in held_out.images[::4] if fits(glyph)]
    assert len(fitting) > 100
    for glyph in fitting:
        np.testing.assert_array_equal(to_mnist_form(enlarged(glyph)), glyph)


def test_other_real_glyphs_move_by_half_a_pixel(held_out: Glyphs) -> None:
    others = [glyph for glyph in held_out.images[::10] if not fits(glyph)]
    for glyph in others:
        difference = np.abs(to_mnist_form(enlarged(glyph)) - glyph.astype(np.float64)).mean()
        assert difference < 14.0


@pytest.mark.parametrize("level", [0.0, mnist_form.INK_LEVEL])
def test_paper_without_ink_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="no ink"):
        to_mnist_form(np.full((30, 30), level))
