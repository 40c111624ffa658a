"""Writer encoders: they map a glyph and its digit to a unit vector that identifies the writer's hand.

The mean over a writer's glyphs identifies the hand across digits. There are two encoders, with different
architectures, seeds and losses. Tables report `judge`. Development uses `second`, so that no method is tuned on
the judge that its table reports. `python -m handwriting_gan.recognition.fit` fits both on the training writers
of `mnist_writers`.

Axes: N glyphs, E width of the embedding.
"""

import dataclasses
import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from handwriting_gan.data.glyphs import DIGITS, checked_digits, checked_images, to_network
from handwriting_gan.networks.layers import fold
from handwriting_gan.recognition import archive
from handwriting_gan.recognition.chunks import in_chunks, outputs


class ResidualEncoder(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N]) -> [N, E]` of unit length: residual blocks 14 -> 7 -> 3.

    The digit scales and shifts the channels (FiLM; Perez et al. 2018), because different features identify the
    writer of a 2 and of a 7.
    """

    widths: tuple[int, int] = (32, 64)
    embedding: int = 48

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        """Folds 2 x 2 pixels into channels first: a quarter of the operations, without loss of information."""
        x = ByDigit()(nn.Conv(self.widths[0], (3, 3))(fold(images)), digits)
        x = ResidualBlock()(x, digits)
        x = nn.avg_pool(x, (2, 2), (2, 2))
        x = ByDigit()(nn.Conv(self.widths[1], (3, 3))(nn.relu(x)), digits)
        x = ResidualBlock()(ResidualBlock()(x, digits), digits)
        x = nn.avg_pool(nn.relu(x), (3, 3), (2, 2))
        return _unit(nn.Dense(self.embedding)(x.reshape(len(x), -1))
                     + nn.Embed(DIGITS, self.embedding)(digits))


class PlainEncoder(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N]) -> [N, E]` of unit length: convolutions without shortcuts.

    It has strides instead of pooling, group normalisation, and the digit as ten one-hot channels.
    """

    widths: tuple[int, int, int] = (48, 96, 128)
    embedding: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        """28 -> 14 -> 7 -> 4, then one linear layer over all positions."""
        x = fold(images)
        one_hot = jax.nn.one_hot(digits, DIGITS)[:, None, None]
        x = jnp.concatenate([x, jnp.broadcast_to(one_hot, (*x.shape[:3], DIGITS))], axis=-1)
        for level, width in enumerate(self.widths):
            for stride in (1 if level == 0 else 2, 1):
                x = nn.Conv(width, (3, 3), (stride, stride))(x)
                x = nn.leaky_relu(nn.GroupNorm(8)(x), 0.2)
        x = jnp.concatenate([x.reshape(len(x), -1), one_hot[:, 0, 0]], axis=-1)
        return _unit(nn.Dense(self.embedding)(x))


class ResidualBlock(nn.Module):
    """Two convolutions with a shortcut; initially the identity (De & Smith 2020)."""

    @nn.compact
    def __call__(self, x: jax.Array, digits: jax.Array) -> jax.Array:
        """`[N, H, W, C] -> [N, H, W, C]`."""
        h = ByDigit()(nn.Conv(x.shape[-1], (3, 3))(nn.relu(x)), digits)
        h = nn.Conv(x.shape[-1], (3, 3))(nn.relu(h))
        return x + self.param("gain", nn.initializers.zeros, ()) * h


class ByDigit(nn.Module):
    """A scale and a shift of the channels for each digit; initially the identity."""

    @nn.compact
    def __call__(self, x: jax.Array, digits: jax.Array) -> jax.Array:
        """`[N, H, W, C] -> [N, H, W, C]`."""
        scale, shift = (nn.Embed(DIGITS, x.shape[-1], embedding_init=nn.initializers.zeros,
                                 name=name)(digits)[:, None, None] for name in ("scale", "shift"))
        return x * (1.0 + scale) + shift


class Architecture(NamedTuple):
    """The network of an encoder and its weights."""

    network: nn.Module
    weights: str  # file name in the package


ARCHITECTURES = {"judge": Architecture(PlainEncoder(), "writer_encoder.npz"),
                 "second": Architecture(ResidualEncoder(), "second_writer_encoder.npz")}


@dataclasses.dataclass(frozen=True)
class WriterEncoder:
    """An encoder with its weights."""

    name: str  # of ARCHITECTURES
    params: dict[str, Any]
    sha256: str  # of the file of weights

    def embed(self, images: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """Unit vectors float32 `[N, E]` of glyphs uint8 `[N, 28, 28]`, 255 ink, and their digits `[N]`.

        Raises:
          ValueError: if images or digits have other types, shapes or ranges, or N is 0.
        """
        images = checked_images(images)
        return in_chunks(functools.partial(_embed, self.name, self.params), images,
                         checked_digits(digits, images.shape[:1]))


def hand(embeddings: np.ndarray) -> np.ndarray:
    """The unit vector `[..., E]` of a hand: the normalised mean of its glyphs' unit vectors `[..., K, E]`."""
    mean = embeddings.mean(axis=-2)
    return mean / np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), 1e-12)


@functools.cache
def load(name: str = "judge") -> WriterEncoder:
    """Loads the encoder 'judge' or 'second' with the weights in the package.

    Raises:
      InputError: if its weights cannot be read.
    """
    return WriterEncoder(name, *archive.load(archive.FOLDER / ARCHITECTURES[name].weights))


@functools.partial(jax.jit, static_argnums=0)
def _embed(name: str, params: dict[str, Any], images: jax.Array, digits: jax.Array) -> jax.Array:
    return outputs(ARCHITECTURES[name].network, params, to_network(images), digits)


def _unit(x: jax.Array) -> jax.Array:
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)
