"""LORD's generator (Gabbay & Hoshen 2020, section 3.2), native at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import (
    AdaptiveResidualBlock,
    conv,
    he_normal,
    instance_norm,
    leaky_relu,
)


class ClassModulatedGenerator(nn.Module):
    """`(digits int [B], contents [B, C]) -> images [B, 28, 28, 1]`, within +-1: 7 -> 14 -> 28.

    The content lays the first map out, the class's own code modulates the norms of every layer.
    """

    width: int  # at 7 x 7, halved per level
    class_dim: int
    domains: int

    @nn.compact
    def __call__(self, digits: jax.Array, contents: jax.Array) -> jax.Array:
        code = nn.Embed(self.domains, self.class_dim)(digits)
        x = leaky_relu(nn.Dense(4 * self.width, kernel_init=he_normal)(contents))
        x = nn.Dense(49 * self.width, kernel_init=he_normal)(x).reshape(-1, 7, 7, self.width)
        x = AdaptiveResidualBlock(self.width)(x, code)
        x = AdaptiveResidualBlock(self.width // 2, doubles=True)(x, code)
        x = AdaptiveResidualBlock(self.width // 4, doubles=True)(x, code)
        return jax.nn.hard_tanh(conv(1)(leaky_relu(instance_norm()(x))))  # reaches paper, as glyphs do
