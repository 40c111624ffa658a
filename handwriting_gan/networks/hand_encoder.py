"""What a glyph tells of the hand that wrote it, and what several tell together.

Axes: N glyphs, T targets, R references, S style.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.glyph_trunk import GlyphTrunk


class HandEncoder(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N]) -> values [N, S], log precisions [N, S]`.

    A glyph tells what the style is, and of each of its numbers how surely.
    """

    width: int
    style_dim: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = GlyphTrunk(self.width, self.domains)(images, digits)
        values = nn.Dense(self.style_dim)(x) + nn.Embed(self.domains, self.style_dim)(digits)
        return values, nn.Dense(self.style_dim, kernel_init=nn.initializers.zeros)(x)


class StylePooling(nn.Module):
    """The style for each target, from what any number of references tell.

    Each reference is a Gaussian belief about the style, the prior is a standard normal one, and the mean of
    their product is the style (Volpp et al. 2021, Bayesian context aggregation): few references say little,
    so the style stays near the mean hand. How relevant a reference's digit is to a target's is learned.
    """

    domains: int

    @nn.compact
    def __call__(self, values: jax.Array, log_precisions: jax.Array, reference_digits: jax.Array,
                 target_digits: jax.Array, given: jax.Array) -> jax.Array:
        """`[..., R, S]` twice, int `[..., R]`, int `[..., T]`, `[..., T, R]` -> `[..., T, S]`.

        `given` says how often each reference counts for a target: bool, or numbers of 0 and more.
        """
        shape = self.domains, self.domains, values.shape[-1]
        relevance = self.param("relevance", nn.initializers.zeros, shape)[
            target_digits[..., None], reference_digits[..., None, :]]
        precisions = jnp.exp(log_precisions[..., None, :, :] + relevance) * given[..., None]
        weighted = precisions * values[..., None, :, :]
        return weighted.sum(axis=-2) / (1.0 + precisions.sum(axis=-2))
