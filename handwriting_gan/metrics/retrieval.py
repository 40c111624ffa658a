"""Retrieval: where among writers of the same series does the right one come, by likeness to the query?

Axes: E episodes.
"""

import numpy as np

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate

LEAST_CANDIDATES = 5


def ranks(scores: np.ndarray, impostor: np.ndarray) -> np.ndarray:
    """The rank, 1 the best, of each query's own writer among the impostors `[E, E]`: float64 `[E]`.

    A tie counts half a place. NaN where there are fewer than `LEAST_CANDIDATES`.
    """
    own = np.diagonal(scores)[:, None]
    better = (impostor & (scores > own)).sum(axis=1) + 0.5 * (impostor & (scores == own)).sum(axis=1)
    return np.where(impostor.sum(axis=1) + 1 >= LEAST_CANDIDATES, 1.0 + better, np.nan)


def rank_at_most(places: np.ndarray, most: int, writers: np.ndarray) -> Estimate:
    """The share, 0 to 1, of ranks `[E]` that are `most` or better: rank-1, rank-5.

    Raises:
      TooFewError: if no query has a rank.
    """
    return bootstrap.mean(np.where(np.isnan(places), np.nan, places <= most), writers)


def mean_average_precision(places: np.ndarray, writers: np.ndarray) -> Estimate:
    """The mean of 1 / rank: with one right answer per query, that is its average precision.

    Raises:
      TooFewError: if no query has a rank.
    """
    return bootstrap.mean(1.0 / places, writers)


def chance(impostor: np.ndarray, most: int) -> float:
    """The share of ranks `most` or better that guessing reaches; NaN without a query."""
    candidates = impostor.sum(axis=1) + 1
    candidates = candidates[candidates >= LEAST_CANDIDATES]
    return float(np.minimum(most / candidates, 1.0).mean()) if len(candidates) else np.nan
