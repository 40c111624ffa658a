"""The base of MUNIT and DRIT: networks that encode an image as a content and a style, and their synthesis.

Axes: B examples, K references of one writer, n digits to write, S style, C channels of a content.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.methods.method import Guided, Method, Params, Phase, initial_params
from handwriting_gan.networks.munit import (
    ContentEncoder,
    DomainDecoder,
    GlobalStyleEncoder,
    PatchDiscriminator,
)
from handwriting_gan.networks.precision import FLOAT32, apply_in


@dataclasses.dataclass(frozen=True)
class ContentStyle:
    """The networks, the weights of the loss terms, and the modes of synthesis; subclasses add the losses."""

    # Names of networks; the discriminators are those of images.
    STYLE_ENCODER: ClassVar[str] = "style_encoder"
    DISCRIMINATORS: ClassVar[tuple[str, ...]] = ("discriminator",)

    networks: dict[str, nn.Module]
    style_dim: int
    weights: Mapping[str, float]
    compute: jnp.dtype = FLOAT32  # of the networks

    # Networks.

    def encode_content(self, params: Params, images: jax.Array) -> jax.Array:
        """E_c(x): contents `[B, 7, 7, C]`."""
        return self._apply(params, "content_encoder", images)

    def encode_style(self, params: Params, images: jax.Array) -> jax.Array:
        """E_s(x): styles `[B, S]`."""
        return self._apply(params, self.STYLE_ENCODER, images)

    def decode(self, params: Params, contents: jax.Array, styles: jax.Array, digits: jax.Array) -> jax.Array:
        """G_y(c, s): images `[B, 28, 28, 1]` of `digits` `[B]`."""
        return self._apply(params, "decoder", contents, styles, digits)

    def discriminate(self, params: Params, images: jax.Array, digits: jax.Array,
                     name: str = "discriminator") -> tuple[jax.Array, ...]:
        """D_y(x) of the discriminator `name`: scores `[B, H, W]` at each scale, larger for real images."""
        return self._apply(params, name, images, digits)

    def _apply(self, params: Params, name: str, *inputs: jax.Array) -> Any:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of all networks."""
        return initial_params(self.networks, self._inputs(), key)

    def _inputs(self) -> dict[str, tuple[jax.Array, ...]]:
        """Zero inputs of each network, for its initialisation."""
        images, digits = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros((1,), jnp.int32)
        contents = jnp.zeros((1, SIDE // 4, SIDE // 4, 4 * self.networks["content_encoder"].width))
        return {
            "content_encoder": (images,),
            self.STYLE_ENCODER: (images,),
            "decoder": (contents, jnp.zeros((1, self.style_dim)), digits),
            **dict.fromkeys(self.DISCRIMINATORS, (images, digits)),
        }

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Sources translated to digits, each in a style from the prior."""
        return Guided(self.encode_content, self.decode, latent_dim=self.style_dim)

    def reference_guided(self) -> Guided:
        """Sources translated to the references' digits in the references' styles."""

        def style(params: Params, references: jax.Array, digits: jax.Array) -> jax.Array:
            return self.encode_style(params, references)

        return Guided(self.encode_content, self.decode, style)

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """Digits in the mean style of the K references, with the references as sources in turn."""
        style = self.reference_styles(params, references, key, variation).mean(axis=0)
        contents = self.encode_content(params, references[:len(digits)])
        contents = contents[jnp.arange(len(digits)) % len(references)]
        return self.decode(params, contents, jnp.tile(style, (len(digits), 1)), digits)

    def reference_styles(self, params: Params, references: jax.Array, key: jax.Array,
                         variation: jax.Array) -> jax.Array:
        """The styles `[K, S]` of references; deterministic: key and variation are ignored."""
        return self.encode_style(params, references)


def build_networks(kind: type[ContentStyle], sizes: ConfigDict, features: int) -> dict[str, nn.Module]:
    """The networks that both methods have, under the names of `kind`; the style encoder has `features` outputs."""
    return {
        "content_encoder": ContentEncoder(sizes.width, sizes.blocks),
        kind.STYLE_ENCODER: GlobalStyleEncoder(sizes.width, features),
        "decoder": DomainDecoder(sizes.width, sizes.blocks, sizes.perceptron_width, DIGITS),
        **{name: PatchDiscriminator(sizes.width, DIGITS) for name in kind.DISCRIMINATORS},
    }


def assemble(model: ContentStyle, *phases: Phase) -> Method:
    """The method with these phases; encoders and decoder are averaged."""
    return Method(
        networks=model.networks,
        init=model.init,
        phases=phases,
        averaged=("content_encoder", model.STYLE_ENCODER, "decoder"),
        synthesis={"latent": model.latent_guided(), "reference": model.reference_guided(),
                   "writer": model.write},
    )
