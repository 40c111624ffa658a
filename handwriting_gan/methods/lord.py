"""LORD (Gabbay & Hoshen 2020, arXiv:1906.11796) whose classes are the ten digits: content is the hand.

No adversary: each training glyph has a content code of its own, found by descent with the generator that
draws the glyph from it and its digit's code. Noise on the content and a penalty on its squares make content
dear, so what all glyphs of a digit share comes to be in the digit's code, and a content can be drawn as any
digit. An encoder then learns to find the codes of new glyphs (the second stage).

Departures: the second stage runs beside the first, so that one budget has both, and leaves the generator
alone: moved by both it learned to hear the digit in a code without noise, and one answer in five was misread.
No encoder of classes, since the digit to draw is told; squared errors of pixels instead of a perceptual loss;
one learning rate, not annealed; and encoder and generator are averaged, as in every method here.

Axes: B examples, K references of one writer, n digits to write, C content.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.batches import NumberedBatch, numbered
from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import sum_of_squared_errors
from handwriting_gan.losses.variational import mean_of_squares
from handwriting_gan.methods.method import Guided, Method, Params, Phase, initial_params
from handwriting_gan.networks.lord import ClassModulatedGenerator, ContentCodeEncoder
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of


@dataclasses.dataclass(frozen=True)
class LORD:
    """The codes and networks, the weights of the loss terms, and the losses and modes built from them."""

    networks: dict[str, nn.Module]
    content_dim: int
    weights: Mapping[str, float]
    noise: float = 1.0  # its standard deviation, on a content in training
    compute: jnp.dtype = FLOAT32  # of the networks

    # The networks by what they do.

    def recall(self, params: Params, numbers: jax.Array) -> jax.Array:
        """c_i: the contents `[B, C]` of training glyphs by their numbers `[B]`."""
        return self._apply(params, "contents", numbers)

    def encode(self, params: Params, images: jax.Array) -> jax.Array:
        """E_c(x): contents `[B, C]`."""
        return self._apply(params, "content_encoder", images)

    def generate(self, params: Params, digits: jax.Array, contents: jax.Array) -> jax.Array:
        """G(e_y, c): images `[B, 28, 28, 1]` of `digits` `[B]`."""
        return self._apply(params, "generator", digits, contents)

    def _apply(self, params: Params, name: str, *inputs: jax.Array) -> jax.Array:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial codes, and parameters of both networks."""
        digits, contents = jnp.zeros((1,), jnp.int32), jnp.zeros((1, self.content_dim))
        return initial_params(self.networks, {
            "contents": (digits,),
            "content_encoder": (jnp.zeros((1, SIDE, SIDE, 1)),),
            "generator": (digits, contents),
        }, key)

    # The two stages.

    def latent_optimisation_loss(self, params: Params, batch: NumberedBatch, keys: jax.Array,
                                 step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 4: each glyph from its digit and its own noisy content, which is to be small."""
        contents = self.recall(params, batch.numbers)
        drawn = self.generate(params, batch.digits, contents + self.noise * self.draw_noise(keys))
        return weighted_sum({
            "reconstruction": sum_of_squared_errors(drawn, batch.images),
            "content": mean_of_squares(contents),
        }, self.weights)

    def amortisation_loss(self, params: Params, batch: NumberedBatch, keys: jax.Array,
                          step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 6: the encoder is to find the codes that were found, and what draws as well."""
        found = self.encode(params, batch.images)
        return weighted_sum({
            "reconstruction": sum_of_squared_errors(
                self.generate(params, batch.digits, found), batch.images),
            "code": mean_of_squares(found - self.recall(params, batch.numbers)),
        }, self.weights)

    def draw_noise(self, keys: jax.Array) -> jax.Array:
        """Standard normal noise `[B, C]`, one per key `[B]`."""
        return jax.vmap(lambda key: jax.random.normal(key, (self.content_dim,)))(keys)

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Sources redrawn as digits; there is no latent."""

        def draw(params: Params, contents: jax.Array, digits: jax.Array) -> jax.Array:
            return self.generate(params, digits, contents)

        return Guided(draw, self.encode)

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """The hand as the mean of its glyphs' contents; one answer only."""
        content = self.encode(params, references).mean(axis=0)
        return self.generate(params, digits, jnp.tile(content, (len(digits), 1)))


def build(config: ConfigDict) -> Method:
    """LORD from a config (configs/lord.py names the fields).

    Raises:
      InputError: if `config.compute` is no precision.
    """
    sizes = config.networks
    networks = {
        "contents": nn.Embed(config.glyphs, sizes.content_dim),
        "content_encoder": ContentCodeEncoder(sizes.encoder_width, sizes.perceptron_width, sizes.content_dim),
        "generator": ClassModulatedGenerator(sizes.width, sizes.class_dim, DIGITS),
    }
    model = LORD(networks, sizes.content_dim, config.losses.to_dict(), config.content_noise,
                 dtype_of(config.compute))
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("latent_optimisation", ("contents", "generator"), model.latent_optimisation_loss),
                Phase("amortisation", ("content_encoder",), model.amortisation_loss)),
        averaged=("content_encoder", "generator"),
        synthesis={"latent": model.latent_guided(), "writer": model.write},
        examples=numbered(config.glyphs),
    )
