"""StarGAN v2's mapping network F_y(z) (Choi et al. 2020, appendix A)."""

import jax
from flax import linen as nn

from handwriting_gan.networks.layers import DomainDense, he_normal


class MappingNetwork(nn.Module):
    """`(latents [B, Z], digits int [B] or one for all) -> styles [B, S]`.

    Four shared layers, then four of each domain's own; ReLU between. The paper's width is 512.
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
