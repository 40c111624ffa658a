"""Fréchet distance between two sets of features (Heusel et al. 2017, equation 6).

Biased upwards by about c / N, so compare only at the same N, and beside real against real at that N.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import scipy.linalg

from handwriting_gan.metrics.bootstrap import Estimate, TooFewError, by_writer, estimate, writer_indices


class Statistics(NamedTuple):
    """Mean `[F]` and covariance `[F, F]` of features."""

    mean: np.ndarray
    covariance: np.ndarray


def statistics(features: np.ndarray) -> Statistics:
    """Mean and unbiased covariance of features `[N, F]`, in float64.

    Raises:
      TooFewError: if N is not above F: the covariance would be singular and the distance meaningless.
    """
    count, width = features.shape
    if count <= width:
        raise TooFewError(f"{count} sets of {width} features are too few for their covariance")
    features = features.astype(np.float64)
    return Statistics(features.mean(axis=0), np.cov(features, rowvar=False).reshape(width, width))


def _distance(one: Statistics, other: Statistics, eigenvalues: np.ndarray) -> float:
    """The distance by the eigenvalues of `C1^(1/2) C2 C1^(1/2)`, which is symmetric: `C1 C2` has the same."""
    cross = np.sqrt(np.clip(eigenvalues, 0.0, None)).sum()
    gap = one.mean - other.mean
    distance = gap @ gap + np.trace(one.covariance) + np.trace(other.covariance) - 2.0 * cross
    return float(max(distance, 0.0))


def frechet_estimate(fakes: np.ndarray, reals: np.ndarray, writers: np.ndarray,
                   groups: np.ndarray | None = None, real_groups: np.ndarray | None = None,
                   compared_with: Callable[[int], int] = int) -> Estimate:
    """The distance of fakes `[N, F]` from reals `[M, F]`, its interval over the fakes' writers `[N]`.

    With groups `[N]` and `[M]`, for example digits, it is the mean of the groups' distances. `compared_with` maps
    a group of fakes to a group of reals, by default the group of the same number. The resamples' distances are
    first-order approximations in the writers' weights, which avoids an eigenvalue problem for each.

    Raises:
      TooFewError: if a group has no more glyphs than features, on either side.
    """
    groups = np.zeros(len(fakes), int) if groups is None else groups
    real_groups = np.zeros(len(reals), int) if real_groups is None else real_groups
    distances, slopes = [], np.zeros(len(fakes))

    @functools.cache
    def real_and_root(group: int) -> tuple[Statistics, np.ndarray]:
        real = statistics(reals[real_groups == group])
        return real, symmetric_root(real.covariance)

    for group in np.unique(groups):
        own = fakes[groups == group]
        distance, influences = distance_and_influence(own, *real_and_root(int(compared_with(group))))
        distances.append(distance)
        slopes[groups == group] = influences / len(own)
    indices, count = writer_indices(writers)
    by_index = by_writer(slopes, indices, count) / len(distances)
    return estimate(lambda weights: np.mean(distances) + weights @ by_index, count)


def distance_and_influence(fakes: np.ndarray, real: Statistics,
                           root: np.ndarray) -> tuple[float, np.ndarray]:
    """The distance, and how it moves with the weight of each of the fakes `[N, F]`: `[N]`, of mean 0.

    `root` is the root R of the reals' covariance. The gradient in the mean m is 2 (m - m_r), that in the
    covariance C is I - R (R C R)^(-1/2) R; each glyph moves m by (x - m) / N and C by
    ((x - m)(x - m)' - C) / N. Both come from one eigenvalue problem, that of R C R.
    """
    own = statistics(fakes)
    values, vectors = scipy.linalg.eigh(root @ own.covariance @ root)
    # A direction in which fakes or reals do not vary at all has no slope.
    inverse = np.where(values > 1e-10 * max(values.max(), 1e-300), 1 / np.sqrt(np.abs(values) + 1e-300), 0.0)
    slope = np.eye(len(root)) - root @ (vectors * inverse) @ vectors.T @ root
    away = fakes.astype(np.float64) - own.mean
    moved = 2.0 * away @ (own.mean - real.mean) + np.sum(away @ slope * away, axis=1)
    return _distance(real, own, values), moved - moved.mean()


def symmetric_root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semidefinite matrix."""
    values, vectors = scipy.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
