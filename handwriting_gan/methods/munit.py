"""MUNIT (Huang et al. 2018, arXiv:1804.04732) whose domains are the ten digits.

An image is a content, which the domains share, and a style. For two domains the authors have two of each
network; ten of each would make ninety pairs of strangers, so here the encoders are the same for all digits,
and the digit comes in where decoder and discriminator have a part for each (networks/domain_decoder.py,
networks/patch_discriminator.py). One style encoder and one prior for all is also the only way by which a
style could travel from digit to digit. Losses and their weights are the authors'; means are over both
directions, where they add two; no perceptual loss nor explicit cycle, as for their shoes and bags.

Axes: B examples, K references of one writer, n digits to write, S style.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch, both_ways, normal_both_ways
from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.losses import least_squares
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.methods.method import Guided, Method, Params, Phase, initial_params
from handwriting_gan.networks.content_encoder import ContentEncoder
from handwriting_gan.networks.domain_decoder import DomainDecoder
from handwriting_gan.networks.global_style_encoder import GlobalStyleEncoder
from handwriting_gan.networks.patch_discriminator import PatchDiscriminator
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of


@dataclasses.dataclass(frozen=True)
class MUNIT:
    """The four networks, the weights of the loss terms, and the losses and modes built from them."""

    networks: dict[str, nn.Module]
    style_dim: int
    weights: Mapping[str, float]
    compute: jnp.dtype = FLOAT32  # of the networks

    # The networks by what they do.

    def encode_content(self, params: Params, images: jax.Array) -> jax.Array:
        """E_c(x): contents `[B, 7, 7, C]`."""
        return self._apply(params, "content_encoder", images)

    def encode_style(self, params: Params, images: jax.Array) -> jax.Array:
        """E_s(x): styles `[B, S]`."""
        return self._apply(params, "style_encoder", images)

    def decode(self, params: Params, contents: jax.Array, styles: jax.Array, digits: jax.Array) -> jax.Array:
        """G_y(c, s): images `[B, 28, 28, 1]` of `digits` `[B]`."""
        return self._apply(params, "decoder", contents, styles, digits)

    def discriminate(self, params: Params, images: jax.Array, digits: jax.Array) -> tuple[jax.Array, ...]:
        """D_y(x): scores `[B, H, W]` at each scale, 1 for real."""
        return self._apply(params, "discriminator", images, digits)

    def _apply(self, params: Params, name: str, *inputs: jax.Array) -> Any:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of all four networks."""
        images, digits = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros((1,), jnp.int32)
        contents = jnp.zeros((1, SIDE // 4, SIDE // 4, 4 * self.networks["content_encoder"].width))
        inputs = {
            "content_encoder": (images,),
            "style_encoder": (images,),
            "decoder": (contents, jnp.zeros((1, self.style_dim)), digits),
            "discriminator": (images, digits),
        }
        return initial_params(self.networks, inputs, key)

    # The two phases.

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Sources and references against each redrawn in the other's domain."""
        images, digits, others = both_ways(batch)
        fakes = self.decode(params, self.encode_content(params, images), self.draw_styles(keys), others)
        real, fake = (self.discriminate(params, *shown) for shown in ((images, digits), (fakes, others)))
        return weighted_sum({"adversarial": least_squares.discriminator_loss(real, fake)}, self.weights)

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 5: adversarial + reconstruction of images, styles and contents."""
        images, digits, others = both_ways(batch)
        contents, styles = self.encode_content(params, images), self.draw_styles(keys)
        own = self.decode(params, contents, self.encode_style(params, images), digits)
        fakes = self.decode(params, contents, styles, others)
        return weighted_sum({
            "adversarial": least_squares.generator_loss(self.discriminate(params, fakes, others)),
            "image_reconstruction": mean_absolute_error(own, images),
            "style_reconstruction": mean_absolute_error(self.encode_style(params, fakes), styles),
            "content_reconstruction": mean_absolute_error(self.encode_content(params, fakes), contents),
        }, self.weights)

    def draw_styles(self, keys: jax.Array) -> jax.Array:
        """Standard normal styles for both directions `[2 B, S]`, two per key `[B]`."""
        return normal_both_ways(keys, (self.style_dim,))

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Sources redrawn as digits, each in a style from the prior."""
        return Guided(self.decode, self.encode_content, latent_dim=self.style_dim)

    def reference_guided(self) -> Guided:
        """Sources redrawn as the references' digits in the references' styles."""

        def style(params: Params, references: jax.Array, digits: jax.Array) -> jax.Array:
            return self.encode_style(params, references)

        return Guided(self.decode, self.encode_content, style)

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """The hand as the mean of its glyphs' styles, and as what they keep when redrawn in turn.

        There is one answer, so neither key nor variation is used.
        """
        style = self.encode_style(params, references).mean(axis=0)
        contents = self.encode_content(params, references[:len(digits)])
        contents = contents[jnp.arange(len(digits)) % len(references)]
        return self.decode(params, contents, jnp.tile(style, (len(digits), 1)), digits)


def build(config: ConfigDict) -> Method:
    """MUNIT from a config (configs/munit.py names the fields).

    Raises:
      InputError: if `config.compute` is no precision.
    """
    sizes = config.networks
    networks = {
        "content_encoder": ContentEncoder(sizes.width, sizes.blocks),
        "style_encoder": GlobalStyleEncoder(sizes.width, sizes.style_dim),
        "decoder": DomainDecoder(sizes.width, sizes.blocks, sizes.perceptron_width, DIGITS),
        "discriminator": PatchDiscriminator(sizes.width, DIGITS),
    }
    model = MUNIT(networks, sizes.style_dim, config.losses.to_dict(), dtype_of(config.compute))
    drawing = tuple(name for name in networks if name != "discriminator")
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("discriminator", ("discriminator",), model.discriminator_loss),
                Phase("generator", drawing, model.generator_loss)),
        averaged=drawing,
        synthesis={"latent": model.latent_guided(), "reference": model.reference_guided(),
                   "writer": model.write},
    )
