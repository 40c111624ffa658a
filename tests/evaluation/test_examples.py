"""Examples for figures: the right glyphs at the right positions."""

import numpy as np
import pytest

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.evaluation import examples
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.examples import REFERENCES, WRITERS, WriterRows
from handwriting_gan.evaluation.hand import BEST
from handwriting_gan.metrics import morphometrics
from handwriting_gan.metrics.morphometrics import TRAITS
from tests.evaluation.conftest import Oracle


@pytest.mark.parametrize(("modes", "expected"), [
    ((), (False, False)), (("latent",), (False, False)), (("reference",), (True, False)), (("writer",), (False, True))])
def test_a_mode_that_the_model_lacks_has_no_examples(
        modes: tuple[str, ...], expected: tuple[bool, bool], styled: np.ndarray, material: Bench) -> None:
    found = examples.collect(Oracle(styled, modes), material)
    assert (found.matrix is not None, found.writers is not None) == expected
    assert (found.worst_read is not None) == (found.attributes is not None) == expected[1]


def test_without_a_hand_there_is_only_the_matrix(styled: np.ndarray, material: Bench) -> None:
    found = examples.collect(Oracle(styled), material._replace(case=None))
    assert found.matrix is not None
    assert found[1:] == (None, None, None, None)


def test_the_matrix_has_sources_as_rows_and_references_as_columns(
        styled: np.ndarray, material: Bench) -> None:
    model = Oracle(styled)
    matrix = examples.reference_matrix(model, material.held_out, seed=0)
    (_, sources, references, _), = model.calls
    np.testing.assert_array_equal(sources.digits, np.repeat(np.arange(DIGITS), DIGITS))
    np.testing.assert_array_equal(references.digits, np.tile(np.arange(DIGITS), DIGITS))
    np.testing.assert_array_equal(matrix.references, references.images[:DIGITS])
    np.testing.assert_array_equal(matrix.sources, sources.images[::DIGITS])
    assert matrix.images.shape == (DIGITS, DIGITS, SIDE, SIDE)


@pytest.fixture(scope="module")
def unseen(styled: np.ndarray, material: Bench) -> tuple[WriterRows, Oracle]:
    """The rows of unseen writers, and their model."""
    model = Oracle(styled)
    return examples.unseen_writers(model, material), model


def test_a_row_is_one_writer_with_best_guesses(unseen: tuple[WriterRows, Oracle]) -> None:
    rows, model = unseen
    assert len(rows.references) == WRITERS
    assert len({int(references.writers[0, 0]) for _, references, *_ in model.calls}) == WRITERS
    for shown, (_, references, _, _, variation) in zip(rows.references, model.calls, strict=True):
        assert len(np.unique(references.writers)) == 1
        np.testing.assert_array_equal(shown, references.images[0])
        assert shown.shape[0] == REFERENCES
        assert variation == BEST


def test_the_references_digits_are_blank_and_the_others_real_glyphs_of_the_writer(
        unseen: tuple[WriterRows, Oracle], material: Bench) -> None:
    rows, model = unseen
    owner = {image.tobytes(): (int(writer), int(digit)) for image, digit, writer, _ in zip(
        *material.held_out, strict=True)}
    for real, guesses, (_, references, digits, *_) in zip(rows.real, rows.best_guesses, model.calls, strict=True):
        inked = np.flatnonzero(real.any(axis=(1, 2)))
        assert inked.tolist() == sorted(digits) == np.flatnonzero(guesses.any(axis=(1, 2))).tolist()
        assert not set(digits) & set(references.digits[0].tolist())
        assert [owner[real[digit].tobytes()] for digit in digits] == [
            (int(references.writers[0, 0]), digit) for digit in digits]


def test_trait_rows_show_a_trait_in_the_shown_glyph_and_in_the_target(styled: np.ndarray, material: Bench) -> None:
    rows = examples.trait_rows(Oracle(styled), material)
    assert rows is not None
    for shown, real in zip(rows.shown[:, 0], rows.real[:, 0], strict=True):
        assert not np.array_equal(shown, real)
        traits = [morphometrics.traits(morphometrics.measure(np.stack([shown, real])), np.full(2, digit))[:, column]
                  for column, digit in enumerate(TRAITS.values())]
        assert any((each == 1).all() for each in traits)
    assert rows.best_guesses.shape == rows.real.shape
    assert rows.tries.shape[:2] == (len(rows.real), examples.TRAIT_TRIES)


def test_without_own_digit_episodes_there_are_no_trait_rows(styled: np.ndarray, material: Bench) -> None:
    assert examples.trait_rows(Oracle(styled), material._replace(own_digit_case=None)) is None


def test_the_worst_read_tries_are_below_the_real_glyphs(styled: np.ndarray, material: Bench) -> None:
    class Wrong(Oracle):
        """Writes 0 for every 7."""

        def write_each(self, references: Glyphs, digits: np.ndarray, seed: int = 0,
                       variation: float = 1.0) -> np.ndarray:
            return super().write_each(references, np.where(digits == 7, 0, digits), seed, variation)

    above, below = examples.worst_read(Wrong(styled), material)
    real = material.case.targets
    sevens = {image.tobytes() for image in real.images[real.digits == 7]}
    assert {image.tobytes() for image in above} <= sevens
    assert (material.judges.reader.digits(below) == 0).all()


def test_every_model_translates_the_same_glyphs(styled: np.ndarray, material: Bench) -> None:
    models = {"whole": Oracle(styled), "without references": Oracle(styled, ("latent",)),
              "writer mode only": Oracle(styled, ("writer",))}
    rows = examples.translations(models, material.held_out, seed=3)
    assert list(rows) == ["source", "reference", "whole", "without references"]
    assert {row.shape for row in rows.values()} == {(DIGITS, SIDE, SIDE)}
    (_, sources, references, seed), = models["whole"].calls
    assert seed == 3
    assert references.digits.tolist() == list(range(DIGITS))
    assert not np.any(sources.digits == references.digits)
    (_, same, digits, _), = models["without references"].calls
    np.testing.assert_array_equal(same.images, sources.images)
    np.testing.assert_array_equal(digits, references.digits)


def test_every_writer_has_one_column_from_references_to_twin(styled: np.ndarray, material: Bench) -> None:
    case, model = material.case, Oracle(styled)
    rows = examples.hands({"oracle": model, "guided only": Oracle(styled, ("latent",))}, case.glyphs, case.episodes,
                          5, seed=0)
    assert list(rows) == ["reference 1", "reference 2", "reference 3", "real", "oracle", "twin"]
    assert {len(row) for row in rows.values()} == {5}
    (_, references, digits, _, variation), = model.calls
    assert variation == BEST
    writers = references.writers[:, 0]
    assert len(set(writers.tolist())) == 5
    for real, twin, writer, digit in zip(rows["real"], rows["twin"], writers, digits, strict=True):
        theirs = case.glyphs.images[(case.glyphs.writers == writer) & (case.glyphs.digits == digit)]
        assert any(np.array_equal(real, glyph) for glyph in theirs)
        assert any(np.array_equal(twin, glyph) for glyph in theirs)
        assert not np.array_equal(real, twin)
