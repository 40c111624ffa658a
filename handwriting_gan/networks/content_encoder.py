"""MUNIT's content encoder (Huang et al. 2018, appendix B.1), native at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import instance_norm, reflecting_conv


class ContentEncoder(nn.Module):
    """`images [B, 28, 28, 1] -> contents [B, 7, 7, 4 width]`, the same network for every domain."""

    width: int  # at 28 x 28, doubled at 14 and again at 7
    blocks: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = _normed(reflecting_conv(self.width, 7)(images))
        for level in (1, 2):
            x = _normed(reflecting_conv(self.width * 2**level, 4, strides=2)(x))
        for _ in range(self.blocks):
            residual = _normed(reflecting_conv(x.shape[-1], 3)(x))
            x = x + instance_norm(affine=False)(reflecting_conv(x.shape[-1], 3)(residual))
        return x


def _normed(x: jax.Array) -> jax.Array:
    return nn.relu(instance_norm(affine=False)(x))
