"""StarGAN v2's style encoder E_y(x) (Choi et al. 2020, appendix A), native at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import DomainDense, Trunk


class StyleEncoder(nn.Module):
    """`(images [B, 28, 28, 1], digits int [B] or one for all) -> styles [B, S]`, by the digits' heads."""

    width: int
    max_width: int
    style_dim: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        return DomainDense(self.style_dim, self.domains)(
            Trunk(self.width, self.max_width)(images), digits)
