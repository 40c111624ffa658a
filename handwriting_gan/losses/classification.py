"""Classification: which domain an image is of."""

import jax
import jax.numpy as jnp


def confusion(logits: jax.Array) -> jax.Array:
    """Cross-entropy of logits `[B, classes]` against no class more than another: a scalar >= log classes."""
    return -jnp.mean(jax.nn.log_softmax(logits))


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Softmax cross-entropy of logits `[B, N]` against labels int `[B]`: a scalar >= 0.

    StarGAN v1, equations 2 and 3, where every image has one domain.
    """
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))
