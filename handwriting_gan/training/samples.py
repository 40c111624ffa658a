"""Sample sheets: what the averaged networks draw, for people to look at while a run goes on."""

import numpy as np

from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.data.pictures import cross_grid, save_ink
from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.workdir.trained_model import TrainedModel

FIRST, SECOND = 0, 1  # which of a digit's held-out glyphs is the source, which the reference


def one_per_digit(glyphs: Glyphs, place: int) -> Glyphs:
    """The glyph at `place` among those of each digit, 0 to 9."""
    return glyphs.take(np.array([np.flatnonzero(glyphs.digits == digit)[place]
                                 for digit in range(DIGITS)]))


def draw_sheets(workdir: Workdir, model: TrainedModel, held_out: Glyphs) -> None:
    """Saves a sheet for each guided mode that the model has: sources down; references or digits across."""
    sources, references = one_per_digit(held_out, FIRST), one_per_digit(held_out, SECOND)
    down, across = np.divmod(np.arange(DIGITS * DIGITS), DIGITS)
    if "reference" in model.modes:
        drawn = model.reference_guided(sources.take(down), references.take(across))
        page = cross_grid(_square(drawn), sources.images, references.images)
        save_ink(workdir.sample("reference", model.step), page)
    if "latent" in model.modes:
        drawn = model.latent_guided(sources.take(down), across)
        save_ink(workdir.sample("latent", model.step), cross_grid(_square(drawn), sources.images))


def _square(glyphs: np.ndarray) -> np.ndarray:
    return glyphs.reshape(DIGITS, DIGITS, *glyphs.shape[1:])
