"""LORD's content encoder (Gabbay & Hoshen 2020), native at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import he_normal


class ContentCodeEncoder(nn.Module):
    """`images [B, 28, 28, 1] -> codes [B, C]`; nothing is averaged, so where a stroke lies is kept."""

    width: int  # at 28 x 28, doubled at 14 and again at 7
    perceptron_width: int
    content_dim: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = nn.leaky_relu(nn.Conv(self.width, (7, 7), kernel_init=he_normal)(images))
        for level in (1, 2):
            x = nn.leaky_relu(nn.Conv(self.width * 2**level, (4, 4), 2, kernel_init=he_normal)(x))
        x = x.reshape(len(x), -1)
        for _ in range(2):
            x = nn.leaky_relu(nn.Dense(self.perceptron_width, kernel_init=he_normal)(x))
        return nn.Dense(self.content_dim, kernel_init=he_normal)(x)
