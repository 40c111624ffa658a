"""The discriminator of a conditional DCGAN, which is told what digit an image is to be."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import leaky_relu


class LabelDiscriminator(nn.Module):
    """`(images [B, 28, 28, 1], digits int [B]) -> logits [B]`; the digit's one-hot code beside each pixel."""

    width: int  # at every size
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        code = jax.nn.one_hot(digits, self.domains, dtype=images.dtype)[:, None, None]
        x = jnp.concatenate([images, jnp.broadcast_to(code, (*images.shape[:3], self.domains))], axis=-1)
        for _ in range(2):
            x = leaky_relu(nn.Conv(self.width, (3, 3), 2)(x))
        return nn.Dense(1)(x.reshape(len(x), -1))[:, 0]
