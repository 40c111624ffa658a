"""MUNIT (Huang et al. 2018, arXiv:1804.04732) whose domains are the ten digits.

An image is encoded as a content, in a space that the domains share, and a style. The authors train two encoders, a
decoder and a discriminator for each of two domains. Here all digits share them, and decoder and discriminator are
conditioned on the digit (networks/munit.py): ten of each would make ninety pairs of domains, and a style can
transfer to another digit only if the style encoder and the prior are shared. Losses and weights are the authors',
for their experiment on shoes and handbags, which has neither a perceptual loss nor an explicit cycle loss.

Departures from the authors' code:

- Means are over both directions, where they add two losses.
- The discriminator has two scales instead of three, and pads with zeros instead of by reflection.
- Both phases of an iteration use the same sampled styles.
- The learning rate does not decay.

In training the decoder has an encoded style only together with the image's own content and digit. Reference-guided
synthesis combines it with other contents and digits.

Axes: B examples, S style.
"""

import dataclasses

import jax
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch, both_directions, sample_normal
from handwriting_gan.losses import least_squares
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.methods.content_style import ContentStyle, assemble, build_networks
from handwriting_gan.methods.method import Method, Params, Phase
from handwriting_gan.networks.precision import dtype_of


@dataclasses.dataclass(frozen=True)
class MUNIT(ContentStyle):
    """The losses of the two phases. The discriminator's target score is 1 for real images."""

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Sources and references against their translations to each other's domain."""
        images, digits, others = both_directions(batch)
        fakes = self.decode(params, self.encode_content(params, images), self.sample_styles(keys), others)
        real, fake = self.discriminate(params, images, digits), self.discriminate(params, fakes, others)
        return weighted_sum({"adversarial": least_squares.discriminator_loss(real, fake)}, self.weights)

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 5: adversarial + reconstruction of images, styles and contents."""
        images, digits, others = both_directions(batch)
        contents, styles = self.encode_content(params, images), self.sample_styles(keys)
        own = self.decode(params, contents, self.encode_style(params, images), digits)
        fakes = self.decode(params, contents, styles, others)
        return weighted_sum({
            "adversarial": least_squares.generator_loss(self.discriminate(params, fakes, others)),
            "image_reconstruction": mean_absolute_error(own, images),
            "style_reconstruction": mean_absolute_error(self.encode_style(params, fakes), styles),
            "content_reconstruction": mean_absolute_error(self.encode_content(params, fakes), contents),
        }, self.weights)

    def sample_styles(self, keys: jax.Array) -> jax.Array:
        """Standard normal styles for both directions `[2 B, S]`, two per key `[B]`."""
        return sample_normal(keys, (self.style_dim,))


def build(config: ConfigDict) -> Method:
    """MUNIT from a config as in configs/munit.py.

    Raises:
      InputError: if `config.compute` is not a precision.
    """
    sizes = config.networks
    model = MUNIT(build_networks(sizes, MUNIT.STYLE_ENCODER, sizes.style_dim), sizes.style_dim,
                  config.losses.to_dict(), dtype_of(config.compute))
    return assemble(model, Phase("discriminator", ("discriminator",), model.discriminator_loss),
                    generator_loss=model.generator_loss)
