"""MUNIT (Huang et al. 2018, arXiv:1804.04732) whose domains are the ten digits.

An image is a content, which the domains share, and a style. The authors train both encoders, a decoder and a
discriminator for each of two domains. Here all digits share them, and decoder and discriminator are
conditioned on the digit (networks/munit.py): ten of each would make ninety pairs of domains, and only a
shared style encoder and prior carry a style from digit to digit. Losses and weights are the authors'; means
are over both directions, where they add two. There is no perceptual loss and no explicit cycle loss, as in
their experiment on shoes and handbags.

Axes: B examples, S style.
"""

import dataclasses

import jax
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch, both_ways, normal_both_ways
from handwriting_gan.losses import least_squares
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.methods.content_style import ContentStyle, assemble, build_networks
from handwriting_gan.methods.method import Method, Params, Phase
from handwriting_gan.networks.precision import dtype_of


@dataclasses.dataclass(frozen=True)
class MUNIT(ContentStyle):
    """The losses of the two phases. A discriminator's score is 1 for real images."""

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Sources and references against their translations to each other's domain."""
        images, digits, others = both_ways(batch)
        fakes = self.decode(params, self.encode_content(params, images), self.draw_styles(keys), others)
        real, fake = self.discriminate(params, images, digits), self.discriminate(params, fakes, others)
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


def build(config: ConfigDict) -> Method:
    """MUNIT from a config (configs/munit.py names the fields).

    Raises:
      InputError: if `config.compute` is no precision.
    """
    sizes = config.networks
    model = MUNIT(build_networks(sizes, MUNIT.STYLE_ENCODER, sizes.style_dim), sizes.style_dim,
                  config.losses.to_dict(), dtype_of(config.compute))
    return assemble(model, Phase("discriminator", ("discriminator",), model.discriminator_loss),
                    generator_loss=model.generator_loss)
