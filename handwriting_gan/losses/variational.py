"""Divergence of a posterior from its prior (Kingma & Welling 2014; a learned prior: Sohn et al. 2015)."""

import jax
import jax.numpy as jnp


def kl_divergence(means: jax.Array, log_variances: jax.Array, prior_means: jax.Array,
                  prior_log_variances: jax.Array) -> jax.Array:
    """KL divergence of diagonal Gaussians `[B, Z]` from their priors `[B, Z]` in nats, a mean over the batch: >= 0."""
    return kl_to_standard_normal((means - prior_means) * jnp.exp(-0.5 * prior_log_variances),
                                 log_variances - prior_log_variances)


def kl_to_standard_normal(means: jax.Array, log_variances: jax.Array) -> jax.Array:
    """KL divergence of diagonal Gaussians `[B, Z]` from N(0, I) in nats, a mean over the batch: >= 0."""
    excess = means**2 + jnp.exp(log_variances) - 1.0 - log_variances
    return 0.5 * jnp.mean(jnp.sum(excess, axis=-1))


def mean_of_squares(codes: jax.Array) -> jax.Array:
    """The mean over all elements of codes `[B, ...]`: a scalar >= 0.

    Twice the KL divergence per element of N(codes, I) from N(0, I). With noise of a fixed variance on the codes
    it limits their information.
    """
    return jnp.mean(codes**2)
