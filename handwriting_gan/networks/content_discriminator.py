"""DRIT's discriminator of contents (Lee et al. 2018): which domain did this come from?"""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import he_normal, leaky_relu


class ContentDiscriminator(nn.Module):
    """`contents [B, 7, 7, C] -> logits [B, domains]`."""

    domains: int

    @nn.compact
    def __call__(self, contents: jax.Array) -> jax.Array:
        x = contents
        for _ in range(2):  # 7 -> 4 -> 2
            x = leaky_relu(nn.Conv(x.shape[-1], (3, 3), 2, kernel_init=he_normal)(x))
        return nn.Dense(self.domains)(x.reshape(len(x), -1))
