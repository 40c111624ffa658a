"""Fréchet distance between two sets of features (Heusel et al. 2017, equation 6).

Biased upwards by about c / N, so compare only at the same N, and beside real against real at that N.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg


class Statistics(NamedTuple):
    """Mean `[F]` and covariance `[F, F]` of features."""

    mean: np.ndarray
    covariance: np.ndarray


def statistics(features: np.ndarray) -> Statistics:
    """Mean and unbiased covariance of features `[N, F]`, in float64.

    Raises:
      ValueError: if N is not above F: the covariance would be singular and the distance meaningless.
    """
    count, width = features.shape
    if count <= width:
        raise ValueError(f"{count} sets of {width} features are too few for their covariance")
    features = features.astype(np.float64)
    return Statistics(features.mean(axis=0), np.cov(features, rowvar=False).reshape(width, width))


def frechet_distance(one: Statistics, other: Statistics) -> float:
    """`|m1 - m2|^2 + Tr(C1 + C2 - 2 (C1 C2)^(1/2))`: >= 0, 0 for equal statistics, symmetric."""
    root = _root(one.covariance)
    # C1 C2 and C1^(1/2) C2 C1^(1/2) have the same eigenvalues, and the latter is symmetric.
    eigenvalues = scipy.linalg.eigvalsh(root @ other.covariance @ root)
    cross = np.sqrt(np.clip(eigenvalues, 0.0, None)).sum()
    gap = one.mean - other.mean
    distance = gap @ gap + np.trace(one.covariance) + np.trace(other.covariance) - 2.0 * cross
    return float(max(distance, 0.0))


def _root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a positive semidefinite matrix."""
    values, vectors = scipy.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
