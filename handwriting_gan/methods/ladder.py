"""The rungs between StarGAN and StarGAN v2 (Choi et al. 2020, section 3.1 and table 1), each a small change.

A is stargan_v1, E stargan_v2 without its diversity term, F stargan_v2. B gives each domain a head of the
discriminator in place of a classifier; C takes R1 and adaptive norms for the penalty and the label's planes;
D adds a latent, the same for all domains, which an encoder has to find again in what was drawn.
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
    """B: StarGAN whose discriminator judges each image as the digit that it is to be, and classifies none.

    The penalty is taken between reals and fakes of one digit, so the reals are the references.
    """

    def judge(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """D_y(x): scores `[B]`, large for real."""
        return apply_in(self.compute, self.networks["discriminator"], params["discriminator"], images, digits)

    def _shapes(self) -> dict[str, tuple[jax.Array, ...]]:
        shapes = super()._shapes()
        return shapes | {"discriminator": shapes["generator"]}

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """The Wasserstein loss and its penalty, digit by digit."""
        digits = batch.reference_digits
        fakes = self.translate(params, batch.sources, digits)
        return weighted_sum({
            "adversarial": wasserstein.critic_loss(
                self.judge(params, batch.references, digits), self.judge(params, fakes, digits)),
            "gradient_penalty": unit_gradient(lambda x: self.judge(params, x, digits), batch.references,
                                              fakes, jax.vmap(jax.random.uniform)(keys)),
        }, self.weights)

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Adversarial + cycle."""
        fakes = self.translate(params, batch.sources, batch.reference_digits)
        return weighted_sum({
            "adversarial": wasserstein.generator_loss(self.judge(params, fakes, batch.reference_digits)),
            "cycle": mean_absolute_error(
                self.translate(params, fakes, batch.source_digits), batch.sources),
        }, self.weights)


class LabelStyled(StarGANv2):
    """C: a digit has one style, whatever the latent or the image."""

    def encode_style(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """The style `[B, S]` of the digits."""
        return self.map_latents(params, jnp.zeros((len(images), self.latent_dim)), digits)


class LatentStyled(StarGANv2):
    """D: a style is a latent and the digit's one-hot code, S = Z + 10; the encoder reads the latent.

    The code is as long as a latent: a 1 among many numbers of that size is hardly heard.
    """

    def map_latents(self, params: Params, latents: jax.Array, digits: jax.Array) -> jax.Array:
        """The latents with the code of their digits `[B]`, or of one digit."""
        code = math.sqrt(self.latent_dim) * jax.nn.one_hot(digits, DIGITS, dtype=latents.dtype)
        return jnp.concatenate([latents, jnp.broadcast_to(code, (len(latents), DIGITS))], axis=-1)

    def _generator_terms(self, params: Params, batch: Batch, styles: jax.Array, others: jax.Array,
                         keys: jax.Array) -> Terms:
        terms = super()._generator_terms(params, batch, styles, others, keys)
        of_latents = self.style_dim / self.latent_dim  # the code, which is told, is no error in the mean
        return {**terms, "style_reconstruction": of_latents * terms["style_reconstruction"]}

    def encode_style(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """The latents that images of any digits were drawn with, with the code of `digits`."""
        return self.map_latents(params, super().encode_style(params, images, digits), digits)


def build_multi_task(config: ConfigDict) -> Method:
    """B, from a config (configs/ablations.py: multi_task_discriminator). Raises as stargan_v1.build."""
    sizes = config.networks
    networks = {
        "generator": LabelGenerator(sizes.width, sizes.blocks, DIGITS),
        "discriminator": MultiTaskDiscriminator(sizes.width, DIGITS),
    }
    model = MultiTaskStarGAN(networks, config.losses.to_dict(), dtype_of(config.compute))
    return assemble_v1(model, config)


def build_label_styled(config: ConfigDict) -> Method:
    """C, from a config (configs/ablations.py: label_styles). Raises as stargan_v2.build."""
    networks = build_networks(config.networks)
    networks["mapping_network"] = LabelStyle(config.networks.style_dim, DIGITS)
    del networks["style_encoder"]
    method = assemble(LabelStyled(networks, **fields(config)), config)
    # A reference would tell no more than the digit.
    return method._replace(synthesis={name: mode for name, mode in method.synthesis.items()
                                      if name != "reference"})


def build_latent_styled(config: ConfigDict) -> Method:
    """D, from a config (configs/ablations.py: shared_latents). Raises as stargan_v2.build."""
    sizes = config.networks
    networks = build_networks(sizes)
    networks["style_encoder"] = LatentEncoder(sizes.width, sizes.max_width, sizes.latent_dim)
    del networks["mapping_network"]
    named = fields(config) | {"style_dim": sizes.latent_dim + DIGITS}
    return assemble(LatentStyled(networks, **named), config)
