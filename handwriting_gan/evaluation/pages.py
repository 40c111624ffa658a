"""The pictures of an evaluation, for people to look at: PNG files beside the scorecard."""

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.data.pictures import cross_grid, save_ink, tile
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.figures import png_of
from handwriting_gan.evaluation.hand import BEST, NATURAL, values_of, write_tries
from handwriting_gan.evaluation.morphometrics import ATTRIBUTES
from handwriting_gan.files import write_atomically
from handwriting_gan.workdir.trained_model import TrainedModel

REFERENCES = 3  # of each writer shown, or as many as the protocol has
WRITERS = 12  # on the page of unseen writers
SEVERAL = 7  # digits that a writer on the page has, if there are such writers
WORST = 20  # tries that read worst
POINTS = 400  # in a scatter plot
NAMES = ("matrix", "unseen_writers", "worst_read", "attributes")  # of the pictures
SHOWN = ("thickness", "slant", "aspect", "length")


def draw(model: TrainedModel, bench: Bench, scorecard: Path) -> list[Path]:
    """Saves the pictures that the model's modes allow beside the scorecard; their paths.

    Raises:
      InputError: if a file cannot be written.
    """
    drawn = []
    if "reference" in model.modes:
        drawn.append(beside(scorecard, NAMES[0]))
        save_ink(drawn[-1], reference_matrix(model, bench.held_out, bench.seed))
    if "writer" in model.modes and bench.case is not None:
        drawn += [beside(scorecard, name) for name in NAMES[1:]]
        save_ink(drawn[-3], unseen_writers(model, bench))
        save_ink(drawn[-2], worst_read(model, bench))
        write_atomically(drawn[-1], attribute_scatter(*_attributes(model, bench)))
    return drawn


def beside(scorecard: Path, name: str) -> Path:
    """Where the picture of that name goes."""
    return scorecard.with_name(f"{scorecard.stem}_{name}.png")


def reference_matrix(model: TrainedModel, held_out: Glyphs, seed: int) -> np.ndarray:
    """Sources down, references across, a random glyph of each digit: ink uint8 `[H, W]`."""
    rng = np.random.default_rng(seed)
    sources, references = (held_out.take([rng.choice(np.flatnonzero(held_out.digits == digit))
                                          for digit in range(DIGITS)]) for _ in range(2))
    down, across = np.divmod(np.arange(DIGITS * DIGITS), DIGITS)
    images = model.reference_guided(sources.take(down), references.take(across), seed)
    return cross_grid(images.reshape(DIGITS, DIGITS, *images.shape[1:]), sources.images,
                      references.images)


def unseen_writers(model: TrainedModel, bench: Bench) -> np.ndarray:
    """A writer a row: references | the real glyphs of other digits | the best guesses at them."""
    writers = bench.case.targets.writers
    ids, counts = np.unique(writers, return_counts=True)
    order = np.random.default_rng(bench.seed).permutation(len(ids))
    # Those with enough to look at come first.
    ids = ids[order[np.argsort(counts[order] < SEVERAL, kind="stable")]][:WRITERS]
    rows = [_row(model, bench, np.flatnonzero(writers == writer)) for writer in ids]
    gap = np.zeros((len(rows) * SIDE, 2 * SIDE), np.uint8)
    references, real, guessed = (tile(np.stack(part)) for part in zip(*rows, strict=True))
    return np.hstack([references, gap, real, gap, guessed])


def _row(model: TrainedModel, bench: Bench, mine: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The references of a writer's first episode; the real glyphs, and guesses, of digits not among them."""
    case = bench.case
    references = case.glyphs.take(case.episodes.references[mine[0], :REFERENCES])
    asked = case.targets.take(mine[~np.isin(case.targets.digits[mine], references.digits)])
    real, guessed = (np.zeros((DIGITS, SIDE, SIDE), np.uint8) for _ in range(2))
    real[asked.digits] = asked.images
    repeated = Glyphs(*(np.repeat(column[None], len(asked.digits), axis=0) for column in references))
    guessed[asked.digits] = model.write_each(repeated, asked.digits, bench.seed, BEST)
    return references.images, real, guessed


def worst_read(model: TrainedModel, bench: Bench) -> np.ndarray:
    """The natural tries that read least like the digit asked for, below the real ones: ink uint8 `[H, W]`."""
    _, tries = write_tries(model, bench.case, REFERENCES, bench.seed, (BEST, NATURAL))
    targets = bench.case.targets
    read = bench.judges.reader.probabilities(tries)[np.arange(len(tries)), targets.digits]
    worst = np.argsort(read, kind="stable")[:WORST]
    return tile(np.stack([targets.images[worst], tries[worst]]))


def _attributes(model: TrainedModel, bench: Bench) -> tuple[np.ndarray, np.ndarray]:
    """Real and generated attributes `[N, A]` of some episodes, as deviations from each digit's mean."""
    case = bench.case
    chosen = np.random.default_rng(bench.seed).permutation(len(case.episodes.targets))[:POINTS]
    references = case.glyphs.take(case.episodes.references[chosen, :REFERENCES])
    digits = case.targets.digits[chosen]
    images = model.write_each(references, digits, bench.seed, BEST)
    return case.values[case.episodes.targets[chosen]], values_of(images, digits, bench.reals.standardise)


def attribute_scatter(real: np.ndarray, generated: np.ndarray) -> bytes:
    """A PNG: each attribute of generated glyphs `[N, A]` against that of the real ones, in deviations."""
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 2.9), layout="constrained")
        for axes, name in zip(figure.subplots(1, len(SHOWN)), SHOWN, strict=True):
            column = ATTRIBUTES.index(name)
            axes.axline((0, 0), slope=1, color="0.8", linewidth=1, zorder=0)
            axes.scatter(real[:, column], generated[:, column], s=6, alpha=0.5, linewidths=0)
            axes.set(title=name, xlim=(-3.5, 3.5), ylim=(-3.5, 3.5), aspect="equal",
                     xlabel="the writer's real glyph")
        figure.axes[0].set_ylabel("generated")
        return png_of(figure)
