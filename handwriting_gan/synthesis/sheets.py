"""Sample sheets: labelled pictures of what a model synthesises, made during training."""

import functools
from collections.abc import Callable

import numpy as np
from ml_collections import ConfigDict

from handwriting_gan import methods
from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.data.hands import rows_by_writer
from handwriting_gan.data.pictures import Sheet, cross_sheet, side_by_side, tile
from handwriting_gan.methods.method import Params
from handwriting_gan.synthesis.trained_model import TrainedModel

FIRST, SECOND = 0, 1  # index of the source and of the reference among the held-out glyphs of a digit
WRITERS, REFERENCES = 12, 5  # held-out writers on a sheet, and references of each
BEST_GUESS, NATURAL_TRY = 0.0, 1.0


def for_training(config: ConfigDict, held_out: Glyphs) -> Callable[[int, Params], dict[str, Sheet]]:
    """The function `(step, averaged networks) -> {mode: sheet}` for a run of this config.

    It builds the method when it is first called, because `train` checks the config.
    """
    build = functools.cache(lambda: methods.build(config))
    return lambda step, averaged: sheets(TrainedModel(config, build(), averaged, step), held_out)


def sheets(model: TrainedModel, held_out: Glyphs) -> dict[str, Sheet]:
    """A sheet by mode of the model: rows are sources or writers, columns are references or digits.

    There is a sheet of the writer mode only if held-out writers have `REFERENCES` glyphs.
    """
    made = {}
    if "reference" in model.modes or "latent" in model.modes:
        sources, references = one_per_digit(held_out, FIRST), one_per_digit(held_out, SECOND)
        down, across = np.divmod(np.arange(DIGITS * DIGITS), DIGITS)
        if "reference" in model.modes:
            images = model.reference_guided(sources.take(down), references.take(across))
            made["reference"] = cross_sheet(_square(images), sources.images, references.images)
        if "latent" in model.modes:
            images = model.latent_guided(sources.take(down), across)
            made["latent"] = cross_sheet(_square(images), sources.images, top_label="random latents, digits 0 to 9")
    references_of = [rows[:REFERENCES] for rows in rows_by_writer(held_out).values() if len(rows) >= REFERENCES]
    if "writer" in model.modes and references_of:
        made["writer"] = _writer_sheet(model, held_out, np.stack(references_of[:WRITERS]))
    return made


def one_per_digit(glyphs: Glyphs, index: int) -> Glyphs:
    """The glyph with this index among those of each digit, 0 to 9."""
    return glyphs.take(np.array([np.flatnonzero(glyphs.digits == digit)[index] for digit in range(DIGITS)]))


def _writer_sheet(model: TrainedModel, held_out: Glyphs, rows: np.ndarray) -> Sheet:
    """References, best guesses and natural tries, one writer a row; `rows` `[W, K]` index the references."""
    references = held_out.take(rows.repeat(DIGITS, axis=0))
    digits = np.tile(np.arange(DIGITS), len(rows))

    def written(variation: float) -> np.ndarray:
        return tile(model.write_each(references, digits, 0, variation).reshape(len(rows), DIGITS, SIDE, SIDE))

    return side_by_side({"references": tile(held_out.images[rows]), "best guesses": written(BEST_GUESS),
                         "natural tries": written(NATURAL_TRY)})


def _square(glyphs: np.ndarray) -> np.ndarray:
    return glyphs.reshape(DIGITS, DIGITS, *glyphs.shape[1:])
