"""The predictor: ridge regression from the references' attributes to the target's.

It shows how much K references predict; it makes no images. References come in groups, such as those that show the
target's digit and the others. Axes: E episodes, K references of a group, A attributes as deviations from each
digit's mean, F attributes of all groups and a constant.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from handwriting_gan.metrics.bootstrap import TooFewError

PENALTY = 1.0  # on the squared weights


@dataclasses.dataclass(frozen=True)
class Predictor:
    """A linear function of the mean attributes of each group."""

    weights: np.ndarray  # [F, A], the last row a constant

    def predict(self, *groups: np.ndarray) -> np.ndarray:
        """The target's attributes `[E, A]` from groups of references `[E, K, A]`; NaN if all of a group have NaN."""
        return _features(groups) @ self.weights


def fit(targets: np.ndarray, *groups: np.ndarray) -> Predictor:
    """Fits on targets `[E, A]` and groups of references `[E, K, A]` of training writers; leaves out rows with NaN.

    Raises:
      TooFewError: if there are not more rows without NaN than weights of an attribute.
    """
    features = _features(groups)
    whole = ~np.isnan(features).any(axis=1) & ~np.isnan(targets).any(axis=1)
    features, targets = features[whole], targets[whole]
    if len(features) <= features.shape[1]:
        raise TooFewError(f"{len(features)} episodes are too few to fit {features.shape[1]} weights")
    penalty = PENALTY * np.eye(features.shape[1])
    penalty[-1, -1] = 0.0
    return Predictor(np.linalg.solve(features.T @ features + penalty, features.T @ targets))


def _features(groups: Sequence[np.ndarray]) -> np.ndarray:
    """The mean over each group's references that are not blank, and a constant: `[E, F]`."""
    return np.concatenate([*map(_mean, groups), np.ones((len(groups[0]), 1))], axis=1)


def _mean(references: np.ndarray) -> np.ndarray:
    inked = ~np.isnan(references)
    total, count = np.where(inked, references, 0.0).sum(axis=1), inked.sum(axis=1)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
