"""The configurations between StarGAN and StarGAN v2 (Choi et al. 2020, section 3.1 and table 1).

A is stargan_v1, E is stargan_v2 without its diversity term, F is stargan_v2. B replaces the classifier by a head of
the discriminator for each domain. C replaces the gradient penalty by R1, and the label's planes by adaptive norms.
D adds a latent with one prior for all domains, and an encoder that reconstructs it from the fake.
"""

import math

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import DIGITS
from handwriting_gan.losses import wasserstein
from handwriting_gan.losses.gradient_penalties import unit_gradient
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.methods.method import Method, Params
from handwriting_gan.methods.stargan_v1 import StarGANv1
from handwriting_gan.methods.stargan_v1 import assemble as assemble_v1
from handwriting_gan.methods.stargan_v2 import StarGANv2, assemble, build_networks, fields
from handwriting_gan.networks.precision import apply_in, dtype_of
from handwriting_gan.networks.stargan_v1 import LabelGenerator, MultiTaskDiscriminator
from handwriting_gan.networks.stargan_v2 import LabelStyle, LatentEncoder


class MultiTaskStarGAN(StarGANv1):
    """B: StarGAN whose discriminator has a score per digit instead of a classifier.

    The gradient penalty interpolates between reals and fakes of one digit, so the reals are the references.
    """

    def score(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """D_y(x): scores `[B]`, large for real images of `digits` `[B]`."""
        return apply_in(self.compute, self.networks["discriminator"], params["discriminator"], images, digits)

    def _inputs(self) -> dict[str, tuple[jax.Array, ...]]:
        inputs = super()._inputs()
        return inputs | {"discriminator": inputs["generator"]}

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """The Wasserstein loss and its gradient penalty, by digit."""
        digits = batch.reference_digits
        fakes = self.translate(params, batch.sources, digits)
        return weighted_sum({
            "adversarial": wasserstein.critic_loss(
                self.score(params, batch.references, digits), self.score(params, fakes, digits)),
            "gradient_penalty": unit_gradient(lambda x: self.score(params, x, digits), batch.references,
                                              fakes, jax.vmap(jax.random.uniform)(keys)),
        }, self.weights)

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Adversarial + cycle."""
        fakes = self.translate(params, batch.sources, batch.reference_digits)
        return weighted_sum({
            "adversarial": wasserstein.generator_loss(self.score(params, fakes, batch.reference_digits)),
            "cycle": mean_absolute_error(
                self.translate(params, fakes, batch.source_digits), batch.sources),
        }, self.weights)


class LabelStyled(StarGANv2):
    """C: a digit has one style, which depends on neither latent nor image."""

    def encode_style(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """The style `[B, S]` of the digits."""
        return self.map_latents(params, jnp.zeros((len(images), self.latent_dim)), digits)


class LatentStyled(StarGANv2):
    """D: a style is a latent and the digit's one-hot code, S = Z + 10; the style encoder predicts the latent.

    The code is scaled to the norm of a latent: the generator hardly uses a code of norm 1.
    """

    def map_latents(self, params: Params, latents: jax.Array, digits: jax.Array) -> jax.Array:
        """Latents `[B, Z]` with the codes of their digits `[B]`, or of one digit: styles `[B, S]`."""
        code = math.sqrt(self.latent_dim) * jax.nn.one_hot(digits, DIGITS, dtype=latents.dtype)
        return jnp.concatenate([latents, jnp.broadcast_to(code, (len(latents), DIGITS))], axis=-1)

    def _generator_terms(self, params: Params, batch: Batch, styles: jax.Array, others: jax.Array,
                         keys: jax.Array) -> Terms:
        terms = super()._generator_terms(params, batch, styles, others, keys)
        over_latents = self.style_dim / self.latent_dim  # a mean over the latent only: the code has no error
        return {**terms, "style_reconstruction": over_latents * terms["style_reconstruction"]}

    def encode_style(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """The latents predicted from images of any digits, with the code of `digits`: styles `[B, S]`."""
        return self.map_latents(params, super().encode_style(params, images, digits), digits)


def build_multi_task(config: ConfigDict) -> Method:
    """B, from the config of `multi_task_discriminator` in configs/ablations.py. Raises as stargan_v1.build."""
    sizes = config.networks
    networks = {
        "generator": LabelGenerator(sizes.width, sizes.blocks, DIGITS),
        "discriminator": MultiTaskDiscriminator(sizes.width, DIGITS),
    }
    model = MultiTaskStarGAN(networks, config.losses.to_dict(), dtype_of(config.compute))
    return assemble_v1(model, config)


def build_label_styled(config: ConfigDict) -> Method:
    """C, from the config of `label_styles` in configs/ablations.py. Raises as stargan_v2.build."""
    networks = build_networks(config.networks)
    networks["mapping_network"] = LabelStyle(config.networks.style_dim, DIGITS)
    del networks["style_encoder"]
    method = assemble(LabelStyled(networks, **fields(config)), config)
    # A reference has no information but its digit.
    return method._replace(synthesis={name: mode for name, mode in method.synthesis.items()
                                      if name != "reference"})


def build_latent_styled(config: ConfigDict) -> Method:
    """D, from the config of `shared_latents` in configs/ablations.py. Raises as stargan_v2.build."""
    sizes = config.networks
    networks = build_networks(sizes)
    networks["style_encoder"] = LatentEncoder(sizes.width, sizes.max_width, sizes.latent_dim)
    del networks["mapping_network"]
    named = fields(config) | {"style_dim": sizes.latent_dim + DIGITS}
    return assemble(LatentStyled(networks, **named), config)
