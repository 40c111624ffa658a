"""What StarGAN v2's networks are made of (Choi et al. 2020, appendix A; shapes at 28 x 28).

Axes: B images, H x W pixels, C channels, S style; images are NHWC.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.mirrored_convolution import (
    double_then_mirrored_conv,
    mirrored_conv,
    unpadded_conv,
)
from handwriting_gan.networks.resizing_convolution import conv_then_halve, conv_transpose, double_then_conv

# He et al. 2015 for ReLU, untruncated, as the authors' code initialises every network.
he_normal = nn.initializers.variance_scaling(2.0, "fan_in", "normal")


def leaky_relu(x: jax.Array) -> jax.Array:
    """Leaky ReLU with the slope 0.2 of every StarGAN v2 network."""
    return nn.leaky_relu(x, 0.2)


def conv(features: int, kernel: int = 3, **options: Any) -> nn.Conv:
    """A convolution with He normal weights and, unless told otherwise, the same size out as in."""
    return nn.Conv(features, (kernel, kernel), kernel_init=he_normal, **options)


def reflecting_conv(features: int, kernel: int, strides: int = 1) -> nn.Conv:
    """A convolution, as `conv`, that sees the image mirrored beyond its edges, as MUNIT's do."""
    if kernel == 3 and strides == 1:
        return conv(features, 3, conv_general_dilated=mirrored_conv)
    return conv(features, kernel, strides=strides, padding="REFLECT", conv_general_dilated=unpadded_conv)


def doubling_reflecting_conv(features: int) -> nn.Conv:
    """`reflecting_conv(features, 5)` of doubled images: `[B, H, W, C] -> [B, 2 H, 2 W, features]`."""
    return conv(features, 5, conv_general_dilated=double_then_mirrored_conv)


def instance_norm(affine: bool = True) -> nn.InstanceNorm:
    """Normalises each channel of each image; no running statistics."""
    return nn.InstanceNorm(epsilon=1e-5, use_bias=affine, use_scale=affine, use_fast_variance=True)


def halve(x: jax.Array) -> jax.Array:
    """2 x 2 average pooling `[B, H, W, C] -> [B, H // 2, W // 2, C]`; an odd row or column is dropped."""
    return nn.avg_pool(x, window_shape=(2, 2), strides=(2, 2))


def double(x: jax.Array) -> jax.Array:
    """Nearest-neighbour upsampling `[B, H, W, C] -> [B, 2 H, 2 W, C]`."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def identity(x: jax.Array) -> jax.Array:
    """What a block without norm does in its place."""
    return x


def domain_code(domains: int, features: int) -> nn.Embed:
    """A learned code for each domain, at the start as strong as what it is to be heard beside."""
    return nn.Embed(domains, features, embedding_init=nn.initializers.normal(1.0))


def of_domain(x: jax.Array, domain: jax.Array) -> jax.Array:
    """What stands there for each example's own domain: `[B, ..., domains]`, int `[B]` -> `[B, ...]`."""
    return jnp.take_along_axis(x, domain.reshape(-1, *(1,) * (x.ndim - 1)), axis=-1)[..., 0]


class ConvTranspose(nn.Module):
    """`nn.ConvTranspose(features, (4, 4), (2, 2))`, faster: `[B, H, W, C]` -> `[B, 2 H, 2 W, features]`."""

    features: int
    use_bias: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (4, 4, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,)) if self.use_bias else 0.0
        return conv_transpose(x, kernel) + bias


class AdaptiveInstanceNorm(nn.Module):
    """Instance norm whose scale and shift come from a style (Huang & Belongie 2017).

    `[B, H, W, C]`, `[B, S]` -> `[B, H, W, C]`; the scale is 1 + gamma, so that training starts near 1.
    """

    @nn.compact
    def __call__(self, x: jax.Array, style: jax.Array) -> jax.Array:
        gamma_beta = nn.Dense(2 * x.shape[-1], kernel_init=he_normal)(style)[:, None, None]
        gamma, beta = jnp.split(gamma_beta, 2, axis=-1)
        return (1.0 + gamma) * instance_norm(affine=False)(x) + beta


class ResidualBlock(nn.Module):
    """Pre-activation residual block `[B, H, W, C] -> [B, H', W', features]`, unit variance kept.

    Halved, if at all, after the first convolution. The shortcut is convolved (1 x 1, no bias) only where the
    width changes: after it is halved, which commutes and leaves a quarter of the pixels.
    """

    features: int
    halves: bool = False
    norm: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        normalize = instance_norm if self.norm else lambda: identity
        first: dict[str, Any] = {"conv_general_dilated": conv_then_halve} if self.halves else {}
        residual = conv(x.shape[-1], **first)(leaky_relu(normalize()(x)))
        residual = conv(self.features)(leaky_relu(normalize()(residual)))
        shortcut = halve(x) if self.halves else x
        if x.shape[-1] != self.features:
            shortcut = conv(self.features, 1, use_bias=False)(shortcut)
        return (shortcut + residual) / jnp.sqrt(2.0)


class AdaptiveResidualBlock(nn.Module):
    """Residual block driven by a style: `[B, H, W, C]`, `[B, S]` -> `[B, H', W', features]`.

    Doubled, if at all, before the first convolution, as a decoder does; the shortcut after its own.
    """

    features: int
    doubles: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, style: jax.Array) -> jax.Array:
        first: dict[str, Any] = {"conv_general_dilated": double_then_conv} if self.doubles else {}
        residual = conv(self.features, **first)(leaky_relu(AdaptiveInstanceNorm()(x, style)))
        residual = conv(self.features)(leaky_relu(AdaptiveInstanceNorm()(residual, style)))
        shortcut = x
        if x.shape[-1] != self.features:
            shortcut = conv(self.features, 1, use_bias=False)(shortcut)
        shortcut = double(shortcut) if self.doubles else shortcut
        return (shortcut + residual) / jnp.sqrt(2.0)


class DomainDense(nn.Module):
    """One linear layer per domain, each example its own: `[B, C]`, int `[B]` -> `[B, features]`.

    A single int is the domain of all, and costs one head's work. Otherwise an example stands at its domain's
    place among zeros, and all heads are one matrix: one dense product reads each head once, where a head
    picked for each example is copied for it, forwards and backwards.
    """

    features: int
    domains: int

    @nn.compact
    def __call__(self, x: jax.Array, domain: jax.Array) -> jax.Array:
        kernel = self.param("kernel", _per_domain(he_normal),
                            (self.domains, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.domains, self.features))
        if jnp.ndim(domain) == 0:
            return x @ kernel[domain] + bias[domain]
        own = jax.nn.one_hot(domain, self.domains, dtype=x.dtype)
        spread = (own[:, :, None] * x[:, None]).reshape(len(x), -1)
        return spread @ kernel.reshape(-1, self.features) + own @ bias


def _per_domain(initializer: Callable) -> Callable:
    """Initialises `[domains, in, out]` as `domains` independent layers, so that fan-in is one layer's."""

    def initialize(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
        keys = jax.random.split(key, shape[0])
        return jax.vmap(lambda k: initializer(k, shape[1:], dtype))(keys)

    return initialize


class Trunk(nn.Module):
    """What style encoder and discriminator share in shape: `[B, 28, 28, 1] -> [B, max_width]`.

    Stem, three halving blocks 28 -> 14 -> 7 -> 3 without norm, a valid 3 x 3 convolution to 1 x 1.
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
