"""The networks of the writer-guided method, which is this project's own.

Axes: N glyphs, T targets, R references, S style, Z latent, C channels.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import (
    AdaptiveResidualBlock,
    DomainDense,
    ResidualBlock,
    conv,
    double_conv,
    fold,
    he_normal,
    instance_norm,
    leaky_relu,
)


class GlyphTrunk(nn.Module):
    """The layers below the outputs of both encoders and of the discriminator.

    `(images [N, 28, 28, 1], digits int [N]) -> features [N, 4 width]`: 14 -> 7 -> 3, then a dense layer.

    `fold` first, which loses nothing and costs a quarter. The digit enters as a bias per channel: a feature
    that distinguishes the writers of a 2 need not distinguish those of a 7.
    """

    width: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        x = conv(self.width)(fold(images)) + self._bias(self.width, digits)
        x = ResidualBlock(2 * self.width, halves=True)(x) + self._bias(2 * self.width, digits)
        x = ResidualBlock(2 * self.width, halves=True)(ResidualBlock(2 * self.width)(x))
        return leaky_relu(nn.Dense(4 * self.width)(leaky_relu(x).reshape(len(x), -1)))

    def _bias(self, features: int, digits: jax.Array) -> jax.Array:
        return nn.Embed(self.domains, features)(digits)[:, None, None]


class HandEncoder(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N]) -> values [N, S], log precisions [N, S]`.

    A Gaussian belief about the style from each glyph alone.
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
    """The style for each target, from any number of references.

    The mean of the product of the references' Gaussian beliefs and a standard normal prior (Bayesian context
    aggregation, Volpp et al. 2021): with few references the style stays near the mean hand. How relevant a
    reference's digit is to a target's digit is learned.
    """

    domains: int

    @nn.compact
    def __call__(self, values: jax.Array, log_precisions: jax.Array, reference_digits: jax.Array,
                 target_digits: jax.Array, given: jax.Array) -> jax.Array:
        """`[..., R, S]` twice, int `[..., R]`, int `[..., T]`, `[..., T, R]` -> `[..., T, S]`.

        `given` is how often each reference counts for a target: bool, or non-negative numbers.
        """
        shape = self.domains, self.domains, values.shape[-1]
        relevance = self.param("relevance", nn.initializers.zeros, shape)[
            target_digits[..., None], reference_digits[..., None, :]]
        precisions = jnp.exp(log_precisions[..., None, :, :] + relevance) * given[..., None]
        weighted = precisions * values[..., None, :, :]
        return weighted.sum(axis=-2) / (1.0 + precisions.sum(axis=-2))


class PosteriorEncoder(nn.Module):
    """The posterior of the latent that a real glyph was written with, given the hand's style.

    `(images [N, 28, 28, 1], digits int [N], styles [N, S]) -> means [N, Z], log variances [N, Z]`.
    """

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


class GlyphGenerator(nn.Module):
    """`(digits int [N], styles [N, S], latents [N, Z]) -> images [N, 28, 28, 1]`, within +-1: 7 -> 14 -> 28.

    The last doubling has few channels, which is cheap at 28 x 28, and upsamples before it convolves, which
    avoids checkerboards (Odena et al. 2016).
    """

    width: int
    domains: int

    @nn.compact
    def __call__(self, digits: jax.Array, styles: jax.Array, latents: jax.Array) -> jax.Array:
        w = jnp.concatenate([styles, latents], axis=-1)
        w = leaky_relu(DomainDense(256, self.domains)(w, digits))
        w = leaky_relu(nn.Dense(192, kernel_init=he_normal)(w))
        x = nn.Dense(49 * self.width, kernel_init=he_normal)(w).reshape(-1, 7, 7, self.width)
        x = x + nn.Embed(self.domains, 49 * self.width)(digits).reshape(x.shape)
        x = AdaptiveResidualBlock(3 * self.width // 2)(x, w)
        x = AdaptiveResidualBlock(self.width, doubles=True)(x, w)
        x = AdaptiveResidualBlock(3 * self.width // 4)(x, w)
        x = double_conv(self.width // 4)(leaky_relu(instance_norm()(x)))
        # Glyphs have exact background, which tanh never reaches.
        return jax.nn.hard_tanh(conv(1)(leaky_relu(x)))


class MatchingDiscriminator(nn.Module):
    """Judges whether a glyph is real and in the given style: a projection discriminator (Miyato & Koyama 2018).

    `(images [N, 28, 28, 1], digits int [N], styles [P, N, S]) -> logits [P, N]`: each image with P styles.
    """

    width: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array, styles: jax.Array) -> jax.Array:
        x = GlyphTrunk(self.width, self.domains)(images, digits)
        w = leaky_relu(DomainDense(128, self.domains)(
            styles.reshape(-1, styles.shape[-1]), jnp.tile(digits, len(styles))))
        w = nn.Dense(x.shape[-1])(w).reshape(*styles.shape[:2], -1)
        matches = (x * w).sum(axis=-1) / jnp.sqrt(x.shape[-1])
        return DomainDense(1, self.domains)(x, digits)[:, 0] + matches
