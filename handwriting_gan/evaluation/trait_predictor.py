"""The predictor of traits: logistic regression from the references' embeddings to a trait of the target.

It shows how much K references predict about how a digit is made. Axes: N episodes, K references, E embedding,
F features.
"""

import dataclasses

import numpy as np
from scipy import optimize, special

from handwriting_gan.metrics.bootstrap import TooFewError

PENALTY = 5.0  # on the squared weights, against the sum of the cross-entropies
LEAST = 20  # episodes to fit on


@dataclasses.dataclass(frozen=True)
class TraitPredictor:
    """A linear function of standardised features, as log odds."""

    mean: np.ndarray  # [F]
    deviation: np.ndarray  # [F]
    weights: np.ndarray  # [F + 1], the last a constant

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The probability `[N]` of the trait from features `[N, F]`."""
        return special.expit(_extended((features - self.mean) / self.deviation) @ self.weights)


def fit(features: np.ndarray, traits: np.ndarray) -> TraitPredictor:
    """Fits on features `[N, F]` and traits `[N]`, 1 yes and 0 no.

    Raises:
      TooFewError: if there are too few episodes, or all have or lack the trait.
    """
    if len(traits) < LEAST or len(np.unique(traits)) < 2:
        raise TooFewError(f"{len(traits)} training episodes of {len(np.unique(traits))} kinds are too few to fit")
    mean, deviation = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    standardised = _extended((features - mean) / deviation)
    penalty = PENALTY * np.append(np.ones(features.shape[1]), 0.0)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        log_odds = standardised @ weights
        cross_entropy = np.logaddexp(0.0, log_odds).sum() - traits @ log_odds
        gradient = (special.expit(log_odds) - traits) @ standardised + 2.0 * penalty * weights
        return cross_entropy + penalty @ weights**2, gradient

    found = optimize.minimize(loss, np.zeros(standardised.shape[1]), jac=True, method="L-BFGS-B")
    return TraitPredictor(mean, deviation, found.x)


def features_of(embeddings: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The features `[N, 2 E]` of references' embeddings `[N, K, E]`: their mean over other digits, and over own.

    `own` bool `[N, K]` says which references show the target's digit. A mean over none is 0.
    """
    return np.concatenate([_mean(embeddings, ~own), _mean(embeddings, own)], axis=1)


def _mean(embeddings: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    counts = np.maximum(chosen.sum(axis=1, keepdims=True), 1)
    return (embeddings * chosen[..., None]).sum(axis=1) / counts


def _extended(features: np.ndarray) -> np.ndarray:
    return np.concatenate([features, np.ones((len(features), 1))], axis=1)
