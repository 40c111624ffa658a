"""Writer verification: is a query by the claimed writer, or by another of the same series?

Scores are a square: query i against the gallery of episode j. Where both are by one writer it is a genuine
trial, where `impostor` allows it an impostor trial. Axes: E episodes, W writers, R resamples.
"""

from collections.abc import Callable

import numpy as np

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate

BINS = 2_000  # of scores, -1 to 1, for the equal error rate


def area_under_curve(scores: np.ndarray, impostor: np.ndarray, writers: np.ndarray) -> Estimate:
    """AUC, 0 to 1, chance 0.5: how often a genuine trial scores above an impostor trial; ties count half.

    `scores` `[E, E]`, -1 to 1: the diagonal is genuine, where bool `impostor` `[E, E]` is set an impostor's.

    Raises:
      TooFewError: if there is no impostor trial.
    """
    places, count = bootstrap.places_of(writers)
    return bootstrap.estimate(_area(scores, impostor, places, count), count)


def share_above_chance(scores: np.ndarray, others: np.ndarray, impostor: np.ndarray,
                       writers: np.ndarray) -> Estimate:
    """How far the area lies above chance, as a share of how far that of other scores `[E, E]` does.

    Both by the same draws of writers. Otherwise as `area_under_curve`.
    """
    places, count = bootstrap.places_of(writers)
    one, other = (_area(each, impostor, places, count) for each in (scores, others))
    return bootstrap.estimate(lambda weights: _divide(one(weights) - 0.5, other(weights) - 0.5), count)


def equal_error_rate(scores: np.ndarray, impostor: np.ndarray, writers: np.ndarray) -> Estimate:
    """The error, 0 to 1, chance 0.5, at the threshold where as many are let in as are turned away wrongly.

    Arguments and errors as `area_under_curve`.
    """
    places, count = bootstrap.places_of(writers)
    owners = np.broadcast_to(places[:, None], scores.shape)
    genuine = _histogram(places, np.diagonal(scores), count)
    against = _histogram(owners[impostor], scores[impostor], count)
    return bootstrap.estimate(lambda weights: _crossing(weights @ genuine, weights @ against), count)


def _area(scores: np.ndarray, impostor: np.ndarray, places: np.ndarray,
          count: int) -> Callable[[np.ndarray], np.ndarray]:
    """The area as a statistic of weights `[R, W]`."""
    wins, trials = _wins(np.diagonal(scores), scores, impostor, places, count)
    genuine = bootstrap.by_writer(np.ones(len(places)), places, count)
    return lambda weights: _divide(np.einsum("rv,vw,rw->r", weights, wins, weights, optimize=True),
                                   (weights @ genuine) * (weights @ trials))


def _wins(genuine: np.ndarray, scores: np.ndarray, impostor: np.ndarray, places: np.ndarray,
          count: int) -> tuple[np.ndarray, np.ndarray]:
    """`[W, W]`: genuine trials of v above impostor trials of w; `[W]`: the impostor trials of w."""
    order = np.argsort(genuine)  # sought in order, they are found several times faster
    ordered = genuine[order]
    below, trials = np.zeros((len(genuine), count)), np.zeros(count)
    for writer in range(count):
        mine = places == writer
        others = np.sort(scores[mine][impostor[mine]])
        for side in ("left", "right"):
            below[:, writer] += np.searchsorted(others, ordered, side) / 2
        trials[writer] = len(others)
    return bootstrap.by_writer(below, places[order], count), trials


def _histogram(places: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    cells = np.clip(np.digitize(scores, np.linspace(-1.0, 1.0, BINS + 1)) - 1, 0, BINS - 1)
    return np.bincount(places * BINS + cells, minlength=count * BINS).reshape(count, BINS).astype(float)


def _crossing(genuine: np.ndarray, against: np.ndarray) -> np.ndarray:
    """Where misses, rising with the threshold, meet false alarms, falling with it: `[R]`."""
    misses, turned_away = (_divide(np.cumsum(counts, axis=1), counts.sum(axis=1, keepdims=True))
                           for counts in (genuine, against))
    gap = np.abs(misses - (1 - turned_away))
    best = np.argmin(np.where(np.isnan(gap), np.inf, gap), axis=1)
    rows = np.arange(len(best))
    return (misses[rows, best] + 1 - turned_away[rows, best]) / 2


def _divide(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The quotient, NaN where there is nothing to divide by."""
    return np.divide(sums, counts, out=np.full(np.broadcast_shapes(sums.shape, counts.shape), np.nan),
                     where=counts != 0)
