"""The latent that a real glyph was written with, given the hand's style."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.glyph_trunk import GlyphTrunk
from handwriting_gan.networks.layers import leaky_relu


class PosteriorEncoder(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N], styles [N, S]) -> means [N, Z], log variances [N, Z]`."""

    width: int
    latent_dim: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array,
                 styles: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = GlyphTrunk(self.width, self.domains)(images, digits)
        x = jnp.concatenate([x, styles, jax.nn.one_hot(digits, self.domains)], axis=-1)
        x = leaky_relu(nn.Dense(4 * self.width)(x))
        return nn.Dense(self.latent_dim)(x), nn.Dense(self.latent_dim, kernel_init=nn.initializers.zeros)(x)
