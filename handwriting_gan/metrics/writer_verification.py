"""Writer verification: is a query by the claimed writer, or by another of the same series?

`scores[i, j]` compares query i with the gallery of episode j. The diagonal holds genuine trials; `impostor`
marks the impostor trials. Axes: E episodes, W writers, R resamples.
"""

from collections.abc import Callable

import numpy as np

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate

BINS = 2_000  # of scores in [-1, 1], for the equal error rate


def area_under_curve(scores: np.ndarray, impostor: np.ndarray, writers: np.ndarray) -> Estimate:
    """AUC, 0 to 1, chance 0.5: how often a genuine trial scores above an impostor trial; ties count half.

    `scores` are `[E, E]` in [-1, 1], `impostor` is bool `[E, E]`, `writers` are the ids `[E]`.

    Raises:
      TooFewError: if there is no impostor trial.
    """
    indices, count = bootstrap.writer_indices(writers)
    return bootstrap.estimate(_area(scores, impostor, indices, count), count)


def share_above_chance(scores: np.ndarray, others: np.ndarray, impostor: np.ndarray,
                       writers: np.ndarray) -> Estimate:
    """The AUC's distance above chance, as a fraction of that of other scores `[E, E]`.

    Both use the same resamples of writers. Otherwise as `area_under_curve`.
    """
    indices, count = bootstrap.writer_indices(writers)
    one, other = (_area(each, impostor, indices, count) for each in (scores, others))
    return bootstrap.estimate(lambda weights: _divide(one(weights) - 0.5, other(weights) - 0.5), count)


def equal_error_rate(scores: np.ndarray, impostor: np.ndarray, writers: np.ndarray) -> Estimate:
    """The error, 0 to 1, chance 0.5, at the threshold where misses and false alarms are equally frequent.

    Arguments and errors as `area_under_curve`.
    """
    indices, count = bootstrap.writer_indices(writers)
    owners = np.broadcast_to(indices[:, None], scores.shape)
    genuine = _histogram(indices, np.diagonal(scores), count)
    against = _histogram(owners[impostor], scores[impostor], count)
    return bootstrap.estimate(lambda weights: _crossing(weights @ genuine, weights @ against), count)


def _area(scores: np.ndarray, impostor: np.ndarray, indices: np.ndarray,
          count: int) -> Callable[[np.ndarray], np.ndarray]:
    """The area as a statistic of weights `[R, W]`."""
    wins, trials = _wins(np.diagonal(scores), scores, impostor, indices, count)
    genuine = bootstrap.by_writer(np.ones(len(indices)), indices, count)
    return lambda weights: _divide(np.einsum("rv,vw,rw->r", weights, wins, weights, optimize=True),
                                   (weights @ genuine) * (weights @ trials))


def _wins(genuine: np.ndarray, scores: np.ndarray, impostor: np.ndarray, indices: np.ndarray,
          count: int) -> tuple[np.ndarray, np.ndarray]:
    """Wins of genuine trials of writer v over impostor trials of w `[W, W]`; impostor trials of w `[W]`."""
    order = np.argsort(genuine)  # sorted queries make searchsorted several times faster
    ordered = genuine[order]
    below, trials = np.zeros((len(genuine), count)), np.zeros(count)
    for writer in range(count):
        own = indices == writer
        others = np.sort(scores[own][impostor[own]])
        for side in ("left", "right"):
            below[:, writer] += np.searchsorted(others, ordered, side) / 2
        trials[writer] = len(others)
    return bootstrap.by_writer(below, indices[order], count), trials


def _histogram(indices: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    cells = np.clip(np.digitize(scores, np.linspace(-1.0, 1.0, BINS + 1)) - 1, 0, BINS - 1)
    return np.bincount(indices * BINS + cells, minlength=count * BINS).reshape(count, BINS).astype(float)


def _crossing(genuine: np.ndarray, against: np.ndarray) -> np.ndarray:
    """The rate where misses (rising with the threshold) equal false alarms (falling with it): `[R]`."""
    misses, rejected = (_divide(np.cumsum(counts, axis=1), counts.sum(axis=1, keepdims=True))
                           for counts in (genuine, against))
    gap = np.abs(misses - (1 - rejected))
    best = np.argmin(np.where(np.isnan(gap), np.inf, gap), axis=1)
    rows = np.arange(len(best))
    return (misses[rows, best] + 1 - rejected[rows, best]) / 2


def _divide(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The quotient, NaN where the divisor is 0."""
    return np.divide(sums, counts, out=np.full(np.broadcast_shapes(sums.shape, counts.shape), np.nan),
                     where=counts != 0)
