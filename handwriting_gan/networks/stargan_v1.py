"""StarGAN's networks (Choi et al. 2018, tables 4 and 5) for 28 x 28 pixels.

Axes: B images; `digits` are the target domains.
"""

import jax
import jax.numpy as jnp
from flax import linen as nn

from handwriting_gan.networks.layers import ConvTranspose, instance_norm, of_domain


class LabelGenerator(nn.Module):
    """G(x, c): `(images [B, 28, 28, 1], digits int [B]) -> images [B, 28, 28, 1]`, within +-1.

    The digit's one-hot code is concatenated to each pixel of the source. The norms use the image's own
    statistics at all times; the authors' code uses running statistics after training. All convolutions pad
    with zeros, which makes the constant planes of the code vary at the border: the norms would remove them.
    """

    width: int  # at 28 x 28, doubled at 14 and again at 7
    blocks: int
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        code = jax.nn.one_hot(digits, self.domains, dtype=images.dtype)[:, None, None]
        planes = jnp.broadcast_to(code, (*images.shape[:3], self.domains))
        x = jnp.concatenate([images, planes], axis=-1)
        x = _norm_relu(nn.Conv(self.width, (7, 7), use_bias=False)(x))
        for level in (1, 2):
            x = _norm_relu(nn.Conv(self.width * 2**level, (4, 4), 2, use_bias=False)(x))
        for _ in range(self.blocks):
            x = x + PostNormBlock(x.shape[-1])(x)
        for level in (1, 0):
            x = _norm_relu(ConvTranspose(self.width * 2**level, use_bias=False)(x))
        return jnp.tanh(nn.Conv(1, (7, 7), use_bias=False)(x))


class PostNormBlock(nn.Module):
    """The residual of a block, normalised after each convolution: `[B, H, W, C] -> [B, H, W, C]`."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = _norm_relu(nn.Conv(self.features, (3, 3), use_bias=False)(x))
        return instance_norm()(nn.Conv(self.features, (3, 3), use_bias=False)(x))


def _norm_relu(x: jax.Array) -> jax.Array:
    return nn.relu(instance_norm()(x))


class StridedTrunk(nn.Module):
    """The body of the discriminators: `images [B, 28, 28, 1] -> features [B, 1, 1, 8 width]`.

    Halved four times, 28 -> 14 -> 7 -> 3 -> 1; the authors halve 128 x 128 six times, to 2 x 2. The gradient
    penalty is on the sum of a map's scores but the loss on their mean, so a map of 3 x 3, after three
    halvings, would weaken the loss to a ninth.
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
    """D_src and D_cls: `images [B, 28, 28, 1] -> (scores [B, 1, 1], class logits [B, domains])`.

    A score is large for real images; it is a Wasserstein critic's, not a logit.
    """

    width: int  # at 14 x 14, doubled at each halving
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = StridedTrunk(self.width)(images)
        scores, classes = nn.Dense(1, use_bias=False)(x), nn.Dense(self.domains, use_bias=False)(x)
        return scores[..., 0], classes[:, 0, 0]


class MultiTaskDiscriminator(nn.Module):
    """Configuration B of the ladder to StarGAN v2: a score per domain in place of the classifier.

    `(images [B, 28, 28, 1], digits int [B]) -> scores [B]` for the digits, large for real images.
    """

    width: int  # at 14 x 14, doubled at each halving
    domains: int

    @nn.compact
    def __call__(self, images: jax.Array, digits: jax.Array) -> jax.Array:
        scores = nn.Dense(self.domains, use_bias=False)(StridedTrunk(self.width)(images))
        return of_domain(scores[:, 0, 0], digits)
