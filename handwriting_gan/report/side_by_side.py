"""Several trained models on the same glyphs, a row each, to be compared as the papers print them."""

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.data.hands import Episodes
from handwriting_gan.data.pictures import tile
from handwriting_gan.evaluation.hand import BEST
from handwriting_gan.report.figures import png_of
from handwriting_gan.synthesis.trained_model import TrainedModel

Rows = dict[str, np.ndarray]  # {name: glyphs uint8 [C, 28, 28]}


def reference_guided(models: Mapping[str, TrainedModel], held_out: Glyphs, seed: int) -> Rows:
    """A column a digit: a source of the digit before it, a reference of it, what each model makes of them.

    A model without the mode makes its latent-guided answer, if it has that, to the reference's digit; a
    model with neither is left out.
    """
    rng, digits = np.random.default_rng(seed), np.arange(DIGITS)
    sources, references = (
        held_out.take([int(rng.choice(np.flatnonzero(held_out.digits == digit))) for digit in wanted])
        for wanted in (np.roll(digits, 1), digits))
    rows = {"source": sources.images, "reference": references.images}
    for name, model in models.items():
        if "reference" in model.modes:
            rows[name] = model.reference_guided(sources, references, seed)
        elif "latent" in model.modes:
            rows[name] = model.latent_guided(sources, references.digits, seed)
    return rows


def hands(models: Mapping[str, TrainedModel], held_out: Glyphs, episodes: Episodes, count: int,
          seed: int) -> Rows:
    """A column for each of `count` writers: references, the real glyph, each model's best guess, the twin."""
    writers = held_out.writers[episodes.targets]
    order = np.random.default_rng(seed).permutation(len(writers))
    first = np.sort(np.unique(writers[order], return_index=True)[1])[:count]  # an episode of each
    chosen = order[first]
    references, targets = held_out.take(episodes.references[chosen]), held_out.take(episodes.targets[chosen])
    rows = {"references" if place == 0 else " " * place: references.images[:, place]
               for place in range(references.images.shape[1])}
    rows["real"] = targets.images
    for name, model in models.items():
        if "writer" in model.modes:
            rows[name] = model.write_each(references, targets.digits, seed, BEST)
    rows["twin"] = held_out.images[episodes.twins[chosen]]
    return rows


def labelled(rows: Rows) -> bytes:
    """A PNG of rows, each beside its name."""
    page = 255 - tile(np.stack(list(rows.values())))
    inches = page.shape[1] / SIDE * 0.5 + 2.2, page.shape[0] / SIDE * 0.5
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=inches, layout="constrained")
        axes = figure.subplots()
        axes.imshow(page, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_yticks(SIDE * (np.arange(len(rows)) + 0.5), rows)
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return png_of(figure, dpi=110, bbox_inches="tight")
