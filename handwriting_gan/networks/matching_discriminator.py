"""Is a glyph real, and by the hand that it is said to be by?

A projection discriminator (Miyato & Koyama 2018) whose condition is a style.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.glyph_trunk import GlyphTrunk
from handwriting_gan.networks.layers import DomainDense, leaky_relu


class MatchingDiscriminator(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N], styles [P, N, S]) -> logits [P, N]`: each with P styles."""

    width: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array, styles: jax.Array) -> jax.Array:
        x = GlyphTrunk(self.width, self.domains)(images, digits)
        claims = leaky_relu(DomainDense(128, self.domains)(
            styles.reshape(-1, styles.shape[-1]), jnp.tile(digits, len(styles))))
        claims = nn.Dense(x.shape[-1])(claims).reshape(*styles.shape[:2], -1)
        matches = (x * claims).sum(axis=-1) / jnp.sqrt(x.shape[-1])
        return DomainDense(1, self.domains)(x, digits)[:, 0] + matches
