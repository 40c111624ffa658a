"""Examples for people to look at after an evaluation: glyphs that a model writes, beside the real ones.

Arrays only; `report/pages.py` makes pictures of them. Axes: R rows, K references, N glyphs.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.data.hands import Episodes
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.hand import BEST, NATURAL, values_of, write_tries
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS
from handwriting_gan.synthesis.trained_model import TrainedModel

REFERENCES = 3  # of each writer shown, or all if the protocol has fewer
WRITERS = 12  # on the page of unseen writers
SEVERAL = 7  # writers with so many episodes are shown first
WORST = 20  # tries that the classifier reads worst
TRAIT_ROWS, TRAIT_TRIES = 5, 8  # writers of each trait, and natural tries of each
POINTS = 400  # episodes in the scatter plot
Rows = dict[str, np.ndarray]  # {label: glyphs uint8 [C, 28, 28]}


class Matrix(NamedTuple):
    """Ten sources redrawn in the style of ten references."""

    sources: np.ndarray  # uint8 [10, 28, 28]
    references: np.ndarray  # uint8 [10, 28, 28]
    images: np.ndarray  # uint8 [10, 10, 28, 28], sources down, references across


class WriterRows(NamedTuple):
    """One unseen writer a row."""

    references: np.ndarray  # uint8 [R, K, 28, 28]
    real: np.ndarray  # uint8 [R, 10, 28, 28], blank for the references' digits
    best_guesses: np.ndarray  # uint8 [R, 10, 28, 28], blank likewise


class TraitRows(NamedTuple):
    """One writer a row, whose shown glyph has a trait: barred 7s, closed 4s and looped 2s."""

    shown: np.ndarray  # uint8 [R, 1, 28, 28], the reference of the target's digit
    real: np.ndarray  # uint8 [R, 1, 28, 28], the target
    best_guesses: np.ndarray  # uint8 [R, 1, 28, 28]
    tries: np.ndarray  # uint8 [R, Y, 28, 28], natural ones


class Examples(NamedTuple):
    """The examples that the model's modes and the data allow."""

    matrix: Matrix | None = None
    writers: WriterRows | None = None
    traits: TraitRows | None = None
    worst_read: np.ndarray | None = None  # uint8 [2, N, 28, 28]: the real glyphs, and the tries read worst
    attributes: np.ndarray | None = None  # [2, N, A + T]: of real glyphs and of best guesses, as deviations


def collect(model: TrainedModel, bench: Bench) -> Examples:
    """All examples of a model on a bench."""
    matrix = reference_matrix(model, bench.held_out, bench.seed) if "reference" in model.modes else None
    if "writer" not in model.modes or bench.case is None:
        return Examples(matrix)
    return Examples(matrix, unseen_writers(model, bench), trait_rows(model, bench), worst_read(model, bench),
                    attributes(model, bench))


def reference_matrix(model: TrainedModel, held_out: Glyphs, seed: int) -> Matrix:
    """A random source and a random reference of each digit, each source in each reference's style."""
    rng = np.random.default_rng(seed)
    sources, references = (one_per_digit(held_out, np.arange(DIGITS), rng) for _ in range(2))
    down, across = np.divmod(np.arange(DIGITS * DIGITS), DIGITS)
    images = model.reference_guided(sources.take(down), references.take(across), seed)
    return Matrix(sources.images, references.images, images.reshape(DIGITS, DIGITS, *images.shape[1:]))


def one_per_digit(glyphs: Glyphs, digits: np.ndarray, rng: np.random.Generator) -> Glyphs:
    """A random glyph of each of the digits."""
    return glyphs.take([int(rng.choice(np.flatnonzero(glyphs.digits == digit))) for digit in digits])


def unseen_writers(model: TrainedModel, bench: Bench) -> WriterRows:
    """Rows of one writer each: references, the real glyphs of other digits, and the best guesses at them."""
    case, _ = bench.known_writers()
    writers = case.targets.writers
    ids, counts = np.unique(writers, return_counts=True)
    order = np.random.default_rng(bench.seed).permutation(len(ids))
    ids = ids[order[np.argsort(counts[order] < SEVERAL, kind="stable")]][:WRITERS]
    rows = [_writer_row(model, bench, np.flatnonzero(writers == writer)) for writer in ids]
    return WriterRows(*(np.stack(part) for part in zip(*rows, strict=True)))


def _writer_row(model: TrainedModel, bench: Bench, episodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The references of a writer's first episode; real glyphs and best guesses of digits not among them."""
    case, _ = bench.known_writers()
    references = case.glyphs.take(case.episodes.references[episodes[0], :REFERENCES])
    targets = case.targets.take(episodes[~np.isin(case.targets.digits[episodes], references.digits)])
    real, guesses = (np.zeros((DIGITS, SIDE, SIDE), np.uint8) for _ in range(2))
    real[targets.digits] = targets.images
    repeated = Glyphs(*(np.repeat(column[None], len(targets.digits), axis=0) for column in references))
    guesses[targets.digits] = model.write_each(repeated, targets.digits, bench.seed, BEST)
    return references.images, real, guesses


def trait_rows(model: TrainedModel, bench: Bench) -> TraitRows | None:
    """Writers whose shown glyph and target both have a trait, a few for each; None if there are none."""
    case = bench.own_digit_case
    if case is None:
        return None
    traits = case.values[:, len(ATTRIBUTES):]
    rng, chosen = np.random.default_rng(bench.seed), []
    for column in range(len(TRAITS)):
        both = (traits[case.episodes.references[:, 0], column] == 1) & (traits[case.episodes.targets, column] == 1)
        having = rng.permutation(np.flatnonzero(both))
        first = np.sort(np.unique(case.targets.writers[having], return_index=True)[1])  # one episode of each writer
        chosen += having[first][:TRAIT_ROWS].tolist()
    if not chosen:
        return None
    few = case._replace(episodes=Episodes(*(column[chosen] for column in case.episodes)),
                        targets=case.targets.take(chosen))
    best, *tries = write_tries(model, few, REFERENCES, bench.seed, (BEST, *[NATURAL] * TRAIT_TRIES))
    return TraitRows(case.glyphs.images[few.episodes.references[:, :1]], few.targets.images[:, None], best[:, None],
                     np.stack(tries, axis=1))


def worst_read(model: TrainedModel, bench: Bench) -> np.ndarray:
    """The natural tries that the classifier reads worst, below the real glyphs: uint8 `[2, N, 28, 28]`."""
    case, _ = bench.known_writers()
    _, tries = write_tries(model, case, REFERENCES, bench.seed, (BEST, NATURAL))
    probabilities = bench.judges.reader.probabilities(tries)[np.arange(len(tries)), case.targets.digits]
    worst = np.argsort(probabilities, kind="stable")[:WORST]
    return np.stack([case.targets.images[worst], tries[worst]])


def attributes(model: TrainedModel, bench: Bench) -> np.ndarray:
    """Attributes of real glyphs and of best guesses in some episodes, as deviations: `[2, N, A + T]`."""
    case, _ = bench.known_writers()
    chosen = np.random.default_rng(bench.seed).permutation(len(case.episodes.targets))[:POINTS]
    references = case.glyphs.take(case.episodes.references[chosen, :REFERENCES])
    digits = case.targets.digits[chosen]
    images = model.write_each(references, digits, bench.seed, BEST)
    return np.stack([case.values[case.episodes.targets[chosen]], values_of(images, digits, bench.reals.standardise)])


# Several models on the same glyphs.


def translations(models: Mapping[str, TrainedModel], held_out: Glyphs, seed: int) -> Rows:
    """One column a digit: a source of the previous digit, a reference of the digit, each model's output.

    A model without the reference mode answers by its latent mode; a model with neither has no row.
    """
    rng, digits = np.random.default_rng(seed), np.arange(DIGITS)
    sources, references = (one_per_digit(held_out, wanted, rng) for wanted in (np.roll(digits, 1), digits))
    rows = {"source": sources.images, "reference": references.images}
    for name, model in models.items():
        if "reference" in model.modes:
            rows[name] = model.reference_guided(sources, references, seed)
        elif "latent" in model.modes:
            rows[name] = model.latent_guided(sources, references.digits, seed)
    return rows


def hands(models: Mapping[str, TrainedModel], held_out: Glyphs, episodes: Episodes, count: int, seed: int) -> Rows:
    """One column for each of `count` writers: references, the real glyph, each model's best guess, the twin."""
    writers = held_out.writers[episodes.targets]
    order = np.random.default_rng(seed).permutation(len(writers))
    first = np.sort(np.unique(writers[order], return_index=True)[1])[:count]  # one episode of each writer
    chosen = order[first]
    references, targets = held_out.take(episodes.references[chosen]), held_out.take(episodes.targets[chosen])
    rows = {f"reference {index + 1}": references.images[:, index] for index in range(references.images.shape[1])}
    rows["real"] = targets.images
    for name, model in models.items():
        if "writer" in model.modes:
            rows[name] = model.write_each(references, targets.digits, seed, BEST)
    rows["twin"] = held_out.images[episodes.twins[chosen]]
    return rows
