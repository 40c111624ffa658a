"""The guided modes by StarGAN v2's protocol: every source as each of the other digits, ten outputs each.

Each figure is of the outputs as a whole. Reals are training glyphs, as in that protocol; the same figures of
real held-out glyphs, which a perfect generator could be hoped to reach, stand beside them.

Axes: S sources, D targets of each (the nine other digits), T outputs of each, N = S D T outputs in all.
"""


from typing import Any, NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.evaluation.estimate import Estimate, estimate, missing
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.protocol import Protocol, per_digit, some
from handwriting_gan.metrics import bootstrap, morphometrics
from handwriting_gan.metrics.bootstrap import TooFewError
from handwriting_gan.metrics.density_coverage import density_coverage
from handwriting_gan.metrics.digit_accuracy import confusion
from handwriting_gan.metrics.diversity import attribute_spread, diversity
from handwriting_gan.metrics.frechet_distance import frechet_figure
from handwriting_gan.metrics.kernel_distance import kernel_figure
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, Standardise
from handwriting_gan.metrics.precision_recall import Balls, precision_recall
from handwriting_gan.synthesis.trained_model import TrainedModel

GROUPS = 50  # groups of outputs whose layers are held at once


class Reals(NamedTuple):
    """Training glyphs to compare with."""

    glyphs: Glyphs
    features: np.ndarray  # [M, F], the classifier's
    embeddings: np.ndarray  # [M, E], the first writer encoder's
    standardise: Standardise


class Outputs(NamedTuple):
    """What a mode drew, grouped by source and target, or real glyphs in its place."""

    images: np.ndarray  # uint8 [N, 28, 28]
    digits: np.ndarray  # int32 [N], asked for
    source_digits: np.ndarray  # int32 [N]; the digits themselves for reals
    writers: np.ndarray  # int32 [N], of the sources
    outputs: int  # T: so many rows in succession are of one source and target

    def take(self, rows: np.ndarray) -> "Outputs":
        """The given rows, as a set without groups."""
        return Outputs(self.images[rows], self.digits[rows], self.source_digits[rows], self.writers[rows], 1)


def redraw(model: TrainedModel, mode: str, sources: Glyphs, held_out: Glyphs, protocol: Protocol,
           seed: int) -> Outputs:
    """Every source as each other digit; each output has a latent or a reference of its own."""
    targets = (sources.digits[:, None] + np.arange(1, DIGITS)) % DIGITS
    rows = np.repeat(np.arange(len(sources.digits)), (DIGITS - 1) * protocol.outputs)
    digits = np.repeat(targets.ravel(), protocol.outputs).astype(np.int32)
    repeated = sources.take(rows)
    if mode == "latent":
        images = model.latent_guided(repeated, digits, seed)
    else:
        references = of_digits(held_out, digits, np.random.default_rng(seed))
        images = model.reference_guided(repeated, references, seed)
    return Outputs(images, digits, repeated.digits, repeated.writers, protocol.outputs)


def reals_instead(sources: Glyphs, held_out: Glyphs, protocol: Protocol, seed: int) -> Outputs:
    """For each source a group of real held-out glyphs of its digit, by anybody."""
    digits = np.repeat(sources.digits, protocol.outputs)
    glyphs = of_digits(held_out, digits, np.random.default_rng(seed))
    return Outputs(glyphs.images, digits, digits, np.repeat(sources.writers, protocol.outputs),
                   protocol.outputs)


def of_digits(glyphs: Glyphs, digits: np.ndarray, rng: np.random.Generator) -> Glyphs:
    """For each digit a random glyph of it."""
    rows = np.empty(len(digits), int)
    for digit in np.unique(digits):
        asked = digits == digit
        rows[asked] = rng.choice(np.flatnonzero(glyphs.digits == digit), asked.sum())
    return glyphs.take(rows)


def measure_mode(model: TrainedModel, mode: str, judges: Judges, reals: Reals, held_out: Glyphs,
                 protocol: Protocol, seed: int) -> dict[str, Any]:
    """All figures of 'latent' or 'reference'."""
    rng = np.random.default_rng(seed)
    sources = per_digit(held_out, protocol.sources, rng)
    outputs = redraw(model, mode, sources, held_out, protocol, seed)
    read, features = judges.reader.digits_and_features(outputs.images)
    sample = rng.permutation(len(read))[:common(protocol, reals.glyphs, held_out)]
    tasks = outputs.source_digits * DIGITS + outputs.digits
    return {
        "sources": len(sources.digits),
        "outputs": len(read),
        **content(read, outputs),
        **likeness(judges, outputs.take(sample), features[sample], reals, protocol),
        # StarGAN v2's own figure: the mean over the 90 pairs of source and target digit.
        "frechet_distance_per_task, classifier": estimate(
            frechet_figure, features, reals.features, outputs.writers, tasks, reals.glyphs.digits,
            lambda task: task % DIGITS),
        **variety(judges, outputs, reals.standardise, protocol, rng),
    }


def measure_reals(judges: Judges, reals: Reals, held_out: Glyphs, protocol: Protocol,
                  seed: int) -> dict[str, Any]:
    """The same figures of real held-out glyphs, at the same number in every distance."""
    rng = np.random.default_rng(seed)
    groups = reals_instead(per_digit(held_out, protocol.sources, rng), held_out, protocol, seed)
    glyphs = some(held_out, common(protocol, reals.glyphs, held_out), rng)
    sample = Outputs(glyphs.images, glyphs.digits, glyphs.digits, glyphs.writers, 1)
    read, features = judges.reader.digits_and_features(glyphs.images)
    return {
        "outputs": len(read),
        **content(read, sample),
        **likeness(judges, sample, features, reals, protocol),
        **variety(judges, groups, reals.standardise, protocol, rng),
    }


def content(read: np.ndarray, outputs: Outputs) -> dict[str, Any]:
    """Is the digit drawn the one asked for, or the source's?"""
    right = (read == outputs.digits).astype(float)
    leaked = np.where(outputs.digits != outputs.source_digits, read == outputs.source_digits, np.nan)
    return {
        "digit_accuracy": estimate(bootstrap.mean, right, outputs.writers),
        "leakage": estimate(bootstrap.mean, leaked, outputs.writers),
        "confusion": confusion(read, outputs.digits).tolist(),
    }


def likeness(judges: Judges, fakes: Outputs, features: np.ndarray, reals: Reals,
             protocol: Protocol) -> dict[str, Estimate]:
    """How near the outputs, as a set, are to as many reals, to the classifier and to the encoder."""
    count = len(features)
    glyphs = reals.glyphs.take(slice(count))
    spaces = {"classifier": (features, reals.features[:count]),
              "writer": (judges.encoders[0].embed(fakes.images, fakes.digits), reals.embeddings[:count])}
    figures = {}
    for space, both in spaces.items():
        figures[f"frechet_distance, {space}"] = estimate(frechet_figure, *both, fakes.writers)
        figures[f"frechet_distance_per_digit, {space}"] = estimate(
            frechet_figure, *both, fakes.writers, fakes.digits, glyphs.digits)
    few = slice(protocol.neighbours)
    one, other = spaces["classifier"]
    return figures | _neighbourhood(one[few], other[few], fakes.writers[few], glyphs.writers[few])


def _neighbourhood(fakes: np.ndarray, reals: np.ndarray, writers: np.ndarray,
                   real_writers: np.ndarray) -> dict[str, Estimate]:
    distance = {"kernel_distance": estimate(kernel_figure, fakes, reals, writers)}
    try:
        balls = Balls(fakes, reals)
        precise, recalled = precision_recall(balls)
        dense, covered = density_coverage(balls)
    except TooFewError as error:
        return distance | dict.fromkeys(("precision", "recall", "density", "coverage"), missing(str(error)))
    return distance | {
        "precision": estimate(bootstrap.mean, precise.astype(float), writers),
        "recall": estimate(bootstrap.mean, recalled.astype(float), real_writers),
        "density": estimate(bootstrap.mean, dense, writers),
        "coverage": estimate(bootstrap.mean, covered.astype(float), real_writers),
    }


def variety(judges: Judges, outputs: Outputs, standardise: Standardise, protocol: Protocol,
            rng: np.random.Generator) -> dict[str, Any]:
    """How much the outputs of one source and target differ: in the classifier's layers, in attributes."""
    groups = rng.permutation(len(outputs.digits) // outputs.outputs)[:protocol.spread]
    rows = groups[:, None] * outputs.outputs + np.arange(outputs.outputs)
    writers = outputs.writers[rows[:, 0]]
    apart = np.concatenate([_apart(judges, outputs.images[rows[start:start + GROUPS]])
                            for start in range(0, len(rows), GROUPS)])
    flat = rows.ravel()
    attributes = standardise(morphometrics.measure(outputs.images[flat])[:, :len(ATTRIBUTES)],
                             outputs.digits[flat]).reshape(*rows.shape, -1)
    variances = attribute_spread(attributes)
    return {
        "diversity": estimate(bootstrap.mean, apart, writers),
        "attribute_variance": {name: estimate(bootstrap.mean, variances[:, column], writers)
                               for column, name in enumerate(ATTRIBUTES)},
    }


def _apart(judges: Judges, images: np.ndarray) -> np.ndarray:
    """Diversity of each group of images `[S, T, 28, 28]`."""
    layers = judges.reader.layers(images.reshape(-1, *images.shape[2:]))
    return diversity([layer.reshape(*images.shape[:2], *layer.shape[1:]) for layer in layers])


def common(protocol: Protocol, *sets: Glyphs) -> int:
    """How many glyphs every distance is between."""
    return min(protocol.sample, *(len(glyphs.digits) for glyphs in sets))
