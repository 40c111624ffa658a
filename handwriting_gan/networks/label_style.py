"""A style that is the digit's alone."""

import jax
import jax.numpy as jnp
from flax import linen as nn


class LabelStyle(nn.Module):
    """`(latents [B, Z], digits int [B] or one for all) -> styles [B, S]`, which know nothing of the latents.

    It stands where StarGAN v2 has its mapping network.
    """

    style_dim: int
    domains: int

    @nn.compact
    def __call__(self, latents: jax.Array, digits: jax.Array) -> jax.Array:
        styles = nn.Embed(self.domains, self.style_dim)(digits)
        return jnp.broadcast_to(styles, (len(latents), self.style_dim))
