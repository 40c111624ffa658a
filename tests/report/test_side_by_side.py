"""Models side by side: the same glyphs for all, each answer in its row, ink on paper."""

import io

import numpy as np
import pytest
from PIL import Image

from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.hand import BEST
from handwriting_gan.report import side_by_side
from tests.evaluation.conftest import Oracle


def test_each_digit_is_drawn_from_a_source_of_another_by_every_model_that_can(
        styled: np.ndarray, material: Bench) -> None:
    models = {"whole": Oracle(styled), "without references": Oracle(styled, ("latent",)),
              "writer alone": Oracle(styled, ("writer",))}
    rows = side_by_side.reference_guided(models, material.held_out, seed=3)
    assert list(rows) == ["source", "reference", "whole", "without references"]
    assert {row.shape for row in rows.values()} == {(DIGITS, SIDE, SIDE)}
    (_, sources, references, seed), = models["whole"].asked
    assert seed == 3
    assert references.digits.tolist() == list(range(DIGITS))
    assert not np.any(sources.digits == references.digits)
    (_, same, digits, _), = models["without references"].asked
    np.testing.assert_array_equal(same.images, sources.images)
    np.testing.assert_array_equal(digits, references.digits)


def test_every_writer_comes_once_between_references_and_twin(styled: np.ndarray, material: Bench) -> None:
    case, model = material.case, Oracle(styled)
    rows = side_by_side.hands({"oracle": model}, case.glyphs, case.episodes, 5, seed=0)
    assert list(rows) == ["references", " ", "  ", "real", "oracle", "twin"]
    assert {len(row) for row in rows.values()} == {5}
    (_, references, digits, _, variation), = model.asked
    assert variation == BEST
    writers = references.writers[:, 0]
    assert len(set(writers.tolist())) == 5
    for real, twin, writer, digit in zip(rows["real"], rows["twin"], writers, digits, strict=True):
        theirs = case.glyphs.images[(case.glyphs.writers == writer) & (case.glyphs.digits == digit)]
        assert any(np.array_equal(real, glyph) for glyph in theirs)
        assert any(np.array_equal(twin, glyph) for glyph in theirs)
        assert not np.array_equal(real, twin)


def test_a_model_without_a_hand_has_no_row(styled: np.ndarray, material: Bench) -> None:
    case, guided = material.case, Oracle(styled, ("latent",))
    rows = side_by_side.hands({"guided": guided}, case.glyphs, case.episodes, 2, seed=0)
    assert "guided" not in rows


def test_rows_stand_beside_their_names(styled: np.ndarray, material: Bench) -> None:
    rows = side_by_side.reference_guided({"a": Oracle(styled)}, material.held_out, seed=0)
    content = side_by_side.labelled(rows)
    assert content == side_by_side.labelled(rows)
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    assert picture.shape[1] > picture.shape[0]  # ten digits, three rows
    assert picture.min() < 50 < 200 < np.median(picture)
    with pytest.raises(ValueError, match="same shape"):
        side_by_side.labelled({**rows, "short": rows["a"][:2]})
