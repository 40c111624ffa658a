"""StarGAN v1's discriminator with its auxiliary classifier (Choi et al. 2018, table 5), native at 28 x 28."""

import jax
from flax import linen as nn


class StridedTrunk(nn.Module):
    """`images [B, 28, 28, 1] -> features [B, 1, 1, 8 width]`: halved four times, 28 -> 14 -> 7 -> 3 -> 1.

    The authors halve 128 x 128 six times, to 2 x 2. The penalty is on the sum of a map's scores, the loss on
    their mean: each score more makes the adversary weaker, so three halvings would leave it a ninth.
    """

    width: int  # at 14 x 14, doubled at each halving

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = images
        for level in range(4):
            x = nn.Conv(self.width * 2**level, (4, 4), 2, padding=1)(x)
            x = nn.leaky_relu(x, 0.01)
        return x


class ClassifyingDiscriminator(nn.Module):
    """`images [B, 28, 28, 1] -> (scores [B, 1, 1], class logits [B, domains])`: PatchGAN and ACGAN in one.

    A score is large for real; it is no logit (Wasserstein).
    """

    width: int  # at 14 x 14, doubled at each halving
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = StridedTrunk(self.width)(images)
        scores, classes = nn.Dense(1, use_bias=False)(x), nn.Dense(self.domains, use_bias=False)(x)
        return scores[..., 0], classes[:, 0, 0]
