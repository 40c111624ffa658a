"""Sample sheets: what the averaged networks draw, for people to look at while a run goes on."""

from pathlib import Path

import numpy as np

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.data.hands import rows_by_writer
from handwriting_gan.data.pictures import beside, cross_grid, save_ink, tile
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.workdir.layout import Workdir

FIRST, SECOND = 0, 1  # which of a digit's held-out glyphs is the source, which the reference
WRITERS, REFERENCES = 12, 5  # held-out writers on a sheet, and the glyphs that each is known by


def one_per_digit(glyphs: Glyphs, place: int) -> Glyphs:
    """The glyph at `place` among those of each digit, 0 to 9."""
    return glyphs.take(np.array([np.flatnonzero(glyphs.digits == digit)[place]
                                 for digit in range(DIGITS)]))


def draw_sheets(workdir: Workdir, model: TrainedModel, held_out: Glyphs) -> dict[str, Path]:
    """Saves a sheet for each mode the model has: sources or writers down, references or digits across.

    Returns the files by mode.
    """
    hands = [rows[:REFERENCES] for rows in rows_by_writer(held_out).values() if len(rows) >= REFERENCES]
    pages: dict[str, Path] = {
        mode: workdir.sample(mode, model.step) for mode in ("reference", "latent", "writer")
        if mode in model.modes and (hands or mode != "writer")}
    sources, references = one_per_digit(held_out, FIRST), one_per_digit(held_out, SECOND)
    down, across = np.divmod(np.arange(DIGITS * DIGITS), DIGITS)
    if "reference" in pages:
        drawn = model.reference_guided(sources.take(down), references.take(across))
        save_ink(pages["reference"], cross_grid(_square(drawn), sources.images, references.images))
    if "latent" in pages:
        drawn = model.latent_guided(sources.take(down), across)
        save_ink(pages["latent"], cross_grid(_square(drawn), sources.images))
    if "writer" in pages:
        save_ink(pages["writer"], _hands(model, held_out, np.stack(hands[:WRITERS])))
    return pages


def _hands(model: TrainedModel, held_out: Glyphs, rows: np.ndarray) -> np.ndarray:
    """References of some writers, rows `[W, K]` | the ten digits as a best guess | and as a natural try."""
    given = held_out.take(rows.repeat(DIGITS, axis=0))
    digits = np.tile(np.arange(DIGITS), len(rows))
    drawn = (model.write_each(given, digits, 0, variation).reshape(len(rows), DIGITS, SIDE, SIDE)
             for variation in (0.0, 1.0))
    return beside(tile(held_out.images[rows]), *map(tile, drawn))


def _square(glyphs: np.ndarray) -> np.ndarray:
    return glyphs.reshape(DIGITS, DIGITS, *glyphs.shape[1:])
