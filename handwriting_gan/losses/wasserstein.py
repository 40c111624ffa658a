"""The Wasserstein adversarial loss (Arjovsky et al. 2017; StarGAN v1, equation 8, without its penalty)."""

import jax
import jax.numpy as jnp


def critic_loss(real_scores: jax.Array, fake_scores: jax.Array) -> jax.Array:
    """Mean score of fakes `[B, ...]` minus mean score of reals: an unbounded scalar."""
    return jnp.mean(fake_scores) - jnp.mean(real_scores)


def generator_loss(fake_scores: jax.Array) -> jax.Array:
    """The negative mean score of fakes `[B, ...]`: an unbounded scalar."""
    return -jnp.mean(fake_scores)
