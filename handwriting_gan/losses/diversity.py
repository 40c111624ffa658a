"""Diversity sensitivity (StarGAN v2, equation 3; after Mao et al. 2019 and Yang et al. 2019)."""

import jax
import jax.numpy as jnp


def diversity(images: jax.Array, others: jax.Array) -> jax.Array:
    """Mean absolute difference of two translations of one source: to be maximised, so subtract it.

    `others` is held constant: only the first translation learns from it.
    """
    return jnp.mean(jnp.abs(images - jax.lax.stop_gradient(others)))


def mode_seeking(images: jax.Array, others: jax.Array, latents: jax.Array,
                 other_latents: jax.Array) -> jax.Array:
    """How little images differ for how much their latents do: a scalar > 0, to be minimised.

    The reciprocal of the quotient of mean absolute differences (Mao et al. 2019, equation 4, as their code
    takes it, with the same small number against a division by 0).
    """
    apart = jnp.mean(jnp.abs(images - others)) / jnp.mean(jnp.abs(latents - other_latents))
    return 1.0 / (apart + 1e-5)


def linear_decay(initial: float, decay_steps: int, step: jax.Array | int) -> jax.Array:
    """A weight that falls linearly from `initial` at step 0 to 0 at `decay_steps`, and stays there."""
    return initial * jnp.maximum(0.0, 1.0 - step / decay_steps)
