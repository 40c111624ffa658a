"""Diversity terms (StarGAN v2, equation 3; Mao et al. 2019; Yang et al. 2019)."""

import jax
import jax.numpy as jnp


def diversity(images: jax.Array, others: jax.Array) -> jax.Array:
    """Mean absolute difference of two translations of one source: a scalar >= 0, to be maximised.

    `others` is held constant: only the first translation has a gradient.
    """
    return jnp.mean(jnp.abs(images - jax.lax.stop_gradient(others)))


def mode_seeking(images: jax.Array, others: jax.Array, latents: jax.Array,
                 other_latents: jax.Array) -> jax.Array:
    """The reciprocal of the images' mean absolute difference over the latents': a scalar > 0, to be minimised.

    Mao et al. 2019, equation 4, in the form of the authors' code, with its constant against a division by 0.
    """
    ratio = jnp.mean(jnp.abs(images - others)) / jnp.mean(jnp.abs(latents - other_latents))
    return 1.0 / (ratio + 1e-5)


def linear_decay(initial: float, decay_steps: int, step: jax.Array | int) -> jax.Array:
    """A weight that decreases linearly from `initial` at step 0 to 0 at `decay_steps`, and stays 0."""
    return initial * jnp.maximum(0.0, 1.0 - step / decay_steps)
