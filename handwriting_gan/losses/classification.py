"""Classification of an image's domain."""

import jax
import jax.numpy as jnp


def confusion(logits: jax.Array) -> jax.Array:
    """Cross-entropy of logits `[B, N]` against the uniform distribution: a scalar >= log N."""
    return -jnp.mean(jax.nn.log_softmax(logits))


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Softmax cross-entropy of logits `[B, N]` against labels int `[B]`: a scalar >= 0.

    StarGAN v1, equations 2 and 3, with one domain per image.
    """
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))
