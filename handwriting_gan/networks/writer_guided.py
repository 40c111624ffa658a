"""The networks of the writer-guided method, which is this project's own.

Axes: N glyphs, T targets, R references, S style, Z latent, C channels.
"""

from typing import NamedTuple

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
    """The layers below the outputs of the hand encoder and of the discriminator.

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


class Beliefs(NamedTuple):
    """What each glyph alone says about the latent that it was written with, and about the writer's style."""

    latents: jax.Array  # [..., Z], means of the posterior
    latent_log_variances: jax.Array  # [..., Z], of the posterior
    latent_log_precisions: jax.Array  # [..., Z], of the glyph as evidence for the latent of another glyph
    styles: jax.Array  # [..., S]
    style_log_precisions: jax.Array  # [..., S]


class Gaussian(NamedTuple):
    """A Gaussian distribution of the latent, with a diagonal covariance."""

    means: jax.Array  # [..., Z]
    log_variances: jax.Array  # [..., Z]


class HandEncoder(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N]) -> beliefs`, from each glyph alone."""

    width: int
    style_dim: int
    latent_dim: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> Beliefs:
        x = GlyphTrunk(self.width, self.domains)(images, digits)

        def zero_at_first(features: int, name: str) -> jax.Array:
            return nn.Dense(features, kernel_init=nn.initializers.zeros, name=name)(x)

        return Beliefs(
            latents=nn.Dense(self.latent_dim, name="latents")(x),
            latent_log_variances=zero_at_first(self.latent_dim, "latent_log_variances"),
            latent_log_precisions=zero_at_first(self.latent_dim, "latent_log_precisions"),
            styles=nn.Dense(self.style_dim, name="styles")(x) + nn.Embed(self.domains, self.style_dim)(digits),
            style_log_precisions=zero_at_first(self.style_dim, "style_log_precisions"),
        )


def pool_evidence(values: jax.Array, log_precisions: jax.Array, given: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The means and precisions `[..., T, C]` of the products of Gaussian beliefs and a standard normal prior.

    Bayesian context aggregation (Volpp et al. 2021): the fewer references, the nearer the mean stays to 0. Values and
    log precisions broadcast to `[..., T, R, C]`; bool `[..., T, R]` says which references count.
    """
    weights = jnp.exp(log_precisions) * given[..., None]
    precisions = 1.0 + weights.sum(axis=-2)
    return (weights * values).sum(axis=-2) / precisions, precisions


class HandPooling(nn.Module):
    """The style for each target and the prior of its latent, from any number of references.

    The style is the mean of the references' pooled evidence: with few references it stays near the mean hand. How
    relevant a reference's digit is to a target's digit is learned.

    The style predicts the mean of the latent by a linear layer for each digit. References that show the target's digit
    correct the prediction by their mean deviation from it, weighted by their precisions; the prediction itself counts
    as a deviation of 0 of precision 1. The layer `correction` adds a linear function of this mean for each digit; it is
    0 at first. The prior's log variance is a linear function, for each digit, of the logarithms of the total precisions
    of style and latent, so it can decrease with more evidence.
    """

    domains: int

    @nn.compact
    def __call__(self, beliefs: Beliefs, reference_digits: jax.Array, target_digits: jax.Array,
                 given: jax.Array) -> tuple[jax.Array, Gaussian]:
        """Beliefs `[..., R]`, int `[..., R]`, int `[..., T]`, bool `[..., T, R]` -> styles `[..., T, S]`, priors."""
        style_dim, latent_dim = beliefs.styles.shape[-1], beliefs.latents.shape[-1]
        relevance = self.param("relevance", nn.initializers.zeros, (self.domains, self.domains, style_dim))[
            target_digits[..., None], reference_digits[..., None, :]]
        styles, style_evidence = pool_evidence(
            beliefs.styles[..., None, :, :], beliefs.style_log_precisions[..., None, :, :] + relevance, given)

        zeros = nn.initializers.zeros
        predicted = DomainDense(latent_dim, self.domains, kernel_init=zeros, name="prediction")(styles, target_digits)
        shown = given & (target_digits[..., None] == reference_digits[..., None, :])
        deviation, latent_evidence = pool_evidence(
            beliefs.latents[..., None, :, :] - predicted[..., None, :],
            beliefs.latent_log_precisions[..., None, :, :], shown)
        correction = DomainDense(latent_dim, self.domains, use_bias=False, kernel_init=zeros,
                                 name="correction")(deviation, target_digits)
        evidence = jnp.log(jnp.concatenate([style_evidence, latent_evidence], axis=-1))
        log_variances = DomainDense(latent_dim, self.domains, kernel_init=zeros, name="log_variance")(
            evidence, target_digits)
        return styles, Gaussian(predicted + deviation + correction, log_variances)


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
    """Judges whether a glyph is real and in the given hand: a projection discriminator (Miyato & Koyama 2018).

    `(images [N, 28, 28, 1], digits int [N], hands [P, N, S + Z]) -> logits [P, N]`: each image with P hands. A hand is
    a style and the prior mean of the latent.
    """

    width: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array, hands: jax.Array) -> jax.Array:
        x = GlyphTrunk(self.width, self.domains)(images, digits)
        w = leaky_relu(DomainDense(128, self.domains)(
            hands.reshape(-1, hands.shape[-1]), jnp.tile(digits, len(hands))))
        w = nn.Dense(x.shape[-1])(w).reshape(*hands.shape[:2], -1)
        matches = (x * w).sum(axis=-1) / jnp.sqrt(x.shape[-1])
        return DomainDense(1, self.domains)(x, digits)[:, 0] + matches
