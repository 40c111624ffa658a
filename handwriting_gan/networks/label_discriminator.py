"""The discriminator of a conditional DCGAN, which is told what digit an image is to be."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import leaky_relu, of_domain

DROPOUT = 0.4


class LabelDiscriminator(nn.Module):
    """`(images [B, 28, 28, 1], digits int [B]) -> logits [B]`, each of its digit's own layer.

    With a key `[B]` for each image it drops some of what it saw, as in training.
    """

    width: int  # at every size
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array, keys: jax.Array | None = None) -> jax.Array:
        x = images
        for layer in range(2):
            x = leaky_relu(nn.Conv(self.width, (3, 3), 2)(x))
            if keys is not None:
                x = drop(x, jax.vmap(jax.random.fold_in, (0, None))(keys, layer), DROPOUT)
        logits = nn.Dense(max(self.domains, 1))(x.reshape(len(x), -1))
        return of_domain(logits, digits) if self.domains else logits[:, 0]


def drop(x: jax.Array, keys: jax.Array, rate: float) -> jax.Array:
    """Dropout of `[B, ...]` by a key `[B]` for each example (Srivastava et al. 2014): the mean stays."""
    kept = jax.vmap(lambda key: jax.random.bernoulli(key, 1.0 - rate, x.shape[1:]))(keys)
    return jnp.where(kept, x / (1.0 - rate), 0.0)
