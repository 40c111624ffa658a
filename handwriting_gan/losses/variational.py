"""How much a posterior tells beyond its prior (Kingma & Welling 2014)."""

import jax
import jax.numpy as jnp


def kl_to_standard_normal(means: jax.Array, log_variances: jax.Array) -> jax.Array:
    """Divergence of diagonal Gaussians `[B, Z]` from N(0, I) in nats, averaged over the batch: >= 0."""
    excess = means**2 + jnp.exp(log_variances) - 1.0 - log_variances
    return 0.5 * jnp.mean(jnp.sum(excess, axis=-1))
