"""The predictor: ridge regression from the references' attributes to the target's.

It shows how much K references predict; it makes no images. Axes: E episodes, K references, A attributes as
deviations from each digit's mean.
"""

import dataclasses

import numpy as np

from handwriting_gan.metrics.bootstrap import TooFewError

PENALTY = 1.0  # on the squared weights


@dataclasses.dataclass(frozen=True)
class Predictor:
    """A linear function of the mean of the references' attributes."""

    weights: np.ndarray  # [A + 1, A], the last row a constant

    def predict(self, references: np.ndarray) -> np.ndarray:
        """The target's attributes `[E, A]` from references `[E, K, A]`; NaN if all references have NaN."""
        return _features(references) @ self.weights


def fit(references: np.ndarray, targets: np.ndarray) -> Predictor:
    """Fits on references `[E, K, A]` and targets `[E, A]` of training writers; rows with NaN are left out.

    Raises:
      TooFewError: if there are not more rows without NaN than weights of an attribute.
    """
    features = _features(references)
    whole = ~np.isnan(features).any(axis=1) & ~np.isnan(targets).any(axis=1)
    features, targets = features[whole], targets[whole]
    if len(features) <= features.shape[1]:
        raise TooFewError(f"{len(features)} episodes are too few to fit {features.shape[1]} weights")
    penalty = PENALTY * np.eye(features.shape[1])
    penalty[-1, -1] = 0.0
    return Predictor(np.linalg.solve(features.T @ features + penalty, features.T @ targets))


def _features(references: np.ndarray) -> np.ndarray:
    """The mean over references that are not blank, and a constant: `[E, A + 1]`."""
    inked = ~np.isnan(references)
    total, count = np.where(inked, references, 0.0).sum(axis=1), inked.sum(axis=1)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.concatenate([mean, np.ones((len(mean), 1))], axis=1)
