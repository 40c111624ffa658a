"""What the networks that look at a glyph whose digit is known share in shape.

Axes: N glyphs, C channels.
"""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import ResidualBlock, conv, leaky_relu


class GlyphTrunk(nn.Module):
    """`(images [N, 28, 28, 1], digits int [N]) -> [N, 4 width]`: 14 -> 7 -> 3, then all places together.

    Squares of two by two pixels are folded into channels first, which keeps all and costs a quarter. The
    digit joins as a bias of its own: what is a telling feature of a 2 may be none of a 7.
    """

    width: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        x = conv(self.width)(fold(images)) + self._bias(self.width, digits)
        x = ResidualBlock(2 * self.width, halves=True)(x) + self._bias(2 * self.width, digits)
        x = ResidualBlock(2 * self.width, halves=True)(ResidualBlock(2 * self.width)(x))
        return leaky_relu(nn.Dense(4 * self.width)(leaky_relu(x).reshape(len(x), -1)))

    def _bias(self, features: int, digits: jax.Array) -> jax.Array:
        return nn.Embed(self.domains, features)(digits)[:, None, None]


def fold(images: jax.Array) -> jax.Array:
    """Squares of two by two pixels as channels: `[N, H, W, C] -> [N, H / 2, W / 2, 4 C]`."""
    count, height, width, channels = images.shape
    squares = images.reshape(count, height // 2, 2, width // 2, 2, channels)
    return squares.transpose(0, 1, 3, 2, 4, 5).reshape(count, height // 2, width // 2, 4 * channels)

