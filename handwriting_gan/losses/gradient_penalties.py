"""Penalties on the discriminator's gradient with respect to its images."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

TINY = 1e-12  # beside squares: where a gradient is 0, its norm has no derivative


def r1(logits: Callable[[jax.Array], jax.Array], images: jax.Array) -> jax.Array:
    """Half the squared gradient norm on real images (Mescheder et al. 2018, R1 with gamma = 1).

    `logits` maps images `[B, H, W, C]` to `[B]`, each from its own image. Summed over the pixels,
    averaged over the batch: a scalar >= 0.
    """
    gradients = jax.grad(lambda x: jnp.sum(logits(x)))(images)
    return 0.5 * jnp.mean(jnp.sum(gradients**2, axis=(1, 2, 3)))


def unit_gradient(scores: Callable[[jax.Array], jax.Array], images: jax.Array, fakes: jax.Array,
                  shares: jax.Array) -> jax.Array:
    """How far the gradient's norm is from 1 between real and fake, squared (Gulrajani et al. 2017, WGAN-GP).

    `scores` maps images `[B, H, W, C]` to numbers of any shape, each from its own image; they are summed, as
    StarGAN v1's code sums its patches. Each real image is mixed with its fake by its share `[B]`, uniform in
    0 to 1. The norm is over an image's elements, the mean over the batch: a scalar >= 0.
    """
    shares = shares[:, None, None, None]
    gradients = jax.grad(lambda x: jnp.sum(scores(x)))(shares * images + (1.0 - shares) * fakes)
    norms = jnp.sqrt(jnp.sum(gradients**2, axis=(1, 2, 3)) + TINY)
    return jnp.mean((norms - 1.0)**2)
