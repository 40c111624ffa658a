"""The pictures of an evaluation: PNG files beside the scorecard, with labels."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from handwriting_gan.data.glyphs import SIDE
from handwriting_gan.data.pictures import cross_sheet, png_of_sheet, row_sheet, side_by_side, tile
from handwriting_gan.evaluation.examples import Examples
from handwriting_gan.files import write_atomically
from handwriting_gan.metrics.morphometrics import ATTRIBUTES
from handwriting_gan.report.png import png_of

NAMES = ("matrix", "unseen_writers", "traits", "worst_read", "attributes")
SHOWN = ("thickness", "slant", "aspect", "length")
LEAST_LIMIT = 3.0  # deviations, of the scatter's axes


def pictures(examples: Examples) -> dict[str, bytes]:
    """A PNG for each kind of example that there is, by name."""
    made = {}
    if examples.matrix is not None:
        sources, references, images = examples.matrix
        made["matrix"] = png_of_sheet(cross_sheet(images, sources, references, "references", "sources"))
    if examples.writers is not None:
        made["unseen_writers"] = png_of_sheet(side_by_side({
            "references": tile(examples.writers.references), "the writer's real glyphs": tile(examples.writers.real),
            "best guesses": tile(examples.writers.best_guesses)}))
    if examples.traits is not None:
        made["traits"] = png_of_sheet(side_by_side({
            "shown, real, best guess": tile(np.concatenate(examples.traits[:3], axis=1)),
            "natural tries": tile(examples.traits.tries)}))
    if examples.worst_read is not None:
        made["worst_read"] = png_of_sheet(row_sheet(dict(zip(("real", "written"), examples.worst_read, strict=True))))
    if examples.attributes is not None:
        made["attributes"] = attribute_scatter(*examples.attributes)
    return made


def save(pictures: Mapping[str, bytes], scorecard: Path) -> list[Path]:
    """Saves pictures beside the scorecard; returns their paths.

    Raises:
      InputError: if a file cannot be written.
    """
    paths = {path_beside(scorecard, name): content for name, content in pictures.items()}
    for path, content in paths.items():
        write_atomically(path, content)
    return list(paths)


def path_beside(scorecard: Path, name: str) -> Path:
    """The file of a picture of an evaluation."""
    return scorecard.with_name(f"{scorecard.stem}_{name}.png")


def attribute_scatter(real: np.ndarray, generated: np.ndarray) -> bytes:
    """A PNG: each attribute of generated glyphs `[N, A]` against that of the real glyphs, in deviations."""
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 2.9), layout="constrained")
        for axes, name in zip(figure.subplots(1, len(SHOWN)), SHOWN, strict=True):
            column = ATTRIBUTES.index(name)
            x, y = real[:, column], generated[:, column]
            limit = max(LEAST_LIMIT, 1.05 * float(np.nanmax(np.abs([x, y]), initial=0.0)))
            axes.axline((0, 0), slope=1, color="0.8", linewidth=1, zorder=0)
            axes.scatter(x, y, s=6, alpha=0.5, linewidths=0)
            axes.set(title=name, xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal",
                     xlabel="the writer's real glyph")
        figure.axes[0].set_ylabel("best guess")
        return png_of(figure)


def labelled_rows(rows: Mapping[str, np.ndarray]) -> bytes:
    """A PNG of rows of glyphs uint8 `[C, 28, 28]`, each beside its label."""
    page = 255 - tile(np.stack(list(rows.values())))
    inches = page.shape[1] / SIDE * 0.5 + 2.2, page.shape[0] / SIDE * 0.5
    with matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=inches, layout="constrained")
        axes = figure.subplots()
        axes.imshow(page, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_yticks(SIDE * (np.arange(len(rows)) + 0.5), list(rows))
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return png_of(figure, dpi=110, bbox_inches="tight")
