"""Classification: which domain an image is of."""

import jax
import jax.numpy as jnp


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Softmax cross-entropy of logits `[B, N]` against labels int `[B]`: a scalar >= 0.

    StarGAN v1, equations 2 and 3, where every image has one domain.
    """
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))
