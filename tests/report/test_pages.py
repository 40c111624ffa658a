"""The pictures of an evaluation: sizes, labels, ink on paper, the same bytes again."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.examples import Examples, Matrix, TraitRows, WriterRows
from handwriting_gan.metrics.morphometrics import ATTRIBUTES
from handwriting_gan.report import pages


def glyphs(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*shape, SIDE, SIDE)).astype(np.uint8)


@pytest.fixture(scope="module")
def examples() -> Examples:
    values = np.random.default_rng(0).normal(size=(2, 50, len(ATTRIBUTES)))
    return Examples(Matrix(glyphs(DIGITS), glyphs(DIGITS), glyphs(DIGITS, DIGITS)),
                    WriterRows(glyphs(4, 3), glyphs(4, DIGITS), glyphs(4, DIGITS)),
                    TraitRows(glyphs(5, 1), glyphs(5, 1), glyphs(5, 1), glyphs(5, 8)), glyphs(2, 6), values)


def levels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("L"))


def test_every_kind_of_example_has_a_picture(examples: Examples) -> None:
    assert tuple(pages.pictures(examples)) == pages.NAMES
    assert tuple(pages.pictures(Examples(matrix=examples.matrix))) == ("matrix",)
    assert pages.pictures(Examples()) == {}


def test_pictures_are_dark_ink_on_white_and_the_same_again(examples: Examples) -> None:
    again = pages.pictures(examples)
    for name, content in pages.pictures(examples).items():
        assert content == again[name]
        assert levels(content).min() < 50
        assert levels(content).max() == 255


def test_pictures_are_saved_beside_the_scorecard(examples: Examples, tmp_path: Path) -> None:
    made = pages.pictures(examples)
    paths = pages.save(made, tmp_path / "card.json")
    assert [path.name for path in paths] == [f"card_{name}.png" for name in pages.NAMES]
    assert [path.read_bytes() for path in paths] == list(made.values())


def test_a_path_that_cannot_be_written_is_refused(examples: Examples, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        pages.save(pages.pictures(examples), tmp_path / "file" / "card.json")


def test_the_scatter_leaves_out_missing_values_and_its_axes_fit_the_points() -> None:
    values = np.random.default_rng(0).normal(size=(50, len(ATTRIBUTES)))
    whole = pages.attribute_scatter(values, values)
    assert levels(whole).shape == (348, 1_200)
    assert pages.attribute_scatter(values, np.where(values > 1, np.nan, values)) != whole
    far = pages.attribute_scatter(5 * values, 5 * values)  # all points are inside the axes
    assert ((levels(far) < 200).sum() / (levels(whole) < 200).sum()) > 0.8


def test_rows_are_labelled(examples: Examples) -> None:
    rows = {"source": glyphs(DIGITS), "a long label": glyphs(DIGITS)}
    content = pages.labelled_rows(rows)
    assert content == pages.labelled_rows(rows)
    assert levels(content).shape[1] > levels(content).shape[0]
    with pytest.raises(ValueError, match="same shape"):
        pages.labelled_rows({**rows, "short": glyphs(2)})
