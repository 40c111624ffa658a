"""Networks of MUNIT (Huang et al. 2018, appendix B), DRIT (Lee et al. 2018) and MSGAN, for 28 x 28 pixels.

The authors have one encoder, decoder and discriminator for each of two domains. Here all domains share them;
decoder and discriminator are conditioned on the digit.

Axes: B images, S style (DRIT's latent), C channels of a content.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.fast_convolution import valid_conv
from handwriting_gan.networks.layers import (
    AdaptiveInstanceNorm,
    DomainDense,
    conv,
    domain_embedding,
    double,
    he_normal,
    instance_norm,
    leaky_relu,
    of_domain,
)


def reflecting_conv(features: int, kernel: int, strides: int = 1) -> nn.Conv:
    """A convolution with He normal weights that pads by reflection."""
    fast = {"conv_general_dilated": valid_conv} if strides == 1 else {}
    return conv(features, kernel, strides=strides, padding="REFLECT", **fast)


class ContentEncoder(nn.Module):
    """E_c(x): `images [B, 28, 28, 1] -> contents [B, 7, 7, 4 width]` (appendix B.1)."""

    width: int  # at 28 x 28, doubled at 14 and again at 7
    blocks: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = _norm_relu(reflecting_conv(self.width, 7)(images))
        for level in (1, 2):
            x = _norm_relu(reflecting_conv(self.width * 2**level, 4, strides=2)(x))
        for _ in range(self.blocks):
            residual = _norm_relu(reflecting_conv(x.shape[-1], 3)(x))
            x = x + instance_norm(affine=False)(reflecting_conv(x.shape[-1], 3)(residual))
        return x


def _norm_relu(x: jax.Array) -> jax.Array:
    return nn.relu(instance_norm(affine=False)(x))


class GlobalStyleEncoder(nn.Module):
    """E_s(x): `images [B, 28, 28, 1] -> styles [B, S]` (appendix B.1).

    Global average pooling removes the position; there is no norm, which would remove the style. Halved twice,
    where the authors halve 256 x 256 four times.
    """

    width: int  # at 28 x 28, doubled at 14 and again at 7
    style_dim: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = nn.relu(reflecting_conv(self.width, 7)(images))
        for level in (1, 2):
            x = nn.relu(reflecting_conv(self.width * 2**level, 4, strides=2)(x))
        return nn.Dense(self.style_dim, kernel_init=he_normal)(x.mean(axis=(1, 2)))


class DomainDecoder(nn.Module):
    """G_y(c, s): `(contents [B, 7, 7, C], styles [B, S], digits int [B]) -> images [B, 28, 28, 1]`.

    Values are within +-1. A perceptron maps the style to the scales and shifts of the norms (appendix B.1).
    Its first layer is one per domain plus an embedding of the domain: encoders produce styles near 0, where a
    layer that only multiplies the style would lose the digit.
    """

    width: int  # at 28 x 28
    blocks: int
    perceptron_width: int
    domains: int

    @nn.compact
    def __call__(self, contents: jax.Array, styles: jax.Array, digits: jax.Array) -> jax.Array:
        embedding = domain_embedding(self.domains, self.perceptron_width)(digits)
        w = nn.relu(DomainDense(self.perceptron_width, self.domains)(styles, digits) + embedding)
        w = nn.relu(nn.Dense(self.perceptron_width, kernel_init=he_normal)(w))
        x = contents
        for _ in range(self.blocks):
            residual = nn.relu(AdaptiveInstanceNorm()(reflecting_conv(x.shape[-1], 3)(x), w))
            x = x + AdaptiveInstanceNorm()(reflecting_conv(x.shape[-1], 3)(residual), w)
        for level in (1, 0):
            x = reflecting_conv(self.width * 2**level, 5)(double(x))
            x = nn.relu(nn.LayerNorm(reduction_axes=(1, 2, 3), feature_axes=-1)(x))
        return jnp.tanh(reflecting_conv(1, 7)(x))


class PatchDiscriminator(nn.Module):
    """D_y(x): `(images [B, 28, 28, 1], digits int [B]) -> scores ([B, 3, 3], [B, 1, 1], [B, 1, 1])`.

    A map per domain at three scales (appendix B.2): patches of 22 x 22 pixels of the image, the whole of the
    halved image, and the whole of the image halved twice. The authors have four convolutions at each scale of
    256 x 256 pixels; 28 and 14 pixels can be halved three times, 7 pixels twice. Their largest patch is 184 of 256
    pixels wide; a much smaller one does not show which digit it is of.
    """

    width: int  # after the first halving
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        half, quarter = _halve(images), _halve(_halve(images))
        return self._patches(images, digits, 3), self._patches(half, digits, 3), self._patches(quarter, digits, 2)

    def _patches(self, x: jax.Array, digits: jax.Array, convolutions: int) -> jax.Array:
        gaussian = nn.initializers.normal(0.02)
        for level in range(convolutions):
            x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect")  # flax's REFLECT adds an output to odd sizes
            x = leaky_relu(nn.Conv(self.width * 2**level, (4, 4), 2, padding="VALID", kernel_init=gaussian)(x))
        scores = nn.Conv(self.domains, (1, 1), kernel_init=gaussian)(x)
        return of_domain(scores, digits)


def _halve(images: jax.Array) -> jax.Array:
    """3 x 3 average pooling of stride 2, without the border in the mean: `[B, H, W, C] -> [B, H / 2, W / 2, C]`."""
    return nn.avg_pool(images, (3, 3), (2, 2), padding=((1, 1), (1, 1)), count_include_pad=False)


class ContentDiscriminator(nn.Module):
    """DRIT's D_c(c): `contents [B, 7, 7, C] -> logits [B, domains]` of the digits that they came from."""

    domains: int

    @nn.compact
    def __call__(self, contents: jax.Array) -> jax.Array:
        x = contents
        for _ in range(2):  # 7 -> 4 -> 2
            x = leaky_relu(nn.Conv(x.shape[-1], (3, 3), 2, kernel_init=he_normal)(x))
        return nn.Dense(self.domains)(x.reshape(len(x), -1))
