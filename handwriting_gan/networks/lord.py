"""LORD's networks (Gabbay & Hoshen 2020, section 3.2) for 28 x 28 pixels.

Axes: B images, C content, Y class code.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import (
    AdaptiveResidualBlock,
    conv,
    he_normal,
    instance_norm,
    leaky_relu,
)


class ContentCodeEncoder(nn.Module):
    """E_c(x): `images [B, 28, 28, 1] -> contents [B, C]`; it pools nothing, so positions are kept."""

    width: int  # at 28 x 28, doubled at 14 and again at 7
    perceptron_width: int
    content_dim: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = nn.leaky_relu(nn.Conv(self.width, (7, 7), kernel_init=he_normal)(images))
        for level in (1, 2):
            x = nn.leaky_relu(nn.Conv(self.width * 2**level, (4, 4), 2, kernel_init=he_normal)(x))
        x = x.reshape(len(x), -1)
        for _ in range(2):
            x = nn.leaky_relu(nn.Dense(self.perceptron_width, kernel_init=he_normal)(x))
        return nn.Dense(self.content_dim, kernel_init=he_normal)(x)


class ClassModulatedGenerator(nn.Module):
    """G(e_y, c): `(class codes [B, Y], contents [B, C]) -> images [B, 28, 28, 1]`, within +-1: 7 -> 14 -> 28.

    The content gives the first map; the code of the class modulates the norms of every layer. The tanh is the
    authors' sigmoid, for pixels within +-1.
    """

    width: int  # at 7 x 7, halved per level

    @nn.compact
    def __call__(self, codes: jax.Array, contents: jax.Array) -> jax.Array:
        x = leaky_relu(nn.Dense(4 * self.width, kernel_init=he_normal)(contents))
        x = nn.Dense(49 * self.width, kernel_init=he_normal)(x).reshape(-1, 7, 7, self.width)
        x = AdaptiveResidualBlock(self.width)(x, codes)
        x = AdaptiveResidualBlock(self.width // 2, doubles=True)(x, codes)
        x = AdaptiveResidualBlock(self.width // 4, doubles=True)(x, codes)
        return jnp.tanh(conv(1)(leaky_relu(instance_norm()(x))))
