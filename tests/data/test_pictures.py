"""Pages of glyphs, pixel by pixel."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.data.pictures import GAP, beside, cross_grid, save_animation, save_ink, tile
from handwriting_gan.errors import InputError

ROWS, COLUMNS = 2, 3


@pytest.fixture(scope="module")
def body(held_out: Glyphs) -> np.ndarray:
    return held_out.images[:ROWS * COLUMNS].reshape(ROWS, COLUMNS, SIDE, SIDE)


def cell(page: np.ndarray, row: int, column: int, margin: int = 0) -> np.ndarray:
    """The glyph that stands in a row and a column, after a margin."""
    top, left = margin + row * SIDE, margin + column * SIDE
    return page[top:top + SIDE, left:left + SIDE]


def test_tiles_stand_edge_to_edge_in_their_rows_and_columns(body: np.ndarray) -> None:
    page = tile(body)
    assert page.shape == (ROWS * SIDE, COLUMNS * SIDE)
    for row, column in np.ndindex(ROWS, COLUMNS):
        np.testing.assert_array_equal(cell(page, row, column), body[row, column])


def test_a_cross_grid_puts_headings_beside_and_above_its_body(
        body: np.ndarray, held_out: Glyphs) -> None:
    left, top = held_out.images[100:100 + ROWS], held_out.images[200:200 + COLUMNS]
    page = cross_grid(body, left, top)
    for row, column in np.ndindex(ROWS, COLUMNS):
        np.testing.assert_array_equal(cell(page, row, column, SIDE + GAP), body[row, column])
        np.testing.assert_array_equal(cell(page[SIDE + GAP:], row, 0), left[row])
        np.testing.assert_array_equal(cell(page[:, SIDE + GAP:], 0, column), top[column])
    assert page.sum(dtype=np.int64) == sum(part.sum(dtype=np.int64) for part in (body, left, top))


def test_a_cross_grid_without_a_heading_above_begins_with_its_body(body: np.ndarray) -> None:
    page = cross_grid(body, body[:, 0])
    headed = cross_grid(body, body[:, 0], body[0])
    np.testing.assert_array_equal(page, headed[SIDE + GAP:])


@pytest.mark.parametrize("magnification", [1, 3])
def test_a_saved_picture_is_dark_on_white_and_each_pixel_a_square(
        magnification: int, body: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "picture.png"
    save_ink(path, body[0, 0], magnification)
    with Image.open(path) as picture:
        assert (picture.format, picture.mode) == ("PNG", "L")
        levels = np.asarray(picture)
    for row, column in np.ndindex(magnification, magnification):
        np.testing.assert_array_equal(255 - levels[row::magnification, column::magnification],
                                      body[0, 0])


def test_a_picture_that_cannot_be_written_is_named(body: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        save_ink(tmp_path, body[0, 0])


def test_pages_stand_side_by_side_with_a_gap(body: np.ndarray) -> None:
    one, other = body[0, 0], body[1, 1]
    page = beside(one, other)
    np.testing.assert_array_equal(cell(page, 0, 0), one)
    np.testing.assert_array_equal(cell(page, 0, 1, 0)[:, GAP:], other[:, :-GAP])
    assert page.shape == (SIDE, 2 * SIDE + GAP)
    np.testing.assert_array_equal(beside(one), one)


def test_an_animation_goes_there_and_back_dark_on_white(body: np.ndarray, tmp_path: Path) -> None:
    path, frames = tmp_path / "folder" / "morph.gif", list(body[0])
    save_animation(path, frames)
    with Image.open(path) as animation:
        assert (animation.format, animation.n_frames, animation.info["loop"]) == ("GIF", 4, 0)
        for place, frame in enumerate((0, 1, 2, 1)):
            animation.seek(place)
            levels = np.asarray(animation.convert("L")).astype(int)
            np.testing.assert_allclose(255 - levels, frames[frame], atol=2)


def test_an_animation_that_cannot_be_written_is_named(body: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        save_animation(tmp_path, list(body[0]))
