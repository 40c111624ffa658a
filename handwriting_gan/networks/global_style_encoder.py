"""MUNIT's style encoder (Huang et al. 2018, appendix B.1), native at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import he_normal, reflecting_conv


class GlobalStyleEncoder(nn.Module):
    """`images [B, 28, 28, 1] -> styles [B, S]`, the same network for every domain.

    No norm, which would take the style out; what it finds is averaged over the image. Halved twice, where the
    authors halve 256 x 256 four times.
    """

    width: int  # at 28 x 28, doubled at 14 and again at 7
    style_dim: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = nn.relu(reflecting_conv(self.width, 7)(images))
        for level in (1, 2):
            x = nn.relu(reflecting_conv(self.width * 2**level, 4, strides=2)(x))
        return nn.Dense(self.style_dim, kernel_init=he_normal)(x.mean(axis=(1, 2)))
