"""The generator of a conditional DCGAN (Radford et al. 2016; conditioned as by Mirza & Osindero 2014)."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import ConvTranspose, domain_code, instance_norm, leaky_relu


class LabelToImage(nn.Module):
    """`(latents [B, Z], digits int [B]) -> images [B, 28, 28, 1]`, within +-1; there is no source.

    The norms are of each image's own statistics; the paper's are the batch's. The digit is as strong as the
    whole latent at the start: as one more of its numbers it went unheard.
    """

    width: int  # at every size
    domains: int

    @nn.compact
    def __call__(self, latents: jax.Array, digits: jax.Array) -> jax.Array:
        x = nn.Dense(7 * 7 * self.width)(latents)
        if self.domains:
            x += domain_code(self.domains, x.shape[-1])(digits)
        x = leaky_relu(instance_norm()(x.reshape(-1, 7, 7, self.width)))
        for _ in range(2):
            x = leaky_relu(instance_norm()(ConvTranspose(self.width)(x)))
        return jnp.tanh(nn.Conv(1, (7, 7))(x))
