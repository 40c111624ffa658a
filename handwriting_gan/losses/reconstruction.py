"""Reconstruction: what went in must come out (StarGAN v2, equations 2 and 4)."""

import jax
import jax.numpy as jnp


def mean_absolute_error(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """L1 averaged over all elements: a scalar >= 0, 0 exactly where both are equal."""
    return jnp.mean(jnp.abs(prediction - target))
