"""Penalties on the discriminator's gradient with respect to its images."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

EPSILON = 1e-12  # added to a squared norm, which makes the norm differentiable at 0


def r1(logits: Callable[[jax.Array], jax.Array], images: jax.Array) -> jax.Array:
    """Half the squared gradient norm on real images (Mescheder et al. 2018, R1 with gamma = 1).

    `logits` maps images `[B, H, W, C]` to `[B]`, image by image. A sum over the pixels and a mean over the
    batch: a scalar >= 0.
    """
    gradients = jax.grad(lambda x: jnp.sum(logits(x)))(images)
    return 0.5 * jnp.mean(jnp.sum(gradients**2, axis=(1, 2, 3)))


def r2(logits: Callable[[jax.Array], jax.Array], fakes: jax.Array) -> jax.Array:
    """The penalty of `r1`, on fakes instead of real images (Mescheder et al. 2018, R2 with gamma = 1)."""
    return r1(logits, fakes)


def unit_gradient(scores: Callable[[jax.Array], jax.Array], images: jax.Array, fakes: jax.Array,
                  fractions: jax.Array) -> jax.Array:
    """Squared difference of the gradient's norm from 1 between real and fake (WGAN-GP, Gulrajani et al. 2017).

    `scores` maps images `[B, H, W, C]` to scores of any shape, image by image; they are summed, as StarGAN v1's
    code sums its patches. `fractions` `[B]`, uniform in 0 to 1, are the weights of the real images in the
    interpolation with their fakes. The norm is over an image's elements, the mean over the batch: a scalar >= 0.
    """
    fractions = fractions[:, None, None, None]
    gradients = jax.grad(lambda x: jnp.sum(scores(x)))(fractions * images + (1.0 - fractions) * fakes)
    norms = jnp.sqrt(jnp.sum(gradients**2, axis=(1, 2, 3)) + EPSILON)
    return jnp.mean((norms - 1.0)**2)
