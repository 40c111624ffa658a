"""StarGAN v2's networks (Choi et al. 2020, appendix A) for 28 x 28 pixels.

Axes: B images, Z latent, S style, C channels. `digits` are the target domains.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import (
    AdaptiveResidualBlock,
    DomainDense,
    ResidualBlock,
    conv,
    he_normal,
    instance_norm,
    leaky_relu,
)


class Generator(nn.Module):
    """G(x, s): `(images [B, 28, 28, 1], styles [B, S]) -> images [B, 28, 28, 1]`.

    The target domain enters only through the style. There is no tanh: values can exceed +-1 and are clipped
    only when an image is saved. The width doubles per level, up to `max_width`.
    """

    width: int
    max_width: int
    levels: int = 2
    bottleneck_blocks: int = 2

    def setup(self) -> None:
        widths = [min(self.width * 2**level, self.max_width) for level in range(self.levels + 1)]
        blocks = range(self.bottleneck_blocks)
        self.stem = conv(widths[0])
        self.down = [ResidualBlock(width, halves=True, norm=True) for width in widths[1:]]
        self.bottleneck = [ResidualBlock(widths[-1], norm=True) for _ in blocks]
        self.adaptive_bottleneck = [AdaptiveResidualBlock(widths[-1]) for _ in blocks]
        self.up = [AdaptiveResidualBlock(width, doubles=True) for width in reversed(widths[:-1])]
        self.norm = instance_norm()
        self.to_image = conv(1, 1)

    def __call__(self, images: jax.Array, styles: jax.Array) -> jax.Array:
        """Translates each image into its style."""
        return self.decode(self.content(images), styles)

    def content(self, images: jax.Array) -> jax.Array:
        """The encoder half: `[B, 28, 28, 1] -> [B, 7, 7, C]`."""
        x = self.stem(images)
        for block in (*self.down, *self.bottleneck):
            x = block(x)
        return x

    def decode(self, content: jax.Array, styles: jax.Array) -> jax.Array:
        """The decoder half: `[B, 7, 7, C]`, `[B, S]` -> `[B, 28, 28, 1]`."""
        x = content
        for block in (*self.adaptive_bottleneck, *self.up):
            x = block(x, styles)
        return self.to_image(leaky_relu(self.norm(x)))


class MappingNetwork(nn.Module):
    """F_y(z): `(latents [B, Z], digits int [B] or one for all) -> styles [B, S]`.

    Four layers that all domains share, then four layers for each domain, with ReLU between layers. The paper's
    width is 512.
    """

    width: int
    style_dim: int
    domains: int
    shared_layers: int = 4
    domain_layers: int = 3

    @nn.compact
    def __call__(self, latents: jax.Array, digits: jax.Array) -> jax.Array:
        x = latents
        for _ in range(self.shared_layers):
            x = nn.relu(nn.Dense(self.width, kernel_init=he_normal)(x))
        for _ in range(self.domain_layers):
            x = nn.relu(DomainDense(self.width, self.domains)(x, digits))
        return DomainDense(self.style_dim, self.domains)(x, digits)


class Trunk(nn.Module):
    """The layers below the heads of style encoder and discriminator: `images [B, 28, 28, 1] -> features [B, F]`.

    A first convolution, three residual blocks 28 -> 14 -> 7 -> 3 without norm, and a 3 x 3 convolution without
    padding to 1 x 1. F is the last block's width.
    """

    width: int
    max_width: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = conv(self.width)(images)
        for level in (1, 2, 3):
            x = ResidualBlock(min(self.width * 2**level, self.max_width), halves=True)(x)
        x = conv(x.shape[-1], padding="VALID")(leaky_relu(x))
        return leaky_relu(x).reshape(x.shape[0], -1)


class StyleEncoder(nn.Module):
    """E_y(x): `(images [B, 28, 28, 1], digits int [B] or one for all) -> styles [B, S]`, one head per domain."""

    width: int
    max_width: int
    style_dim: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        return DomainDense(self.style_dim, self.domains)(
            Trunk(self.width, self.max_width)(images), digits)


class Discriminator(nn.Module):
    """D_y(x): `(images [B, 28, 28, 1], digits int [B]) -> logits [B]`, one head per domain."""

    width: int
    max_width: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        logits = DomainDense(1, self.domains)(Trunk(self.width, self.max_width)(images), digits)
        return logits[:, 0]


# Networks of the configurations between StarGAN and StarGAN v2 (section 3.1 of the paper).


class LabelStyle(nn.Module):
    """Replaces the mapping network in configuration C: a style is a function of the digit alone.

    `(latents [B, Z], digits int [B] or one for all) -> styles [B, S]`; it ignores the latents.
    """

    style_dim: int
    domains: int

    @nn.compact
    def __call__(self, latents: jax.Array, digits: jax.Array) -> jax.Array:
        styles = nn.Embed(self.domains, self.style_dim)(digits)
        return jnp.broadcast_to(styles, (len(latents), self.style_dim))


class LatentEncoder(nn.Module):
    """Replaces the style encoder in configuration D: one head for all domains.

    `(images [B, 28, 28, 1], digits int [B]) -> latents [B, Z]`; it ignores the digits.
    """

    width: int
    max_width: int
    latent_dim: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        return nn.Dense(self.latent_dim, kernel_init=he_normal)(Trunk(self.width, self.max_width)(images))
