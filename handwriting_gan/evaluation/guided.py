"""Measures the guided modes by StarGAN v2's protocol: each source is redrawn ten times as each other digit.

Real glyphs are training glyphs, as in that protocol: a sample of them, but for the distance of each task all of the
target digit. The same estimates of real held-out glyphs show what a perfect generator could reach.

Axes: S sources, D targets of each (the nine other digits), T outputs of each, N = S D T outputs in all.
"""

from typing import Any, NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.protocol import Protocol, per_digit, some
from handwriting_gan.evaluation.scorecard import GuidedEstimates
from handwriting_gan.metrics import bootstrap, morphometrics
from handwriting_gan.metrics.bootstrap import Estimate, TooFewError, or_reason
from handwriting_gan.metrics.density_coverage import density_coverage
from handwriting_gan.metrics.digit_accuracy import confusion
from handwriting_gan.metrics.diversity import attribute_spread, diversity
from handwriting_gan.metrics.frechet_distance import frechet_estimate
from handwriting_gan.metrics.kernel_distance import kernel_estimate
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, Standardise
from handwriting_gan.metrics.precision_recall import Balls, precision_recall
from handwriting_gan.synthesis.trained_model import TrainedModel

GROUPS = 50  # groups of outputs whose layers are in memory at once


class Reals(NamedTuple):
    """Training glyphs to compare with."""

    glyphs: Glyphs
    features: np.ndarray  # [M, F], the classifier's
    embeddings: np.ndarray  # [M, E], the first writer encoder's
    standardise: Standardise
    task_features: np.ndarray  # [R, F], the classifier's, of the glyphs that tasks are compared with
    task_digits: np.ndarray  # int32 [R], of the same


class Outputs(NamedTuple):
    """The outputs of a mode, grouped by source and target; or real glyphs."""

    images: np.ndarray  # uint8 [N, 28, 28]
    digits: np.ndarray  # int32 [N], the targets
    source_digits: np.ndarray  # int32 [N]; the digits themselves for reals
    writers: np.ndarray  # int32 [N], of the sources
    outputs: int  # T: each run of T rows has one source and target

    def take(self, rows: np.ndarray) -> "Outputs":
        """The given rows, without groups."""
        return Outputs(self.images[rows], self.digits[rows], self.source_digits[rows], self.writers[rows], 1)


def redraw(model: TrainedModel, mode: str, sources: Glyphs, examples: Glyphs, protocol: Protocol,
           seed: int) -> Outputs:
    """Redraws every source as each other digit; each output has its own latent, or reference from the examples."""
    targets = (sources.digits[:, None] + np.arange(1, DIGITS)) % DIGITS
    rows = np.repeat(np.arange(len(sources.digits)), (DIGITS - 1) * protocol.outputs)
    digits = np.repeat(targets.ravel(), protocol.outputs).astype(np.int32)
    repeated = sources.take(rows)
    if mode == "latent":
        images = model.latent_guided(repeated, digits, seed)
    else:
        references = of_digits(examples, digits, np.random.default_rng(seed))
        images = model.reference_guided(repeated, references, seed)
    return Outputs(images, digits, repeated.digits, repeated.writers, protocol.outputs)


def real_groups(sources: Glyphs, held_out: Glyphs, protocol: Protocol, seed: int) -> Outputs:
    """Samples a group of real held-out glyphs of each source's digit, by any writers."""
    digits = np.repeat(sources.digits, protocol.outputs)
    glyphs = of_digits(held_out, digits, np.random.default_rng(seed))
    return Outputs(glyphs.images, digits, digits, np.repeat(sources.writers, protocol.outputs),
                   protocol.outputs)


def of_digits(glyphs: Glyphs, digits: np.ndarray, rng: np.random.Generator) -> Glyphs:
    """A random glyph of each of the digits."""
    rows = np.empty(len(digits), int)
    for digit in np.unique(digits):
        is_digit = digits == digit
        rows[is_digit] = rng.choice(np.flatnonzero(glyphs.digits == digit), is_digit.sum())
    return glyphs.take(rows)


def measure_mode(model: TrainedModel, mode: str, judges: Judges, reals: Reals, held_out: Glyphs,
                 protocol: Protocol, seed: int) -> GuidedEstimates:
    """The estimates of the mode 'latent' or 'reference'."""
    rng = np.random.default_rng(seed)
    sources = per_digit(held_out, protocol.sources, rng)
    outputs = redraw(model, mode, sources, held_out, protocol, seed)
    read, features = judges.reader.digits_and_features(outputs.images)
    sample = rng.permutation(len(read))[:common(protocol, reals.glyphs, held_out)]
    return GuidedEstimates(
        sources=len(sources.digits),
        outputs=len(read),
        **content(read, outputs),
        **likeness(judges, outputs.take(sample), features[sample], reals, protocol),
        **task_distances(outputs, features, reals),
        **variety(judges, outputs, reals.standardise, protocol, rng),
    )


def measure_reals(judges: Judges, reals: Reals, held_out: Glyphs, protocol: Protocol, seed: int) -> GuidedEstimates:
    """The same estimates of real held-out glyphs, with the same number of glyphs in every distance.

    If a digit has fewer held-out glyphs than a task has outputs, all are used.
    """
    rng = np.random.default_rng(seed)
    groups = real_groups(per_digit(held_out, protocol.sources, rng), held_out, protocol, seed)
    glyphs = some(held_out, common(protocol, reals.glyphs, held_out), rng)
    sample = Outputs(glyphs.images, glyphs.digits, glyphs.digits, glyphs.writers, 1)
    read, features = judges.reader.digits_and_features(glyphs.images)
    targets = per_digit(held_out, protocol.of_task, np.random.default_rng(seed))
    return GuidedEstimates(
        outputs=len(read),
        **content(read, sample),
        **likeness(judges, sample, features, reals, protocol),
        **task_distances(Outputs(targets.images, targets.digits, targets.digits, targets.writers, 1),
                         judges.reader.features(targets.images), reals),
        **variety(judges, groups, reals.standardise, protocol, rng),
    )


def content(read: np.ndarray, outputs: Outputs) -> dict[str, Any]:
    """The fields of GuidedEstimates on the digit that an output shows: the target, or the source's digit."""
    right = (read == outputs.digits).astype(float)
    leaked = np.where(outputs.digits != outputs.source_digits, read == outputs.source_digits, np.nan)
    return {
        "digit_accuracy": or_reason(bootstrap.mean, right, outputs.writers),
        "leakage": or_reason(bootstrap.mean, leaked, outputs.writers),
        "confusion": confusion(read, outputs.digits).tolist(),
    }


def likeness(judges: Judges, fakes: Outputs, features: np.ndarray, reals: Reals,
             protocol: Protocol) -> dict[str, Any]:
    """The fields of GuidedEstimates that compare the set of outputs with a set of equally many real glyphs."""
    count = len(features)
    digits = reals.glyphs.digits[:count]
    by_classifier = features, reals.features[:count]
    by_encoder = judges.encoders[0].embed(fakes.images, fakes.digits), reals.embeddings[:count]
    few = slice(protocol.neighbours)
    return {
        "frechet_distance": or_reason(frechet_estimate, *by_classifier, fakes.writers),
        "frechet_distance_per_digit": or_reason(
            frechet_estimate, *by_classifier, fakes.writers, fakes.digits, digits),
        "writer_frechet_distance": or_reason(frechet_estimate, *by_encoder, fakes.writers),
        "writer_frechet_distance_per_digit": or_reason(
            frechet_estimate, *by_encoder, fakes.writers, fakes.digits, digits),
        **_neighbourhood(features[few], reals.features[:count][few], fakes.writers[few],
                         reals.glyphs.writers[:count][few]),
    }


def _neighbourhood(fakes: np.ndarray, reals: np.ndarray, writers: np.ndarray,
                   real_writers: np.ndarray) -> dict[str, Estimate]:
    distance = {"kernel_distance": or_reason(kernel_estimate, fakes, reals, writers)}
    try:
        balls = Balls(fakes, reals)
        precise, recalled = precision_recall(balls)
        dense, covered = density_coverage(balls)
    except TooFewError as error:
        none = Estimate(None, reason=str(error))
        return distance | dict.fromkeys(("precision", "recall", "density", "coverage"), none)
    return distance | {
        "precision": or_reason(bootstrap.mean, precise.astype(float), writers),
        "recall": or_reason(bootstrap.mean, recalled.astype(float), real_writers),
        "density": or_reason(bootstrap.mean, dense, writers),
        "coverage": or_reason(bootstrap.mean, covered.astype(float), real_writers),
    }


def task_distances(fakes: Outputs, features: np.ndarray, reals: Reals) -> dict[str, Any]:
    """The fields of GuidedEstimates on tasks: StarGAN v2's own Fréchet distance, as a mean and for each target.

    A task is a source digit and a target digit. Its reals are those of the target.
    """
    tasks = fakes.source_digits * DIGITS + fakes.digits

    def distance(chosen: np.ndarray) -> Estimate:
        return or_reason(frechet_estimate, features[chosen], reals.task_features, fakes.writers[chosen], tasks[chosen],
                         reals.task_digits, lambda task: task % DIGITS)

    return {
        "frechet_distance_per_task": distance(np.full(len(tasks), True)),
        "frechet_distance_by_target": {
            str(digit): distance(fakes.digits == digit) for digit in np.unique(fakes.digits)},
    }


def variety(judges: Judges, outputs: Outputs, standardise: Standardise, protocol: Protocol,
            rng: np.random.Generator) -> dict[str, Any]:
    """The fields of GuidedEstimates on the differences between the outputs of one source and target."""
    groups = rng.permutation(len(outputs.digits) // outputs.outputs)[:protocol.spread]
    rows = groups[:, None] * outputs.outputs + np.arange(outputs.outputs)
    writers = outputs.writers[rows[:, 0]]
    distances = np.concatenate([_distances(judges, outputs.images[rows[start:start + GROUPS]])
                                for start in range(0, len(rows), GROUPS)])
    flat = rows.ravel()
    attributes = standardise(morphometrics.measure(outputs.images[flat])[:, :len(ATTRIBUTES)],
                             outputs.digits[flat]).reshape(*rows.shape, -1)
    variances = attribute_spread(attributes)
    return {
        "diversity": or_reason(bootstrap.mean, distances, writers),
        "attribute_variance": {name: or_reason(bootstrap.mean, variances[:, column], writers)
                               for column, name in enumerate(ATTRIBUTES)},
    }


def _distances(judges: Judges, images: np.ndarray) -> np.ndarray:
    """Diversity of each group of images `[S, T, 28, 28]`."""
    layers = judges.reader.layers(images.reshape(-1, *images.shape[2:]))
    return diversity([layer.reshape(*images.shape[:2], *layer.shape[1:]) for layer in layers])


def common(protocol: Protocol, *sets: Glyphs) -> int:
    """The number of glyphs in each set of a distance: the protocol's, or fewer if a set is smaller."""
    return min(protocol.sample, *(len(glyphs.digits) for glyphs in sets))
