"""MUNIT's decoder (Huang et al. 2018, appendix B.1) for many domains, native at 28 x 28."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import (
    AdaptiveInstanceNorm,
    DomainDense,
    domain_code,
    doubling_reflecting_conv,
    he_normal,
    reflecting_conv,
)


class DomainDecoder(nn.Module):
    """`(contents [B, 7, 7, C], styles [B, S], digits int [B]) -> images [B, 28, 28, 1]`, within +-1.

    The perceptron that makes the norms' scales and shifts of a style has a first layer for each domain, and
    what that layer adds whatever the style: there the digit comes in. Were it only a factor of the style, a
    style near 0, as encoders make it, would leave the digit unheard. The authors have a decoder for each of
    their two domains.
    """

    width: int  # at 28 x 28
    blocks: int
    perceptron_width: int
    domains: int

    @nn.compact
    def __call__(self, contents: jax.Array, styles: jax.Array, digits: jax.Array) -> jax.Array:
        own = domain_code(self.domains, self.perceptron_width)(digits)
        w = nn.relu(DomainDense(self.perceptron_width, self.domains)(styles, digits) + own)
        w = nn.relu(nn.Dense(self.perceptron_width, kernel_init=he_normal)(w))
        x = contents
        for _ in range(self.blocks):
            residual = nn.relu(AdaptiveInstanceNorm()(reflecting_conv(x.shape[-1], 3)(x), w))
            x = x + AdaptiveInstanceNorm()(reflecting_conv(x.shape[-1], 3)(residual), w)
        for level in (1, 0):
            x = doubling_reflecting_conv(self.width * 2**level)(x)
            x = nn.relu(nn.LayerNorm(reduction_axes=(1, 2, 3), feature_axes=-1)(x))
        return jnp.tanh(reflecting_conv(1, 7)(x))
