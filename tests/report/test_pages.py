"""Pictures beside the scorecard: as large as they should be, ink on paper, glyphs in their places."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.data.pictures import GAP, MAGNIFICATION
from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.metrics.morphometrics import ATTRIBUTES
from handwriting_gan.report import pages
from handwriting_gan.report.pages import REFERENCES
from tests.evaluation.conftest import MODES, Oracle

WIDE = REFERENCES + 2 * DIGITS + 4  # columns of the page of unseen writers, gaps among them
NAMES = ("card_matrix.png", "card_unseen_writers.png", "card_worst_read.png", "card_attributes.png")


@pytest.fixture(scope="module")
def folder(styled: np.ndarray, material: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all the oracle's pictures lie."""
    folder = tmp_path_factory.mktemp("pages")
    drawn = pages.draw(Oracle(styled), material, folder / "card.json")
    assert drawn == [folder / name for name in NAMES]
    return folder


def rows_of_page(page: np.ndarray) -> np.ndarray:
    """The glyphs of a page without narrow gaps: uint8 `[R, C, 28, 28]`."""
    rows, columns = page.shape[0] // SIDE, page.shape[1] // SIDE
    return page.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2)


@pytest.mark.parametrize(("name", "height", "width"), [
    ("card_matrix.png", MAGNIFICATION * (11 * SIDE + GAP), MAGNIFICATION * (11 * SIDE + GAP)),
    ("card_unseen_writers.png", MAGNIFICATION * pages.WRITERS * SIDE, MAGNIFICATION * WIDE * SIDE),
    ("card_worst_read.png", MAGNIFICATION * 2 * SIDE, MAGNIFICATION * pages.WORST * SIDE),
    ("card_attributes.png", 348, 1_200),
])
def test_a_picture_is_as_large_as_it_should_be_with_ink_on_paper(
        name: str, height: int, width: int, folder: Path) -> None:
    levels = np.asarray(Image.open(folder / name).convert("L"))
    assert levels.shape == (height, width)
    assert levels.min() < 50 < 200 < np.median(levels)


def test_nothing_else_is_written(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == set(NAMES)


@pytest.mark.parametrize(("modes", "expected"), [
    ((), ()), (("latent",), ()), (("latent", "reference"), NAMES[:1]), (("writer",), NAMES[1:])])
def test_a_mode_that_is_missing_has_no_picture(
        modes: tuple[str, ...], expected: tuple[str, ...], styled: np.ndarray, material: Bench,
        tmp_path: Path) -> None:
    drawn = pages.draw(Oracle(styled, modes), material, tmp_path / "card.json")
    assert tuple(path.name for path in drawn) == expected
    assert {path.name for path in tmp_path.iterdir()} == set(expected)


def test_where_no_hand_is_judged_none_is_drawn(styled: np.ndarray, material: Bench, tmp_path: Path) -> None:
    drawn = pages.draw(Oracle(styled), material._replace(case=None), tmp_path / "card.json")
    assert [path.name for path in drawn] == ["card_matrix.png"]


def test_pictures_are_the_same_when_drawn_again(folder: Path, styled: np.ndarray, material: Bench,
                                                tmp_path: Path) -> None:
    for path in pages.draw(Oracle(styled, MODES), material, tmp_path / "card.json"):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_a_place_that_cannot_be_written_is_refused(styled: np.ndarray, material: Bench,
                                                   tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write"):
        pages.draw(Oracle(styled), material, tmp_path / "file" / "card.json")


def test_the_matrix_has_a_source_of_each_digit_down_and_a_reference_of_each_across(
        styled: np.ndarray, material: Bench) -> None:
    model = Oracle(styled)
    page = pages.reference_matrix(model, material.held_out, seed=0)
    (_, sources, references, _), = model.asked
    np.testing.assert_array_equal(sources.digits, np.repeat(np.arange(DIGITS), DIGITS))
    np.testing.assert_array_equal(references.digits, np.tile(np.arange(DIGITS), DIGITS))
    head, body = page[:SIDE, SIDE + GAP:], page[SIDE + GAP:, :SIDE]
    np.testing.assert_array_equal(head, np.hstack(references.images[:DIGITS]))
    np.testing.assert_array_equal(body, np.vstack(sources.images[::DIGITS]))


@pytest.fixture(scope="module")
def unseen(styled: np.ndarray, material: Bench) -> tuple[np.ndarray, Oracle]:
    """The glyphs of the page `[12, 27, 28, 28]`, and who was asked for them."""
    model = Oracle(styled)
    return rows_of_page(pages.unseen_writers(model, material)), model


def test_a_row_is_one_writer_the_references_first(
        unseen: tuple[np.ndarray, Oracle], material: Bench) -> None:
    page, model = unseen
    assert page.shape[:2] == (pages.WRITERS, WIDE)
    writers = [references.writers[0] for _, references, *_ in model.asked]
    assert len({int(row[0]) for row in writers}) == pages.WRITERS
    for row, (_, references, _, _, variation) in zip(page, model.asked, strict=True):
        assert len(np.unique(references.writers)) == 1
        np.testing.assert_array_equal(row[:REFERENCES], references.images[0])
        assert variation == 0.0


def test_the_references_digits_are_not_asked_for_and_real_glyphs_stand_beside_the_guesses(
        unseen: tuple[np.ndarray, Oracle], material: Bench) -> None:
    page, model = unseen
    owner = {image.tobytes(): (int(writer), int(digit)) for image, digit, writer, _ in zip(
        *material.held_out, strict=True)}
    for row, (_, references, digits, *_) in zip(page, model.asked, strict=True):
        real, guessed = row[REFERENCES + 2:][:DIGITS], row[-DIGITS:]
        inked = np.flatnonzero(real.any(axis=(1, 2)))
        assert inked.tolist() == sorted(digits) == np.flatnonzero(guessed.any(axis=(1, 2))).tolist()
        assert not set(digits) & set(references.digits[0].tolist())
        assert [owner[real[digit].tobytes()] for digit in digits] == [
            (int(references.writers[0, 0]), digit) for digit in digits]


def test_the_worst_read_tries_stand_below_what_was_asked_for(styled: np.ndarray, material: Bench) -> None:
    class Wrong(Oracle):
        """Writes 0 where a 7 is asked for."""

        def write_each(self, references: Glyphs, digits: np.ndarray, seed: int = 0,
                       variation: float = 1.0) -> np.ndarray:
            return super().write_each(references, np.where(digits == 7, 0, digits), seed, variation)

    above, below = rows_of_page(pages.worst_read(Wrong(styled), material))
    real = material.case.targets
    sevens = {image.tobytes() for image in real.images[real.digits == 7]}
    assert {image.tobytes() for image in above} <= sevens
    assert (material.judges.reader.digits(below) == 0).all()


def test_the_scatter_leaves_out_what_cannot_be_measured() -> None:
    values = np.random.default_rng(0).normal(size=(50, len(ATTRIBUTES)))
    missing = np.where(values > 1, np.nan, values)
    whole, holed = (pages.attribute_scatter(values, other) for other in (values, missing))
    assert Image.open(io.BytesIO(whole)).size == Image.open(io.BytesIO(holed)).size == (1_200, 348)
    assert whole != holed
