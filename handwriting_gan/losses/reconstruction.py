"""Reconstruction errors."""

import jax
import jax.numpy as jnp


def mean_absolute_error(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """L1, a mean over all elements: a scalar >= 0 (StarGAN v2, equations 2 and 4)."""
    return jnp.mean(jnp.abs(prediction - target))


def mean_squared_error(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """L2, a mean over all elements: a scalar >= 0."""
    return jnp.mean((prediction - target)**2)


def sum_of_squared_errors(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """L2, a sum over an image's elements and a mean over the batch `[B, H, W, C]`: a scalar >= 0.

    Up to a constant and a factor this is the negative log-likelihood of a Gaussian of fixed variance.
    """
    return jnp.mean(jnp.sum((prediction - target)**2, axis=(1, 2, 3)))
