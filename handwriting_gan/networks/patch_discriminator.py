"""MUNIT's discriminator at several scales (Huang et al. 2018, appendix B.2) for many domains, at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import leaky_relu, of_domain
from handwriting_gan.networks.row_convolution import conv_of_rows


class PatchDiscriminator(nn.Module):
    """`(images [B, 28, 28, 1], digits int [B]) -> (scores [B, 3, 3], scores [B, 1, 1])`, by the digits' maps.

    Patches of 22 x 22 of the image, and the whole of its half. The authors' widest patch covers 184 of their
    256 pixels; which digit it is, a glyph tells no patch much smaller.
    """

    width: int  # after the first halving
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> tuple[jax.Array, jax.Array]:
        half = nn.avg_pool(images, (3, 3), (2, 2), padding="SAME", count_include_pad=False)
        return self._patches(images, digits), self._patches(half, digits)

    def _patches(self, x: jax.Array, digits: jax.Array) -> jax.Array:
        gaussian = nn.initializers.normal(0.02)
        for level in range(3):
            x = leaky_relu(nn.Conv(self.width * 2**level, (4, 4), 2, padding=((1, 1), (1, 1)),
                                   kernel_init=gaussian, conv_general_dilated=conv_of_rows)(x))
        scores = nn.Conv(self.domains, (1, 1), kernel_init=gaussian)(x)
        return of_domain(scores, digits)
