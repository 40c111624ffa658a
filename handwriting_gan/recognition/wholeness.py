"""Judges whether ink is one whole digit, a piece of one, or several. A digit classifier reads a digit in any ink.

A small network on features of the digit classifier, fitted by `experiments.fit_wholeness` on candidates from
numbers composed of training writers' glyphs. Axes: N candidates, F features.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import linen as nn

from handwriting_gan.recognition import archive
from handwriting_gan.recognition.chunks import in_chunks, outputs

WEIGHTS = archive.FOLDER / "wholeness.npz"
HIDDEN = 64
EPSILON = 1e-6


class WholenessNetwork(nn.Module):
    """Features `[N, F]` to the logit that each candidate is one whole digit `[N]`.

    The mean and standard deviation of each feature are parameters.
    """

    @nn.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        """Standardises the features and applies two layers."""
        mean = self.param("mean", nn.initializers.zeros, (features.shape[-1],))
        deviation = self.param("deviation", nn.initializers.ones, (features.shape[-1],))
        standardised = (features - jax.lax.stop_gradient(mean)) / jax.lax.stop_gradient(deviation)
        return nn.Dense(1)(nn.relu(nn.Dense(HIDDEN)(standardised)))[..., 0]


def candidate_features(probabilities: np.ndarray, hidden: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """The features of candidates: float32 `[N, F]`.

    Args:
      probabilities: the classifier's, of the digits `[N, 10]`.
      hidden: the classifier's last hidden layer `[N, FEATURES]`.
      shapes: float `[N, 2]`, width and height, of the height of the candidate's line.
    """
    lengths = np.linalg.norm(hidden, axis=1, keepdims=True)
    return np.concatenate([hidden / (lengths + EPSILON), np.log1p(lengths), probabilities, shapes],
                          axis=1).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class WholenessJudge:
    """The network with its weights."""

    params: dict[str, Any]
    sha256: str  # of the file of weights

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """The probability that each candidate `[N, F]` is one whole digit: float32 `[N]`."""
        return in_chunks(functools.partial(_probabilities, self.params), features)


@jax.jit
def _probabilities(params: dict[str, Any], features: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(outputs(WholenessNetwork(), params, features))


@functools.cache
def load(path: Path = WEIGHTS) -> WholenessJudge:
    """The judge that ships with the package.

    Raises:
      InputError: if its weights cannot be read.
    """
    return WholenessJudge(*archive.load(path))
