"""StarGAN v1's generator G(x, c) (Choi et al. 2018, table 4), native at 28 x 28."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import ConvTranspose, instance_norm


class LabelGenerator(nn.Module):
    """`(images [B, 28, 28, 1], digits int [B]) -> images [B, 28, 28, 1]`, within +-1.

    The digit's one-hot code stands beside each pixel of the source. Every convolution pads with zeros: at the
    rim they show the code's constant planes to the norms, which would otherwise take them out. The norms use
    the image's own statistics always, where the authors' code turns to running ones once trained.
    """

    width: int  # at 28 x 28, doubled at 14 and again at 7
    blocks: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        code = jax.nn.one_hot(digits, self.domains, dtype=images.dtype)[:, None, None]
        planes = jnp.broadcast_to(code, (*images.shape[:3], self.domains))
        x = _normed(nn.Conv(self.width, (7, 7), use_bias=False)(jnp.concatenate([images, planes], axis=-1)))
        for level in (1, 2):
            x = _normed(nn.Conv(self.width * 2**level, (4, 4), 2, use_bias=False)(x))
        for _ in range(self.blocks):
            x = x + PostNormBlock(x.shape[-1])(x)
        for level in (1, 0):
            x = _normed(ConvTranspose(self.width * 2**level, use_bias=False)(x))
        return jnp.tanh(nn.Conv(1, (7, 7), use_bias=False)(x))


class PostNormBlock(nn.Module):
    """What a residual block adds: `[B, H, W, C] -> [B, H, W, C]`, normalised after each convolution."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = _normed(nn.Conv(self.features, (3, 3), use_bias=False)(x))
        return instance_norm()(nn.Conv(self.features, (3, 3), use_bias=False)(x))


def _normed(x: jax.Array) -> jax.Array:
    return nn.relu(instance_norm()(x))
