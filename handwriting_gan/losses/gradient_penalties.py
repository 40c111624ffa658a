"""Penalties on the discriminator's gradient with respect to its images."""

from collections.abc import Callable

import jax
import jax.numpy as jnp


def r1(logits: Callable[[jax.Array], jax.Array], images: jax.Array) -> jax.Array:
    """Half the squared gradient norm on real images (Mescheder et al. 2018, R1 with gamma = 1).

    `logits` maps images `[B, H, W, C]` to `[B]`, each from its own image. Summed over the pixels,
    averaged over the batch: a scalar >= 0.
    """
    gradients = jax.grad(lambda x: jnp.sum(logits(x)))(images)
    return 0.5 * jnp.mean(jnp.sum(gradients**2, axis=(1, 2, 3)))
