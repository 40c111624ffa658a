"""Retrieval: the rank of the right writer among writers of the same series, by similarity to the query.

Axes: E episodes.
"""

import numpy as np

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate

LEAST_CANDIDATES = 5


def ranks(scores: np.ndarray, impostor: np.ndarray) -> np.ndarray:
    """The rank of each query's own writer among the impostors `[E, E]`, 1 is best: float64 `[E]`.

    A tie counts half a rank. NaN for fewer than `LEAST_CANDIDATES` candidates.
    """
    own = np.diagonal(scores)[:, None]
    better = (impostor & (scores > own)).sum(axis=1) + 0.5 * (impostor & (scores == own)).sum(axis=1)
    return np.where(impostor.sum(axis=1) + 1 >= LEAST_CANDIDATES, 1.0 + better, np.nan)


def rank_at_most(ranks: np.ndarray, most: int, writers: np.ndarray) -> Estimate:
    """The fraction, 0 to 1, of ranks `[E]` that are at most `most`: rank-1, rank-5.

    Raises:
      TooFewError: if no query has a rank.
    """
    return bootstrap.mean(np.where(np.isnan(ranks), np.nan, ranks <= most), writers)


def mean_average_precision(ranks: np.ndarray, writers: np.ndarray) -> Estimate:
    """The mean of 1 / rank, which is the average precision for one right answer per query.

    Raises:
      TooFewError: if no query has a rank.
    """
    return bootstrap.mean(1.0 / ranks, writers)


def chance(impostor: np.ndarray, most: int) -> float:
    """The fraction of ranks at most `most` that guessing reaches; NaN without a query."""
    candidates = impostor.sum(axis=1) + 1
    candidates = candidates[candidates >= LEAST_CANDIDATES]
    return float(np.minimum(most / candidates, 1.0).mean()) if len(candidates) else np.nan
