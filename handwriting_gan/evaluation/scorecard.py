"""The scorecard: what a trained model can do, in numbers that can be compared and said how they were made.

Sources and references are held-out glyphs; the reals that the Fréchet distance compares with are training
glyphs, as in StarGAN v2's protocol. Everything is drawn from the seed.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from rich.progress import Progress

from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.evaluation import attributes
from handwriting_gan.evaluation.digit_accuracy import digit_accuracy, leakage
from handwriting_gan.evaluation.diversity import diversity
from handwriting_gan.evaluation.frechet_distance import Statistics, frechet_distance, statistics
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.workdir.trained_model import TrainedModel

OUTPUTS = 10  # of one source, for diversity
DIVERSITY_SOURCES = 100
HANDS = 300  # glyphs that each serve as a hand to write in
Measures = Iterator[tuple[str, Callable[[], dict[str, Any]]]]


def make(model: TrainedModel, reader: Reader, data: str, train: Glyphs, held_out: Glyphs, count: int,
         seed: int) -> dict[str, Any]:
    """The whole scorecard, with a bar while it is made: figures, what they were made from, who judged.

    `count` sources at most are taken from the held-out glyphs; `data` names where both sets come from.
    """
    parts = list(measures(model, reader, train, held_out, count, seed))
    figures = {}
    with Progress(transient=True) as progress:
        task = progress.add_task("measuring", total=len(parts))
        for name, part in parts:
            progress.update(task, description=f"measuring {name}")
            figures[name] = part()
            progress.advance(task)
    return {
        "made_from": {
            "method": model.config.method, "preset": model.config.preset, "step": model.step,
            "data": data, "sources": min(count, len(held_out.digits)), "seed": seed,
        },
        "judges": {"digit_classifier": {"sha256": reader.sha256}},
        "figures": figures,
    }


def measures(model: TrainedModel, reader: Reader, train: Glyphs, held_out: Glyphs, count: int,
             seed: int) -> Measures:
    """The scorecard's parts by name, each computed when it is called: reals, modes, the hand.

    `count` sources are taken from the held-out glyphs (all of them if there are fewer).
    """
    rng = np.random.default_rng(seed)
    sources = held_out.take(rng.permutation(len(held_out.digits))[:count])
    some_reals = _some(train, len(sources.digits), rng)
    reals = functools.cache(lambda: _statistics(reader, some_reals.images))
    digits = _other_digits(sources.digits, rng)
    references = _of_digits(held_out, digits, rng)
    redraw = {
        "latent": lambda glyphs, wanted, seed: model.latent_guided(glyphs, wanted.digits, seed),
        "reference": lambda glyphs, wanted, seed: model.reference_guided(glyphs, wanted, seed),
    }
    yield "real", lambda: _reals(reader, reals(), sources, held_out, seed)
    for mode in redraw:
        if mode in model.modes:
            yield mode, lambda mode=mode: _mode(redraw[mode], reader, reals(), sources, references,
                                                held_out, seed)
    if "writer" in model.modes:
        yield "writer", lambda: hand(model, reader, train, sources, seed)


def _mode(redraw: Callable[..., np.ndarray], reader: Reader, reals: Statistics | None, sources: Glyphs,
          references: Glyphs, held_out: Glyphs, seed: int) -> dict[str, Any]:
    """Content, likeness to real digits, and diversity of one guided mode."""
    fakes = redraw(sources, references, seed)
    read = reader.digits(fakes)
    few = slice(DIVERSITY_SOURCES)
    layers = [reader.layers(redraw(sources.take(few), references_again, seed + again))
              for again, references_again in enumerate(_again(held_out, references.take(few), seed))]
    return {
        "digit_accuracy": digit_accuracy(read, references.digits),
        "leakage": leakage(read, references.digits, sources.digits),
        "frechet_distance": _distance(_statistics(reader, fakes), reals),
        "diversity": diversity(layers),
    }


def _reals(reader: Reader, reals: Statistics | None, sources: Glyphs, held_out: Glyphs,
           seed: int) -> dict[str, Any]:
    """The same figures of real held-out glyphs: what a perfect generator could be hoped to reach."""
    few = sources.take(slice(DIVERSITY_SOURCES))
    layers = [reader.layers(again.images) for again in _again(held_out, few, seed)]
    return {
        "digit_accuracy": digit_accuracy(reader.digits(sources.images), sources.digits),
        "frechet_distance": _distance(_statistics(reader, sources.images), reals),
        "diversity": diversity(layers),
    }


def hand(model: TrainedModel, reader: Reader, train: Glyphs, sources: Glyphs,
          seed: int) -> dict[str, Any]:
    """One glyph in, another digit out: does it read right, and which attributes came along?

    `HANDS` of the sources serve, one at a time. 'carried' are correlations, -1 to 1, of deviations from
    what training glyphs of the same digit have.
    """
    rng = np.random.default_rng(seed)
    hands = _some(sources, HANDS, rng)
    digits = _other_digits(hands.digits, rng)
    written = np.concatenate([
        model.write(hands.take(slice(row, row + 1)), [digit], seed + row)
        for row, digit in enumerate(digits)])
    some = _some(train, 2_000, rng)
    real_values = attributes.attributes(some.images)
    given, found = (
        attributes.standardise(attributes.attributes(images), of, real_values, some.digits)
        for images, of in ((hands.images, hands.digits), (written, digits)))
    return {
        "route": model.config.get("route"),
        "digit_accuracy": digit_accuracy(reader.digits(written), digits),
        "carried": attributes.correlations(given, found),
    }


def _statistics(reader: Reader, images: np.ndarray) -> Statistics | None:
    """Of the classifier's features of the images; None where there are too few for a covariance."""
    try:
        return statistics(reader.features(images))
    except ValueError:
        return None


def _distance(one: Statistics | None, other: Statistics | None) -> float | None:
    """Fréchet distance; None where either has too few glyphs for one."""
    return frechet_distance(one, other) if one and other else None


def _other_digits(digits: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each digit a random other one."""
    return ((digits + rng.integers(1, DIGITS, len(digits))) % DIGITS).astype(np.int32)


def _of_digits(glyphs: Glyphs, digits: np.ndarray, rng: np.random.Generator) -> Glyphs:
    """For each digit a random glyph of it."""
    rows_of = [np.flatnonzero(glyphs.digits == digit) for digit in range(DIGITS)]
    return glyphs.take(np.array([rng.choice(rows_of[digit]) for digit in digits]))


def _some(glyphs: Glyphs, count: int, rng: np.random.Generator) -> Glyphs:
    """`count` random glyphs, all of them if there are fewer."""
    return glyphs.take(rng.permutation(len(glyphs.digits))[:count])


def _again(held_out: Glyphs, wanted: Glyphs, seed: int) -> Iterator[Glyphs]:
    """`OUTPUTS` times other glyphs of the same digits."""
    rng = np.random.default_rng(seed)
    for _ in range(OUTPUTS):
        yield _of_digits(held_out, wanted.digits, rng)
