"""MUNIT (Huang et al. 2018, arXiv:1804.04732) whose domains are the ten digits.

An image is encoded as a content, in a space that the domains share, and a style. The authors train two encoders, a
decoder and a discriminator for each of two domains. Here all digits share them, and decoder and discriminator are
conditioned on the digit (networks/munit.py): ten of each would make ninety pairs of domains, and a style can
transfer to another digit only if the style encoder and the prior are shared. Losses and weights are the authors',
for their experiment on summer and winter: the objective of shoes and handbags plus an explicit cycle loss.

Reference-guided synthesis decodes the content of one digit's image with the encoded style of another digit's. Image
reconstruction does not train this: its content is of an image that shows the target digit, so the decoder can ignore
the digit. Fakes do not train it either: their styles are from the prior, and as long as encoded styles are smaller, the
decoder can tell the two apart. The cycle trains it. It encodes a fake of digit b, made from a source of digit a, and
decodes this content with the source's digit and encoded style. So the decoder has to draw an a from the content of an
image that shows b and an encoded style. Two things limit this. The encoded image is a fake, so real sources profit only
as far as fakes look real. And the fake was made from the source: it can hide the source in marks that the discriminator
overlooks. Then its content is the source's again, and content reconstruction rewards such marks.

Departures from the authors' code:

- Means are over both directions, where they add two losses.
- The discriminator's three scales have three, three and two convolutions, where theirs have four (networks/munit.py).
- The learning rate does not decay; theirs is halved every 100,000 iterations, and no preset has more.
- Encoders and decoder have a moving average, as in every method here.

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
        fakes = self.decode(params, self.encode_content(params, images), self.sample_styles(keys, 1), others)
        real, fake = self.discriminate(params, images, digits), self.discriminate(params, fakes, others)
        return weighted_sum({"adversarial": least_squares.discriminator_loss(real, fake)}, self.weights)

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 5, adversarial + reconstruction of images, styles and contents; and the cycle."""
        images, digits, others = both_directions(batch)
        contents, own_styles = self.encode_content(params, images), self.encode_style(params, images)
        styles = self.sample_styles(keys, 2)
        own = self.decode(params, contents, own_styles, digits)
        fakes = self.decode(params, contents, styles, others)
        contents_of_fakes = self.encode_content(params, fakes)
        back = self.decode(params, contents_of_fakes, own_styles, digits)
        return weighted_sum({
            "adversarial": least_squares.generator_loss(self.discriminate(params, fakes, others)),
            "image_reconstruction": mean_absolute_error(own, images),
            "style_reconstruction": mean_absolute_error(self.encode_style(params, fakes), styles),
            "content_reconstruction": mean_absolute_error(contents_of_fakes, contents),
            "cycle": mean_absolute_error(back, images),
        }, self.weights)

    def sample_styles(self, keys: jax.Array, index: int) -> jax.Array:
        """Standard normal styles for both directions `[2 B, S]`, two per key `[B]`; each `index` has its own.

        The two phases of an iteration receive the same keys.
        """
        return sample_normal(jax.vmap(jax.random.fold_in, (0, None))(keys, index), (self.style_dim,))


def build(config: ConfigDict) -> Method:
    """MUNIT from a config as in configs/munit.py.

    Raises:
      InputError: if `config.compute` is not a precision.
    """
    sizes = config.networks
    model = MUNIT(build_networks(MUNIT, sizes, sizes.style_dim), sizes.style_dim, config.losses.to_dict(),
                  dtype_of(config.compute))
    return assemble(
        model,
        Phase("discriminator", ("discriminator",), model.discriminator_loss),
        Phase("generator", ("content_encoder", "style_encoder", "decoder"), model.generator_loss))
