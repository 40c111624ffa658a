"""Glyphs are validated, and bytes survive the round trip to network images."""

import re
from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.data.glyphs import (
    SIDE,
    UNKNOWN_SERIES,
    UNKNOWN_WRITER,
    Glyphs,
    make_glyphs,
    to_bytes,
    to_network,
)

PAPER = np.zeros((2, SIDE, SIDE), np.uint8)


def test_paper_is_minus_one_and_ink_is_plus_one_in_a_network() -> None:
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[3, 5] = 255
    inside = to_network(jnp.asarray(image))
    assert inside.shape == (SIDE, SIDE, 1)
    assert inside.dtype == jnp.float32
    assert inside[3, 5, 0] == 1.0
    assert inside[0, 0, 0] == -1.0


def test_every_level_survives_the_round_trip() -> None:
    levels = np.resize(np.arange(256, dtype=np.uint8), (2, SIDE, SIDE))
    np.testing.assert_array_equal(to_bytes(to_network(jnp.asarray(levels))), levels)


def test_values_beyond_1_are_clipped() -> None:
    image = np.zeros((1, SIDE, SIDE, 1), np.float32)
    image[0, 0, :2, 0] = -1.7, 1.7
    assert to_bytes(image)[0, 0, :3].tolist() == [0, 255, 128]


@pytest.mark.parametrize("rows", [[1], slice(1, None), np.array([False, True])])
def test_rows_are_taken_by_index_slice_or_mask(rows: object) -> None:
    glyphs = make_glyphs(np.stack([PAPER[0], PAPER[0] + 9]), [3, 7], [40, 50], [0, 4])
    taken = glyphs.take(rows)
    assert taken.images.min() == 9
    assert taken.digits.tolist() == [7]
    assert taken.writers.tolist() == [50]
    assert taken.series.tolist() == [4]


def test_without_writers_and_series_they_are_unknown() -> None:
    glyphs = make_glyphs(PAPER, [0, 9])
    assert glyphs.writers.tolist() == [UNKNOWN_WRITER, UNKNOWN_WRITER]
    assert glyphs.series.tolist() == [UNKNOWN_SERIES, UNKNOWN_SERIES]


@pytest.mark.parametrize("known", [{}, {"writers": np.array([1, 2], np.int64), "series": [0, 4]}])
def test_every_column_is_int32(known: dict) -> None:
    glyphs = make_glyphs(PAPER, [0, 9], **known)
    assert {column.dtype for column in glyphs[1:]} == {np.dtype(np.int32)}


@pytest.mark.parametrize("name", ["writers", "series"])
@pytest.mark.parametrize("column", [[], [1], [1, 2, 3], [[1], [2]], 1])
def test_a_column_of_another_length_is_refused(name: str, column: list | int) -> None:
    with pytest.raises(ValueError, match="2 glyphs need 2 writers and series"):
        make_glyphs(PAPER, [0, 9], **{name: column})


@pytest.mark.parametrize(("images", "digits"), [
    (PAPER.astype(np.float32), [0, 1]),
    (PAPER[:, 1:], [0, 1]),
    (PAPER[..., None], [0, 1]),
    (PAPER, [0]),
    (PAPER, [0, 10]),
    (PAPER, [-1, 0]),
    (PAPER, [[0], [1]]),
    (PAPER, [0.0, 7.9]),
    (PAPER, [True, False]),
    (PAPER, [3, True]),
    (PAPER, ["4", "8"]),
    (PAPER, [3, None]),
    (PAPER, 3),
    (PAPER, np.array([2**32, 2**32 + 1])),
    (PAPER, [2**70, 1]),
    (PAPER, [[0, 1], [2]]),
    (PAPER > 0, [0, 1]),
    (PAPER.tolist(), [0, 1]),
    ([PAPER[0], PAPER[1, 1:]], [0, 1]),
    (None, [0, 1]),
])
def test_invalid_images_or_digits_are_refused(images: np.ndarray, digits: list) -> None:
    with pytest.raises(ValueError, match="must be"):
        make_glyphs(images, digits)


@pytest.mark.parametrize("column", [[1.0, 2.0], [True, 2], [2**32, 1], [-2, 0], ["a", "b"]])
@pytest.mark.parametrize("name", ["writers", "series"])
def test_a_column_with_other_than_whole_numbers_is_refused(name: str, column: list) -> None:
    with pytest.raises(ValueError, match=f"{name} must be whole numbers from -1 to"):
        make_glyphs(PAPER, [0, 9], **{name: column})


@pytest.mark.parametrize("kind", [list, tuple, np.array, jnp.array, lambda rows: np.array(rows, np.uint8)])
def test_columns_can_be_numpy_arrays_jax_arrays_or_lists(kind: Callable[[list], object]) -> None:
    glyphs = make_glyphs(kind(list(PAPER)), kind([3, 7]), kind([40, 50]), kind([0, 4]))
    assert {type(column) for column in glyphs} == {np.ndarray}
    assert [column.tolist() for column in glyphs[1:]] == [[3, 7], [40, 50], [0, 4]]


def test_an_error_states_the_value_and_what_is_expected() -> None:
    with pytest.raises(ValueError, match=re.escape("uint8 [N, 28, 28], 0 paper to 255 ink, not float32 [2,")):
        make_glyphs(PAPER.astype(np.float32), [0, 1])
    with pytest.raises(ValueError, match="digits must be whole numbers from 0 to 9, not 12"):
        make_glyphs(PAPER, [0, 12])


def test_a_set_can_be_empty() -> None:
    glyphs = make_glyphs(PAPER[:0], [])
    assert isinstance(glyphs, Glyphs)
    assert len(glyphs.digits) == 0
