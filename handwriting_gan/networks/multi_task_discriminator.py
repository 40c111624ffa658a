"""StarGAN v1's discriminator with a score for each domain in place of its classifier."""

import jax
from flax import linen as nn

from handwriting_gan.networks.classifying_discriminator import StridedTrunk
from handwriting_gan.networks.layers import of_domain


class MultiTaskDiscriminator(nn.Module):
    """`(images [B, 28, 28, 1], digits int [B]) -> scores [B]`, by the digits' own, large for real."""

    width: int  # at 14 x 14, doubled at each halving
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        x = StridedTrunk(self.width)(images)
        scores = nn.Dense(self.domains, use_bias=False)(x)
        return of_domain(scores[:, 0, 0], digits)
