"""Whether ink is one whole digit, some of one, or more than one: what a digit classifier never asks itself.

A small network on what the digit classifier sees of a candidate, fitted by `experiments.fit_wholeness` on
candidates of numbers composed from training writers' glyphs. Axes: N candidates.
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
    """What is seen `[N, F]` to a logit of being whole `[N]`; mean and deviation of each are parameters."""

    @nn.compact
    def __call__(self, seen: jax.Array) -> jax.Array:
        """Standardised, then two layers."""
        mean = self.param("mean", nn.initializers.zeros, (seen.shape[-1],))
        deviation = self.param("deviation", nn.initializers.ones, (seen.shape[-1],))
        seen = (seen - jax.lax.stop_gradient(mean)) / jax.lax.stop_gradient(deviation)
        return nn.Dense(1)(nn.relu(nn.Dense(HIDDEN)(seen)))[..., 0]


def candidate_features(probabilities: np.ndarray, features: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """What is to judge candidates by: float32 `[N, F]`.

    Args:
      probabilities: of the digits, by the classifier `[N, 10]`.
      features: its last hidden layer `[N, FEATURES]`.
      shapes: float `[N, 2]`, width and height, of the height of the line that they are in.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.concatenate([features / (lengths + EPSILON), np.log1p(lengths), probabilities, shapes],
                          axis=1).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class WholenessJudge:
    """The network with its weights."""

    params: dict[str, Any]
    sha256: str  # of the file of weights

    def probabilities(self, seen: np.ndarray) -> np.ndarray:
        """How likely each candidate is one whole digit: float32 `[N]`."""
        return in_chunks(functools.partial(_probabilities, self.params), seen)


@jax.jit
def _probabilities(params: dict[str, Any], seen: jax.Array) -> jax.Array:
    return jax.nn.sigmoid(outputs(WholenessNetwork(), params, seen))


@functools.cache
def load(path: Path = WEIGHTS) -> WholenessJudge:
    """The judge that ships with the package.

    Raises:
      InputError: if its weights cannot be read.
    """
    return WholenessJudge(*archive.load(path))
