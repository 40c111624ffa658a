"""MUNIT's content encoder (Huang et al. 2018, appendix B.1), native at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import he_normal, instance_norm


class ContentEncoder(nn.Module):
    """`images [B, 28, 28, 1] -> contents [B, 7, 7, 4 width]`, the same network for every domain."""

    width: int  # at 28 x 28, doubled at 14 and again at 7
    blocks: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = _normed(_conv(self.width, 7)(images))
        for level in (1, 2):
            x = _normed(_conv(self.width * 2**level, 4, strides=2)(x))
        for _ in range(self.blocks):
            residual = _normed(_conv(x.shape[-1], 3)(x))
            x = x + instance_norm(affine=False)(_conv(x.shape[-1], 3)(residual))
        return x


def _conv(features: int, kernel: int, strides: int = 1) -> nn.Conv:
    return nn.Conv(features, (kernel, kernel), strides, padding="REFLECT", kernel_init=he_normal)


def _normed(x: jax.Array) -> jax.Array:
    return nn.relu(instance_norm(affine=False)(x))
