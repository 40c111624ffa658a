"""How much a posterior tells beyond its prior (Kingma & Welling 2014)."""

import jax
import jax.numpy as jnp


def kl_to_standard_normal(means: jax.Array, log_variances: jax.Array) -> jax.Array:
    """Divergence of diagonal Gaussians `[B, Z]` from N(0, I) in nats, averaged over the batch: >= 0."""
    excess = means**2 + jnp.exp(log_variances) - 1.0 - log_variances
    return 0.5 * jnp.mean(jnp.sum(excess, axis=-1))


def mean_of_squares(codes: jax.Array) -> jax.Array:
    """Of all elements of codes: a scalar >= 0.

    Twice the divergence per element of Gaussians about the codes with variance 1 from N(0, I), so a
    bottleneck for codes to which noise of a fixed variance is added.
    """
    return jnp.mean(codes**2)
