"""Sheets, PNG files and animations, pixel by pixel."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.data.pictures import (
    FONT_SIZE,
    GAP,
    LABEL_MARGIN,
    Sheet,
    cross_sheet,
    png_of_sheet,
    row_sheet,
    save_animation,
    save_ink,
    side_by_side,
    tile,
)
from handwriting_gan.errors import InputError

ROWS, COLUMNS = 2, 3


@pytest.fixture(scope="module")
def body(held_out: Glyphs) -> np.ndarray:
    return held_out.images[:ROWS * COLUMNS].reshape(ROWS, COLUMNS, SIDE, SIDE)


def cell(page: np.ndarray, row: int, column: int, margin: int = 0) -> np.ndarray:
    """The glyph in a row and a column, after a margin."""
    top, left = margin + row * SIDE, margin + column * SIDE
    return page[top:top + SIDE, left:left + SIDE]


def test_tiles_are_edge_to_edge_in_their_rows_and_columns(body: np.ndarray) -> None:
    page = tile(body)
    assert page.shape == (ROWS * SIDE, COLUMNS * SIDE)
    for row, column in np.ndindex(ROWS, COLUMNS):
        np.testing.assert_array_equal(cell(page, row, column), body[row, column])


def test_a_cross_sheet_has_headings_at_the_left_and_above(
        body: np.ndarray, held_out: Glyphs) -> None:
    left, top = held_out.images[100:100 + ROWS], held_out.images[200:200 + COLUMNS]
    sheet = cross_sheet(body, left, top, "these", "those")
    page = sheet.ink
    assert sheet.column_labels == ((0, "these"), (SIDE + GAP, "those"))
    for row, column in np.ndindex(ROWS, COLUMNS):
        np.testing.assert_array_equal(cell(page, row, column, SIDE + GAP), body[row, column])
        np.testing.assert_array_equal(cell(page[SIDE + GAP:], row, 0), left[row])
        np.testing.assert_array_equal(cell(page[:, SIDE + GAP:], 0, column), top[column])
    assert page.sum(dtype=np.int64) == sum(part.sum(dtype=np.int64) for part in (body, left, top))


def test_a_cross_sheet_without_a_heading_above_starts_with_its_body(body: np.ndarray) -> None:
    page = cross_sheet(body, body[:, 0]).ink
    headed = cross_sheet(body, body[:, 0], body[0]).ink
    np.testing.assert_array_equal(page, headed[SIDE + GAP:])


def test_a_row_sheet_labels_the_middle_of_each_row(body: np.ndarray) -> None:
    sheet = row_sheet({"one": body[0], "other": body[1]})
    np.testing.assert_array_equal(sheet.ink, tile(body))
    assert sheet.row_labels == ((SIDE // 2, "one"), (SIDE + SIDE // 2, "other"))


def test_labels_are_outside_the_ink(body: np.ndarray) -> None:
    page = tile(body)
    labelled = Sheet(page, column_labels=((0, "above"),), row_labels=((SIDE // 2, "left"),))
    with Image.open(io.BytesIO(png_of_sheet(labelled, 1))) as picture:
        levels = np.asarray(picture)
    top = FONT_SIZE + 2 * LABEL_MARGIN
    np.testing.assert_array_equal(255 - levels[top:, -page.shape[1]:], page)
    assert levels[:top].min() < 128
    assert levels[top:, :-page.shape[1]].min() < 128


@pytest.mark.parametrize("magnification", [1, 3])
def test_a_saved_picture_is_dark_on_white_with_square_pixels(
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


def test_pages_are_side_by_side_with_a_gap_and_a_label_at_the_left_edge(body: np.ndarray) -> None:
    one, other = body[0, 0], body[1, 1]
    sheet = side_by_side({"one": one, "other": other})
    np.testing.assert_array_equal(sheet.ink[:, :SIDE], one)
    np.testing.assert_array_equal(sheet.ink[:, SIDE + GAP:], other)
    assert not sheet.ink[:, SIDE:SIDE + GAP].any()
    assert sheet.column_labels == ((0, "one"), (SIDE + GAP, "other"))
    np.testing.assert_array_equal(side_by_side({"one": one}).ink, one)


def test_an_animation_plays_forwards_and_backwards_dark_on_white(body: np.ndarray, tmp_path: Path) -> None:
    path, frames = tmp_path / "folder" / "morph.gif", list(body[0])
    save_animation(path, frames)
    with Image.open(path) as animation:
        assert (animation.format, animation.n_frames, animation.info["loop"]) == ("GIF", 4, 0)
        for index, frame in enumerate((0, 1, 2, 1)):
            animation.seek(index)
            levels = np.asarray(animation.convert("L")).astype(int)
            np.testing.assert_allclose(255 - levels, frames[frame], atol=2)


def test_an_animation_that_cannot_be_written_is_named(body: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        save_animation(tmp_path, list(body[0]))
