"""The least-squares adversarial loss (Mao et al. 2017), on score maps at several scales."""

import functools
import operator
from collections.abc import Sequence

import jax
import jax.numpy as jnp


def discriminator_loss(real_scores: Sequence[jax.Array], fake_scores: Sequence[jax.Array]) -> jax.Array:
    """Squared errors of real scores `[B, ...]` to 1 and of fake scores to 0, summed over scales: >= 0."""
    return functools.reduce(operator.add, (jnp.mean((real - 1.0)**2) + jnp.mean(fake**2) for real, fake in
                                           zip(real_scores, fake_scores, strict=True)))


def generator_loss(fake_scores: Sequence[jax.Array]) -> jax.Array:
    """Squared errors of fake scores `[B, ...]` to 1, summed over scales: a scalar >= 0."""
    return functools.reduce(operator.add, (jnp.mean((fake - 1.0)**2) for fake in fake_scores))
