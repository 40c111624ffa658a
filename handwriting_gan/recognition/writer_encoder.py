"""Writer encoders of our own: a glyph and its digit become a unit vector that tells whose hand it is.

The mean over a writer's glyphs tells writers apart across different digits. There are two, of different
build, seed and loss: `judge` is what tables quote, `second` is what runs under way and choices are judged
by, so that no method is tuned on the judge that its table quotes. Both are fitted by
`python -m handwriting_gan.recognition.fit` on the training writers of `mnist_writers` alone.

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

    Every digit scales and shifts the channels in its own way (FiLM; Perez et al. 2018): what is a
    telling feature of a 2 may be none of a 7.
    """

    widths: tuple[int, int] = (32, 64)
    embedding: int = 48

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        """Pixels are folded two by two into channels first, which keeps all and costs a quarter."""
        x = ByDigit()(nn.Conv(self.widths[0], (3, 3))(fold(images)), digits)
        x = ResidualBlock()(x, digits)
        x = nn.avg_pool(x, (2, 2), (2, 2))
        x = ByDigit()(nn.Conv(self.widths[1], (3, 3))(nn.relu(x)), digits)
        x = ResidualBlock()(ResidualBlock()(x, digits), digits)
        x = nn.avg_pool(nn.relu(x), (3, 3), (2, 2))
        return _unit(nn.Dense(self.embedding)(x.reshape(len(x), -1))
                     + nn.Embed(DIGITS, self.embedding)(digits))


class PlainEncoder(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N]) -> [N, E]` of unit length: convolutions, no shortcuts.

    Strides instead of pooling, group normalisation, the digit as ten further channels.
    """

    widths: tuple[int, int, int] = (48, 96, 128)
    embedding: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        """28 -> 14 -> 7 -> 4, then one linear layer over all places."""
        x = fold(images)
        asked = jax.nn.one_hot(digits, DIGITS)[:, None, None]
        x = jnp.concatenate([x, jnp.broadcast_to(asked, (*x.shape[:3], DIGITS))], axis=-1)
        for level, width in enumerate(self.widths):
            for stride in (1 if level == 0 else 2, 1):
                x = nn.Conv(width, (3, 3), (stride, stride))(x)
                x = nn.leaky_relu(nn.GroupNorm(8)(x), 0.2)
        x = jnp.concatenate([x.reshape(len(x), -1), asked[:, 0, 0]], axis=-1)
        return _unit(nn.Dense(self.embedding)(x))


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut; starts as the identity (De & Smith 2020)."""

    @nn.compact
    def __call__(self, x: jax.Array, digits: jax.Array) -> jax.Array:
        """`[N, H, W, C] -> [N, H, W, C]`."""
        h = ByDigit()(nn.Conv(x.shape[-1], (3, 3))(nn.relu(x)), digits)
        h = nn.Conv(x.shape[-1], (3, 3))(nn.relu(h))
        return x + self.param("gain", nn.initializers.zeros, ()) * h


class ByDigit(nn.Module):
    """Each digit's own scale and shift of the channels; starts as the identity."""

    @nn.compact
    def __call__(self, x: jax.Array, digits: jax.Array) -> jax.Array:
        """`[N, H, W, C] -> [N, H, W, C]`."""
        scale, shift = (nn.Embed(DIGITS, x.shape[-1], embedding_init=nn.initializers.zeros,
                                 name=name)(digits)[:, None, None] for name in ("scale", "shift"))
        return x * (1.0 + scale) + shift


class Build(NamedTuple):
    """What an encoder is made of."""

    network: nn.Module
    weights: str  # the name of the file that ships


BUILDS = {"judge": Build(PlainEncoder(), "writer_encoder.npz"),
          "second": Build(ResidualEncoder(), "second_writer_encoder.npz")}


@dataclasses.dataclass(frozen=True)
class WriterEncoder:
    """An encoder with its weights."""

    name: str  # of BUILDS
    params: dict[str, Any]
    sha256: str  # of the file of weights

    def embed(self, images: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """Glyphs uint8 `[N, 28, 28]`, 255 ink, and their digits `[N]` to unit vectors float32 `[N, E]`.

        Raises:
          ValueError: if images or digits are not as stated, or there are none.
        """
        images = checked_images(images)
        return in_chunks(functools.partial(_embed, self.name, self.params), images,
                         checked_digits(digits, images.shape[:1]))


def hand(embeddings: np.ndarray) -> np.ndarray:
    """Unit vectors `[..., K, E]` of a writer's glyphs to the unit vector of the hand: `[..., E]`."""
    mean = embeddings.mean(axis=-2)
    return mean / np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), 1e-12)


@functools.cache
def load(name: str = "judge") -> WriterEncoder:
    """The encoder 'judge' or 'second' that ships with the package.

    Raises:
      InputError: if its weights cannot be read.
    """
    return WriterEncoder(name, *archive.load(archive.FOLDER / BUILDS[name].weights))


@functools.partial(jax.jit, static_argnums=0)
def _embed(name: str, params: dict[str, Any], images: jax.Array, digits: jax.Array) -> jax.Array:
    return outputs(BUILDS[name].network, params, to_network(images), digits)


def _unit(x: jax.Array) -> jax.Array:
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)
