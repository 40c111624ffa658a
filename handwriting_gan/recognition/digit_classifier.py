"""The digit classifier, whose last hidden layer is also the feature space of the Fréchet distance.

`python -m handwriting_gan.recognition.fit` fits it on MNIST's training set. Axes: N glyphs.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from handwriting_gan.data.glyphs import DIGITS, checked_images, to_network
from handwriting_gan.recognition import archive
from handwriting_gan.recognition.chunks import in_chunks, outputs

WEIGHTS = archive.FOLDER / "digit_classifier.npz"
FEATURES = 128


class Activations(NamedTuple):
    """The outputs and hidden layers of the classifier."""

    logits: jax.Array  # [N, 10]
    features: jax.Array  # [N, FEATURES], the last hidden layer, >= 0
    layers: tuple[jax.Array, ...]  # [N, H, W, C], the input of each max pooling


class DigitClassifier(nn.Module):
    """Six convolutions and two linear layers: images `[N, 28, 28, 1]`, -1 to +1, to `Activations`."""

    width: int = 16

    @nn.compact
    def __call__(self, images: jax.Array) -> Activations:
        """The logits, with the hidden layers that metrics use."""
        x, layers = images, []
        for level in range(3):
            for _ in range(2):
                x = nn.relu(nn.Conv(self.width * 2**level, (3, 3))(x))
            layers.append(x)
            x = nn.max_pool(x, (2, 2), (2, 2))
        features = nn.relu(nn.Dense(FEATURES)(x.reshape(len(x), -1)))
        return Activations(nn.Dense(DIGITS)(features), features, tuple(layers))


@dataclasses.dataclass(frozen=True)
class Reader:
    """The classifier with its weights. Images are uint8 `[N, 28, 28]`, 0 paper to 255 ink, N >= 1.

    Every method raises ValueError for other images.
    """

    params: dict[str, Any]
    sha256: str  # of the file of weights

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Probabilities of the digits: float32 `[N, 10]`, rows sum to 1."""
        return np.asarray(jax.nn.softmax(self._read("logits", images)))

    def digits(self, images: np.ndarray) -> np.ndarray:
        """The most probable digit of each glyph: int32 `[N]`."""
        return self._read("logits", images).argmax(axis=1).astype(np.int32)

    def features(self, images: np.ndarray) -> np.ndarray:
        """The last hidden layer: float32 `[N, FEATURES]`."""
        return self._read("features", images)

    def digits_and_features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The results of `digits` and `features`, from one pass of the network."""
        logits, features = self._logits_and_features(images)
        return logits.argmax(axis=1).astype(np.int32), features

    def probabilities_and_features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The results of `probabilities` and `features`, from one pass of the network."""
        logits, features = self._logits_and_features(images)
        return np.asarray(jax.nn.softmax(logits)), features

    def layers(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """The input of each max pooling: float32 `[N, H, W, C]` each."""
        return self._read("layers", images)

    def _logits_and_features(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return in_chunks(lambda chunk: _activations(self.params, chunk, "logits", "features"),
                         checked_images(images))

    def _read(self, name: str, images: np.ndarray) -> Any:
        """One field of `Activations`."""
        return in_chunks(lambda chunk: _activations(self.params, chunk, name)[0], checked_images(images))


@functools.partial(jax.jit, static_argnums=(2, 3))
def _activations(params: dict[str, Any], images: jax.Array, *names: str) -> tuple[Any, ...]:
    """The named fields of `Activations`; `jit` removes the computation of the others."""
    activations = outputs(DigitClassifier(), params, to_network(jnp.asarray(images)))
    return tuple(getattr(activations, name) for name in names)


@functools.cache
def load(path: Path = WEIGHTS) -> Reader:
    """Loads the classifier with the weights in the package.

    Raises:
      InputError: if its weights cannot be read.
    """
    return Reader(*archive.load(path))
