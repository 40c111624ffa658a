"""StarGAN v2's generator G(x, s) (Choi et al. 2020, appendix A), native at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import (
    AdaptiveResidualBlock,
    ResidualBlock,
    conv,
    instance_norm,
    leaky_relu,
)


class Generator(nn.Module):
    """`(images [B, 28, 28, 1], styles [B, S]) -> images [B, 28, 28, 1]`.

    The target domain enters only through the style. There is no tanh: values may pass +-1 and are clamped
    only when an image is saved. Width doubles per level up to `max_width`.
    """

    width: int
    max_width: int
    levels: int = 2
    bottleneck_blocks: int = 2

    def setup(self) -> None:
        widths = [min(self.width * 2**level, self.max_width) for level in range(self.levels + 1)]
        self.stem = conv(widths[0])
        self.down = [ResidualBlock(width, halves=True, norm=True) for width in widths[1:]]
        self.bottleneck = [ResidualBlock(widths[-1], norm=True)
                           for _ in range(self.bottleneck_blocks)]
        self.adaptive_bottleneck = [AdaptiveResidualBlock(widths[-1])
                                    for _ in range(self.bottleneck_blocks)]
        self.up = [AdaptiveResidualBlock(width, doubles=True) for width in reversed(widths[:-1])]
        self.norm = instance_norm()
        self.to_image = conv(1, 1)

    def __call__(self, images: jax.Array, styles: jax.Array) -> jax.Array:
        """Translates each image into its style."""
        return self.decode(self.content(images), styles)

    def content(self, images: jax.Array) -> jax.Array:
        """What the encoder keeps of the source: `[B, 28, 28, 1] -> [B, 7, 7, C]`."""
        x = self.stem(images)
        for block in (*self.down, *self.bottleneck):
            x = block(x)
        return x

    def decode(self, content: jax.Array, styles: jax.Array) -> jax.Array:
        """Draws a content `[B, 7, 7, C]` in a style `[B, S]`: `[B, 28, 28, 1]`."""
        x = content
        for block in (*self.adaptive_bottleneck, *self.up):
            x = block(x, styles)
        return self.to_image(leaky_relu(self.norm(x)))
