"""The networks of flow matching: an encoder of the references, and a U-Net for the velocity.

Axes: N images, T targets, R references, E condition, C channels.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import conv, conv_halve, double_conv
from handwriting_gan.networks.writer_guided import GlyphTrunk, pool_evidence

EMBEDDING = 192  # of time, digit and condition
FREQUENCIES = 16  # of the sinusoids of a time


class ReferenceEncoder(nn.Module):
    """The condition for each target, from any number of references of one writer.

    It pools what each glyph alone says about the hand, once over all references, where the relevance of a reference's
    digit to the target's digit is learned, and once over those that show the target's digit. The condition holds the
    means of both and the logarithms of their precisions, which say how much is known.
    """

    width: int
    style_dim: int
    domains: int

    @nn.compact
    def __call__(self, references: jax.Array, reference_digits: jax.Array, target_digits: jax.Array,
                 given: jax.Array) -> jax.Array:
        """Images `[..., R, 28, 28, 1]`, int `[..., R]`, int `[..., T]`, bool `[..., T, R]` -> `[..., T, 4 style]`."""
        x = GlyphTrunk(self.width, self.domains)(
            references.reshape(-1, *references.shape[-3:]), reference_digits.reshape(-1))
        x = x.reshape(*reference_digits.shape[:-1], 1, reference_digits.shape[-1], -1)
        zeros = nn.initializers.zeros
        values = nn.Dense(self.style_dim, name="values")(x)
        log_precisions = nn.Dense(self.style_dim, kernel_init=zeros, name="log_precisions")(x)
        targets, read = target_digits[..., None], reference_digits[..., None, :]
        relevance = self.param("relevance", zeros, (self.domains, self.domains, self.style_dim))[targets, read]
        means, precisions = zip(pool_evidence(values, log_precisions + relevance, given),
                                pool_evidence(values, log_precisions, given & (targets == read)), strict=True)
        return jnp.concatenate([*means, *map(jnp.log, precisions)], axis=-1)


def sinusoids(times: jax.Array) -> jax.Array:
    """Sines and cosines of times in [0, 1], `[N] -> [N, 32]` (Vaswani et al. 2017): 1 to 100 radians per unit."""
    angles = times[:, None] * jnp.geomspace(1.0, 100.0, FREQUENCIES)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


class VelocityNetwork(nn.Module):
    """The velocity at images and times, given digits and conditions: a U-Net (Ronneberger et al. 2015).

    `(images [N, 28, 28, 1], sinusoids [N, 32], digits int [N], conditions [N, E]) -> velocities [N, 28, 28, 1]`:
    28 -> 14 -> 7 -> 14 -> 28. It is 0 at first. The width is that of 28 x 28; there are three times as many channels at
    14 x 14 and six times as many at 7 x 7, where each position has a learned bias, because noise shows no positions.
    """

    width: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, times: jax.Array, digits: jax.Array, conditions: jax.Array) -> jax.Array:
        w = (nn.Dense(EMBEDDING)(times) + nn.Embed(self.domains, EMBEDDING)(digits)
             + nn.Dense(EMBEDDING)(conditions))
        w = nn.silu(nn.Dense(EMBEDDING)(nn.silu(w)))
        fine, middle, coarse = self.width, 3 * self.width, 6 * self.width
        at_28 = ModulatedBlock(fine)(conv(fine)(images), w)
        at_14 = ModulatedBlock(middle)(conv_halve(middle)(at_28), w)
        x = conv_halve(coarse)(at_14)
        x = x + self.param("positions", nn.initializers.normal(0.1), x.shape[1:])
        x = ModulatedBlock(coarse)(ModulatedBlock(coarse)(x, w), w)
        x = ModulatedBlock(middle)(jnp.concatenate([double_conv(middle)(x), at_14], axis=-1), w)
        x = ModulatedBlock(fine)(jnp.concatenate([double_conv(fine)(x), at_28], axis=-1), w)
        return zero_conv(1)(nn.silu(group_norm()(x)))


class ModulatedBlock(nn.Module):
    """Residual block with adaptive group norm (Dhariwal & Nichol 2021), at first the shortcut alone.

    `[N, H, W, C]`, embedding `[N, 192]` -> `[N, H, W, features]`.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        residual = conv(self.features)(nn.silu(group_norm()(x)))
        scale, shift = jnp.split(nn.Dense(2 * self.features)(w)[:, None, None], 2, axis=-1)
        residual = (1.0 + scale) * group_norm()(residual) + shift
        residual = zero_conv(self.features)(nn.silu(residual))
        shortcut = x if x.shape[-1] == self.features else conv(self.features, 1, use_bias=False)(x)
        return shortcut + residual


def group_norm() -> nn.GroupNorm:
    """Normalises groups of four channels of each image."""
    return nn.GroupNorm(num_groups=None, group_size=4, epsilon=1e-5)


def zero_conv(features: int) -> nn.Conv:
    """A 3 x 3 convolution that is 0 at first."""
    return nn.Conv(features, (3, 3), kernel_init=nn.initializers.zeros)
