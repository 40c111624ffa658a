"""StarGAN v2's multi-task discriminator D_y(x) (Choi et al. 2020, appendix A), native at 28 x 28."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import DomainDense, Trunk


class Discriminator(nn.Module):
    """`(images [B, 28, 28, 1], digits int [B]) -> logits [B]`, each by its digit's own head."""

    width: int
    max_width: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        logits = DomainDense(1, self.domains)(Trunk(self.width, self.max_width)(images), digits)
        return logits[:, 0]
