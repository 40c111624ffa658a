"""A generator of glyphs from nothing but a digit, a style and a latent."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import (
    AdaptiveResidualBlock,
    DomainDense,
    conv,
    he_normal,
    instance_norm,
    leaky_relu,
)
from handwriting_gan.networks.resizing_convolution import double_then_conv


class GlyphGenerator(nn.Module):
    """`(digits int [N], styles [N, S], latents [N, Z]) -> images [N, 28, 28, 1]`: 7 -> 14 -> 28.

    Few channels are doubled last, by a convolution whose neighbouring pixels see the same: no checkerboard
    (Odena et al. 2016), and at 28 x 28 little to compute.
    """

    width: int
    domains: int

    @nn.compact
    def __call__(self, digits: jax.Array, styles: jax.Array, latents: jax.Array) -> jax.Array:
        w = jnp.concatenate([styles, latents], axis=-1)
        w = leaky_relu(DomainDense(256, self.domains)(w, digits))
        w = leaky_relu(nn.Dense(192, kernel_init=he_normal)(w))
        x = nn.Dense(49 * self.width, kernel_init=he_normal)(w).reshape(-1, 7, 7, self.width)
        x = x + nn.Embed(self.domains, 49 * self.width)(digits).reshape(x.shape)
        x = AdaptiveResidualBlock(3 * self.width // 2)(x, w)
        x = AdaptiveResidualBlock(self.width, doubles=True)(x, w)
        x = AdaptiveResidualBlock(3 * self.width // 4)(x, w)
        x = conv(self.width // 4, conv_general_dilated=double_then_conv)(leaky_relu(instance_norm()(x)))
        return jax.nn.hard_tanh(conv(1)(leaky_relu(x)))  # reaches paper, as glyphs do
