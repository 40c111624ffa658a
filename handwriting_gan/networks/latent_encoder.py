"""StarGAN v2's style encoder without its heads: what it reads is the same for every digit."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import Trunk, he_normal


class LatentEncoder(nn.Module):
    """`(images [B, 28, 28, 1], digits int [B]) -> latents [B, Z]`, which know nothing of the digits."""

    width: int
    max_width: int
    latent_dim: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        return nn.Dense(self.latent_dim, kernel_init=he_normal)(
            Trunk(self.width, self.max_width)(images))
