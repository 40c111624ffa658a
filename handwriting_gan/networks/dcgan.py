"""DCGAN's networks (Radford et al. 2016), conditional (Mirza & Osindero 2014), for 28 x 28 pixels.

Axes: B images, Z latent; `digits` are the conditions. With `domains` 0 the networks ignore them.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import (
    ConvTranspose,
    domain_embedding,
    instance_norm,
    leaky_relu,
    of_domain,
)

DROPOUT = 0.4


class LabelToImage(nn.Module):
    """G(z, y): `(latents [B, Z], digits int [B]) -> images [B, 28, 28, 1]`, within +-1; without a source.

    The norms use each image's own statistics; the paper's use the batch's. The digit is an embedding as large
    as the projected latent: a one-hot code concatenated to the latent was ignored in training.
    """

    width: int  # at every size
    domains: int

    @nn.compact
    def __call__(self, latents: jax.Array, digits: jax.Array) -> jax.Array:
        x = nn.Dense(7 * 7 * self.width)(latents)
        if self.domains:
            x += domain_embedding(self.domains, x.shape[-1])(digits)
        x = leaky_relu(instance_norm()(x.reshape(-1, 7, 7, self.width)))
        for _ in range(2):
            x = leaky_relu(instance_norm()(ConvTranspose(self.width)(x)))
        return jnp.tanh(nn.Conv(1, (7, 7))(x))


class LabelDiscriminator(nn.Module):
    """D(x, y): `(images [B, 28, 28, 1], digits int [B]) -> logits [B]`, one output per domain.

    With `keys` `[B]`, one for each image, it applies dropout, as in training.
    """

    width: int  # at every size
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array, keys: jax.Array | None = None) -> jax.Array:
        x = images
        for layer in range(2):
            x = leaky_relu(nn.Conv(self.width, (3, 3), 2)(x))
            if keys is not None:
                x = dropout(x, jax.vmap(jax.random.fold_in, (0, None))(keys, layer), DROPOUT)
        logits = nn.Dense(max(self.domains, 1))(x.reshape(len(x), -1))
        return of_domain(logits, digits) if self.domains else logits[:, 0]


def dropout(x: jax.Array, keys: jax.Array, rate: float) -> jax.Array:
    """Dropout (Srivastava et al. 2014) of `[B, ...]` with a key `[B]` per example; it keeps the mean."""
    kept = jax.vmap(lambda key: jax.random.bernoulli(key, 1.0 - rate, x.shape[1:]))(keys)
    return jnp.where(kept, x / (1.0 - rate), 0.0)
