"""Layers that several families of networks share.

Axes: B images, H x W pixels, C channels, S style; images are NHWC.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks import fast_convolution

# He et al. 2015 for ReLU, not truncated: the initialisation of StarGAN v2's official code.
he_normal = nn.initializers.variance_scaling(2.0, "fan_in", "normal")


def leaky_relu(x: jax.Array) -> jax.Array:
    """Leaky ReLU of slope 0.2."""
    return nn.leaky_relu(x, 0.2)


def conv(features: int, kernel: int = 3, **options: Any) -> nn.Conv:
    """A convolution with He normal weights; by default it keeps the size."""
    return nn.Conv(features, (kernel, kernel), kernel_init=he_normal, **options)


def conv_halve(features: int) -> nn.Conv:
    """A 3 x 3 convolution, then `halve`: `[B, H, W, C] -> [B, H // 2, W // 2, features]`."""
    return conv(features, conv_general_dilated=fast_convolution.conv_then_halve)


def double_conv(features: int) -> nn.Conv:
    """`double`, then a 3 x 3 convolution: `[B, H, W, C] -> [B, 2 H, 2 W, features]`."""
    return conv(features, conv_general_dilated=fast_convolution.double_then_conv)


def instance_norm(affine: bool = True) -> nn.InstanceNorm:
    """Normalises each channel of each image; no running statistics."""
    # The fast variance E[x^2] - E[x]^2 loses float32 accuracy where the mean is far above the deviation: 1.6 % at 300
    # times. The ratio is at most 4.3 in StarGAN v2 `small` after 100 steps, and 3.8 in the released weights: outputs
    # have an error below 3e-4, mostly near 1e-5. A second pass would lengthen a step of StarGAN v2 by 7 %.
    return nn.InstanceNorm(epsilon=1e-5, use_bias=affine, use_scale=affine, use_fast_variance=True)


def halve(x: jax.Array) -> jax.Array:
    """2 x 2 average pooling `[B, H, W, C] -> [B, H // 2, W // 2, C]`; drops an odd last row or column."""
    return nn.avg_pool(x, window_shape=(2, 2), strides=(2, 2))


def double(x: jax.Array) -> jax.Array:
    """Nearest-neighbour upsampling `[B, H, W, C] -> [B, 2 H, 2 W, C]`."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2)


def fold(images: jax.Array) -> jax.Array:
    """Space to depth by 2 x 2: `[B, H, W, C] -> [B, H / 2, W / 2, 4 C]`."""
    count, height, width, channels = images.shape
    squares = images.reshape(count, height // 2, 2, width // 2, 2, channels)
    return squares.transpose(0, 1, 3, 2, 4, 5).reshape(count, height // 2, width // 2, 4 * channels)


def domain_embedding(domains: int, features: int) -> nn.Embed:
    """An embedding of each domain, initialised with unit variance to match the scale of the features."""
    return nn.Embed(domains, features, embedding_init=nn.initializers.normal(1.0))


def of_domain(x: jax.Array, domain: jax.Array) -> jax.Array:
    """The entry of each example's own domain: `[B, ..., domains]`, int `[B]` -> `[B, ...]`."""
    return jnp.take_along_axis(x, domain.reshape(-1, *(1,) * (x.ndim - 1)), axis=-1)[..., 0]


class ConvTranspose(nn.Module):
    """`nn.ConvTranspose(features, (4, 4), (2, 2))`: `[B, H, W, C] -> [B, 2 H, 2 W, features]`."""

    features: int
    use_bias: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (4, 4, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,)) if self.use_bias else 0.0
        return fast_convolution.conv_transpose(x, kernel) + bias


class AdaptiveInstanceNorm(nn.Module):
    """Instance norm whose scale and shift are functions of a style (Huang & Belongie 2017).

    `[B, H, W, C]`, `[B, S]` -> `[B, H, W, C]`; the scale is 1 + gamma, so that training starts near 1.
    """

    @nn.compact
    def __call__(self, x: jax.Array, style: jax.Array) -> jax.Array:
        gamma_beta = nn.Dense(2 * x.shape[-1], kernel_init=he_normal)(style)[:, None, None]
        gamma, beta = jnp.split(gamma_beta, 2, axis=-1)
        return (1.0 + gamma) * instance_norm(affine=False)(x) + beta


class ResidualBlock(nn.Module):
    """Pre-activation residual block of StarGAN v2: `[B, H, W, C] -> [B, H', W', features]`.

    It halves the size, if at all, after the first convolution, and keeps unit variance. The shortcut has a
    1 x 1 convolution without bias only where the width changes; after pooling, which commutes with it and
    leaves a quarter of the pixels.
    """

    features: int
    halves: bool = False
    norm: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        def activate(x: jax.Array) -> jax.Array:
            return leaky_relu(instance_norm()(x) if self.norm else x)

        first = conv_halve if self.halves else conv
        residual = first(x.shape[-1])(activate(x))
        residual = conv(self.features)(activate(residual))
        shortcut = halve(x) if self.halves else x
        if x.shape[-1] != self.features:
            shortcut = conv(self.features, 1, use_bias=False)(shortcut)
        return (shortcut + residual) / jnp.sqrt(2.0)


class AdaptiveResidualBlock(nn.Module):
    """Residual block of StarGAN v2's decoder: `[B, H, W, C]`, `[B, S]` -> `[B, H', W', features]`.

    It doubles the size, if at all, before the first convolution; on the shortcut after the 1 x 1 convolution,
    which commutes with upsampling.
    """

    features: int
    doubles: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, style: jax.Array) -> jax.Array:
        first = double_conv if self.doubles else conv
        residual = first(self.features)(leaky_relu(AdaptiveInstanceNorm()(x, style)))
        residual = conv(self.features)(leaky_relu(AdaptiveInstanceNorm()(residual, style)))
        shortcut = x
        if x.shape[-1] != self.features:
            shortcut = conv(self.features, 1, use_bias=False)(shortcut)
        shortcut = double(shortcut) if self.doubles else shortcut
        return (shortcut + residual) / jnp.sqrt(2.0)


class DomainDense(nn.Module):
    """One linear layer per domain, for each example its own: `[..., C]`, int `[...]` -> `[..., features]`.

    The leading axes of the domains broadcast to those of the examples.

    A single int is the domain of all examples and costs one layer's work. Otherwise all layers are one
    matrix product: each example is placed at its domain's index among zeros. Gathering a layer for each
    example would copy it, in the forward and in the backward pass.
    """

    features: int
    domains: int
    use_bias: bool = True
    kernel_init: Callable[..., jax.Array] = he_normal

    @nn.compact
    def __call__(self, x: jax.Array, domain: jax.Array) -> jax.Array:
        kernel = self.param("kernel", _per_domain(self.kernel_init),
                            (self.domains, x.shape[-1], self.features))
        bias = (self.param("bias", nn.initializers.zeros, (self.domains, self.features)) if self.use_bias
                else None)
        if jnp.ndim(domain) == 0:
            product = x @ kernel[domain]
            return product if bias is None else product + bias[domain]
        one_hot = jax.nn.one_hot(domain, self.domains, dtype=x.dtype)
        spread = one_hot[..., :, None] * x[..., None, :]
        product = spread.reshape(*x.shape[:-1], -1) @ kernel.reshape(-1, self.features)
        return product if bias is None else product + one_hot @ bias


def _per_domain(initializer: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
    """Initialises `[domains, in, out]` as independent layers, so that the fan-in is that of one layer."""

    def initialize(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
        keys = jax.random.split(key, shape[0])
        return jax.vmap(lambda k: initializer(k, shape[1:], dtype))(keys)

    return initialize
