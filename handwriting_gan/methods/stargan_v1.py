"""StarGAN (Choi et al. 2018, arXiv:1711.09020) whose domains are the ten digits: StarGAN v2's baseline.

It is conditioned on a digit but on no style, so a source and a digit determine the image, and the hand can come only
from the source. Each of the five discriminator updates of an iteration has its own batch, as in the authors' code, so
an iteration counts as five batches of training glyphs (Method.glyphs_per_step).

Departures from the authors' code:

- Target digits are uniform, where the authors permute the batch's own labels.
- The learning rates decrease linearly to 0 in the second half, as in the paper. The authors' code subtracts the
  decrease of one iteration only once in a thousand, so its rate hardly changes.
- The generator has a moving average, as in every method here.
- The norms and the discriminator's size differ (networks/stargan_v1.py).

Axes: B examples, K references of one writer, n digits to write.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.losses import wasserstein
from handwriting_gan.losses.classification import cross_entropy
from handwriting_gan.losses.gradient_penalties import unit_gradient
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.methods.method import Guided, Method, Params, Phase, image_as_content, initial_params
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of
from handwriting_gan.networks.stargan_v1 import ClassifyingDiscriminator, LabelGenerator


@dataclasses.dataclass(frozen=True)
class StarGANv1:
    """The two networks with their losses and modes."""

    networks: dict[str, nn.Module]
    weights: Mapping[str, float]
    compute: jnp.dtype = FLOAT32  # of the networks

    def translate(self, params: Params, sources: jax.Array, digits: jax.Array) -> jax.Array:
        """G(x, c): images `[B, 28, 28, 1]` translated to `digits` `[B]`."""
        return apply_in(self.compute, self.networks["generator"], params["generator"], sources, digits)

    def discriminate(self, params: Params, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """D_src(x) and D_cls(x): scores `[B, 1, 1]` and logits of the digits `[B, 10]`."""
        return apply_in(self.compute, self.networks["discriminator"], params["discriminator"], images)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of both networks."""
        return initial_params(self.networks, self._inputs(), key)

    def _inputs(self) -> dict[str, tuple[jax.Array, ...]]:
        """Zero inputs of each network, for its initialisation."""
        images, digits = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros((1,), jnp.int32)
        return {"generator": (images, digits), "discriminator": (images,)}

    # Losses.

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 5, with the Wasserstein loss and penalty of equation 8."""
        fakes = self.translate(params, batch.sources, batch.reference_digits)
        real_scores, real_classes = self.discriminate(params, batch.sources)
        fake_scores, _ = self.discriminate(params, fakes)
        return weighted_sum({
            "adversarial": wasserstein.critic_loss(real_scores, fake_scores),
            "gradient_penalty": unit_gradient(lambda x: self.discriminate(params, x)[0],
                                              batch.sources, fakes, jax.vmap(jax.random.uniform)(keys)),
            "classification": cross_entropy(real_classes, batch.source_digits),
        }, self.weights)

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 6: adversarial + classification + cycle."""
        fakes = self.translate(params, batch.sources, batch.reference_digits)
        scores, classes = self.discriminate(params, fakes)
        return weighted_sum({
            "adversarial": wasserstein.generator_loss(scores),
            "classification": cross_entropy(classes, batch.reference_digits),
            "cycle": mean_absolute_error(
                self.translate(params, fakes, batch.source_digits), batch.sources),
        }, self.weights)

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Sources translated to digits; there is no latent."""
        return Guided(image_as_content, self.translate)

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """The K references translated to the digits in turn; deterministic: key and variation are ignored."""
        return self.translate(params, references[jnp.arange(len(digits)) % len(references)], digits)


def build(config: ConfigDict) -> Method:
    """StarGAN v1 from a config as in configs/stargan_v1.py.

    Raises:
      InputError: if `config.compute` is not a precision.
    """
    sizes = config.networks
    networks = {
        "generator": LabelGenerator(sizes.width, sizes.blocks, DIGITS),
        "discriminator": ClassifyingDiscriminator(sizes.width, DIGITS),
    }
    return assemble(StarGANv1(networks, config.losses.to_dict(), dtype_of(config.compute)), config)


def assemble(model: StarGANv1, config: ConfigDict) -> Method:
    """The method of a model, with `config.discriminator_updates` for each update of the generator."""
    return Method(
        networks=model.networks,
        init=model.init,
        phases=(Phase("discriminator", ("discriminator",), model.discriminator_loss,
                      repeats=config.discriminator_updates),
                Phase("generator", ("generator",), model.generator_loss)),
        averaged=("generator",),
        synthesis={"latent": model.latent_guided(), "writer": model.write},
    )
