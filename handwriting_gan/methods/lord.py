"""LORD (Gabbay & Hoshen 2020, arXiv:1906.11796) whose classes are the ten digits, so that the content is the hand.

It has no discriminator. Each training glyph has its own content code and each digit a class code, optimised together
with the generator, which reconstructs the glyph from both (first stage, latent optimisation). Noise on the content
and a penalty on its squares limit its information, so the digit's code has to hold what all glyphs of the digit
share, and the generator can combine a content with any digit. An encoder learns to predict the content of new
glyphs (second stage, amortisation).

Departures from the authors' code:

- Both stages run in every iteration, within one budget. The second stage does not update the generator: updated by
  both, it read the digit from codes without noise, and one synthesised digit in five was misread.
- There is no encoder of classes, since the target digit is given.
- The reconstruction is a squared error of pixels instead of a perceptual loss.
- Content codes learn 20 times as fast as the networks, the authors' ten times; class codes ten times in both. Rates
  do not decay; theirs decrease by half a cosine in each stage.
- Class codes, encoder and generator have a moving average, as in every method here.

Axes: B examples, K references of one writer, n digits to write, C content, Y class code.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.batches import IndexedBatch, indexed_examples
from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import sum_of_squared_errors
from handwriting_gan.losses.variational import mean_of_squares
from handwriting_gan.methods.method import Guided, Method, Params, Phase, initial_params
from handwriting_gan.networks.lord import ClassModulatedGenerator, ContentCodeEncoder
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of


@dataclasses.dataclass(frozen=True)
class LORD:
    """The codes and networks with their losses and modes."""

    networks: dict[str, nn.Module]
    content_dim: int
    class_dim: int
    weights: Mapping[str, float]
    noise: float = 1.0  # standard deviation, on contents in training
    compute: jnp.dtype = FLOAT32  # of the networks

    # Networks.

    def look_up_contents(self, params: Params, indices: jax.Array) -> jax.Array:
        """c_i: the contents `[B, C]` of training glyphs with indices `[B]`."""
        return self._apply(params, "contents", indices)

    def look_up_classes(self, params: Params, digits: jax.Array) -> jax.Array:
        """e_y: the class codes `[B, Y]` of `digits` `[B]`."""
        return self._apply(params, "classes", digits)

    def encode_content(self, params: Params, images: jax.Array) -> jax.Array:
        """E_c(x): contents `[B, C]`."""
        return self._apply(params, "content_encoder", images)

    def generate(self, params: Params, digits: jax.Array, contents: jax.Array) -> jax.Array:
        """G(e_y, c): images `[B, 28, 28, 1]` of `digits` `[B]`."""
        return self._apply(params, "generator", self.look_up_classes(params, digits), contents)

    def _apply(self, params: Params, name: str, *inputs: jax.Array) -> jax.Array:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial codes, and initial parameters of both networks."""
        index = jnp.zeros((1,), jnp.int32)
        return initial_params(self.networks, {
            "contents": (index,),
            "classes": (index,),
            "content_encoder": (jnp.zeros((1, SIDE, SIDE, 1)),),
            "generator": (jnp.zeros((1, self.class_dim)), jnp.zeros((1, self.content_dim))),
        }, key)

    # Losses.

    def latent_optimisation_loss(self, params: Params, batch: IndexedBatch, keys: jax.Array,
                                 step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 4: reconstruction from the digit and the noisy content, and the penalty on the content."""
        contents = self.look_up_contents(params, batch.indices)
        rebuilt = self.generate(params, batch.digits, contents + self.noise * self.sample_noise(keys))
        return weighted_sum({
            "reconstruction": sum_of_squared_errors(rebuilt, batch.images),
            "content": mean_of_squares(contents),
        }, self.weights)

    def amortisation_loss(self, params: Params, batch: IndexedBatch, keys: jax.Array,
                          step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 6: the encoder predicts the optimised contents, and contents that reconstruct the glyphs."""
        encoded = self.encode_content(params, batch.images)
        return weighted_sum({
            "reconstruction": sum_of_squared_errors(
                self.generate(params, batch.digits, encoded), batch.images),
            "code": mean_of_squares(encoded - self.look_up_contents(params, batch.indices)),
        }, self.weights)

    def sample_noise(self, keys: jax.Array) -> jax.Array:
        """Standard normal noise `[B, C]`, one per key `[B]`."""
        return jax.vmap(lambda key: jax.random.normal(key, (self.content_dim,)))(keys)

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Sources translated to digits; there is no latent."""

        def decode(params: Params, contents: jax.Array, digits: jax.Array) -> jax.Array:
            return self.generate(params, digits, contents)

        return Guided(self.encode_content, decode)

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """Digits with the mean content of the K references; deterministic: key and variation are ignored."""
        content = self.encode_content(params, references).mean(axis=0)
        return self.generate(params, digits, jnp.tile(content, (len(digits), 1)))


def build(config: ConfigDict) -> Method:
    """LORD from a config as in configs/lord.py.

    Raises:
      InputError: if `config.compute` is not a precision.
    """
    sizes = config.networks
    networks = {
        "contents": nn.Embed(config.glyphs, sizes.content_dim),
        "classes": nn.Embed(DIGITS, sizes.class_dim),
        "content_encoder": ContentCodeEncoder(sizes.encoder_width, sizes.perceptron_width, sizes.content_dim),
        "generator": ClassModulatedGenerator(sizes.width),
    }
    model = LORD(networks, sizes.content_dim, sizes.class_dim, config.losses.to_dict(), config.content_noise,
                 dtype_of(config.compute))
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("latent_optimisation", ("contents", "classes", "generator"), model.latent_optimisation_loss),
                Phase("amortisation", ("content_encoder",), model.amortisation_loss)),
        averaged=("classes", "content_encoder", "generator"),
        synthesis={"latent": model.latent_guided(), "writer": model.write},
        examples=indexed_examples(config.glyphs),
    )
