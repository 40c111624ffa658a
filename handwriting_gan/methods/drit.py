"""DRIT++ (Lee et al. 2020, arXiv:1905.01270) whose domains are the ten digits; MSGAN with one more term.

As in MUNIT, an image is encoded as a content and a style. The authors call the style attribute; its encoder
outputs a Gaussian posterior of a latent. In training, contents have noise and a penalty on their squares, which
limit their information. A content discriminator predicts the digit, and the content encoder learns to prevent
it. The cross-cycle exchanges the attributes of two images, encodes the results and exchanges them back, which has
to reconstruct the two images. MSGAN (Mao et al. 2019) adds the mode-seeking term, which makes images of different
latents differ, and a second sampled fake. The StarGAN v2 paper compares with both.

Conditioning on the digit is as in munit.py. Weights are the authors'. As in their code, the latent reconstruction
trains the decoder only: encoder and decoder together could hide the latent in small marks.

Departures from the authors' code:

- Means are over both directions, where they add two losses.
- The discriminator has a map per domain instead of a classifier, and is one for exchanged and sampled fakes; theirs
  are two.
- The content discriminator has one update per iteration at the full learning rate; theirs has three, at the rate
  divided by 2.5, with gradients clipped at 5.
- Encoders and decoder have one Adam step of the summed losses; theirs have two. The learning rate does not decay.
- Reference-guided synthesis uses the mean of the posterior, where their test code samples.

Axes: B examples, Z latent, which is the style.
"""

import dataclasses
import functools
import operator
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch, both_directions, sample_normal
from handwriting_gan.data.glyphs import DIGITS
from handwriting_gan.losses import adversarial
from handwriting_gan.losses.classification import confusion, cross_entropy
from handwriting_gan.losses.diversity import mode_seeking
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.losses.variational import kl_to_standard_normal, mean_of_squares
from handwriting_gan.methods.content_style import ContentStyle, assemble, build_networks
from handwriting_gan.methods.method import Method, Params, Phase
from handwriting_gan.networks.munit import ContentDiscriminator
from handwriting_gan.networks.precision import dtype_of


class Noise(NamedTuple):
    """Noise of an iteration for both directions: standard normal, float32 `[2 B, Z]` each."""

    latents: jax.Array
    others: jax.Array  # second latents, for the mode-seeking term
    posterior: jax.Array  # for the images' posteriors
    exchanged: jax.Array  # for the exchanged images' posteriors


@dataclasses.dataclass(frozen=True)
class DRIT(ContentStyle):
    """The losses of the three phases. The discriminator's scores are logits."""

    STYLE_ENCODER: ClassVar[str] = "attribute_encoder"

    def encode_attribute(self, params: Params, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """E_a(x): means and log variances of the latents `[B, Z]`."""
        means, log_variances = jnp.split(self._apply(params, "attribute_encoder", images), 2, axis=-1)
        return means, log_variances

    def encode_style(self, params: Params, images: jax.Array) -> jax.Array:
        """The mean of the latent `[B, Z]`."""
        return self.encode_attribute(params, images)[0]

    def classify_content(self, params: Params, contents: jax.Array) -> jax.Array:
        """D_c(c): logits `[B, 10]` of the digits of the images that the contents are from."""
        return self._apply(params, "content_discriminator", contents)

    def _inputs(self) -> dict[str, tuple[jax.Array, ...]]:
        inputs = super()._inputs()
        contents, *_ = inputs["decoder"]
        return {**inputs, "content_discriminator": (contents,)}

    def content_discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                                   step: jax.Array) -> tuple[jax.Array, Terms]:
        """Cross-entropy of the digit predicted from the content."""
        images, digits, _ = both_directions(batch)
        logits = self.classify_content(params, self._noisy_content(params, images, keys, 1))
        loss = cross_entropy(logits, digits)
        return loss, {"content": loss}

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Real images against translations with the other image's attribute and with sampled latents."""
        images, digits, others = both_directions(batch)
        noise, contents = self.sample_noise(keys), self._noisy_content(params, images, keys, 1)
        latents = self._sample(params, images, noise.posterior)
        real = self.discriminate(params, images, digits)
        loss = functools.reduce(operator.add, (
            adversarial.discriminator_loss(real_logits, fake_logits)
            for fakes in self._fakes(params, contents, latents, noise, others)
            for real_logits, fake_logits in zip(real, self.discriminate(params, fakes, others), strict=True)))
        return weighted_sum({"adversarial": loss}, self.weights)

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """The full objective of encoders and decoder."""
        images, digits, others = both_directions(batch)
        noise, contents = self.sample_noise(keys), self._noisy_content(params, images, keys, 1)
        means, log_variances = self.encode_attribute(params, images)
        latents = self._sample(params, images, noise.posterior)
        own = self.decode(params, contents, latents, digits)
        fakes = exchanged, sampled, *_ = self._fakes(params, contents, latents, noise, others)
        back = self.decode(params, self._noisy_content(params, exchanged, keys, 2),
                           _exchange(self._sample(params, exchanged, noise.exchanged)), digits)
        return weighted_sum({
            "adversarial": functools.reduce(operator.add, (
                adversarial.generator_loss(logits) for each in fakes
                for logits in self.discriminate(params, each, others))),
            "content": confusion(self.classify_content(params, contents)),
            "content_squares": mean_of_squares(self.encode_content(params, images)),
            "image_reconstruction": mean_absolute_error(own, images),
            "cross_cycle": mean_absolute_error(back, images),
            "latent_reconstruction": mean_absolute_error(
                self.encode_style(jax.lax.stop_gradient(params), sampled), noise.latents),
            "kl": kl_to_standard_normal(means, log_variances),
            "mode_seeking": mode_seeking(sampled, fakes[-1], noise.latents, noise.others),
        }, self.weights)

    def _fakes(self, params: Params, contents: jax.Array, latents: jax.Array, noise: Noise,
               others: jax.Array) -> list[jax.Array]:
        """Contents decoded with the other image's latent, a sampled latent and, for MSGAN, a second one."""
        sampled = [noise.latents, noise.others] if "mode_seeking" in self.weights else [noise.latents]
        return [self.decode(params, contents, each, others) for each in (_exchange(latents), *sampled)]

    def _noisy_content(self, params: Params, images: jax.Array, keys: jax.Array, index: int) -> jax.Array:
        """Contents `[2 B, 7, 7, C]` plus standard normal noise; each `index` has its own noise."""
        contents = self.encode_content(params, images)
        keys = jax.vmap(jax.random.fold_in, (0, None))(keys, index)
        return contents + sample_normal(keys, contents.shape[1:])

    def _sample(self, params: Params, images: jax.Array, noise: jax.Array) -> jax.Array:
        """Latents `[B, Z]` from the attribute encoder's posterior, by the reparametrisation of `noise` `[B, Z]`."""
        means, log_variances = self.encode_attribute(params, images)
        return means + jnp.exp(0.5 * log_variances) * noise

    def sample_noise(self, keys: jax.Array) -> Noise:
        """The noise of an iteration from keys `[B]`."""
        return Noise(*sample_normal(keys, (len(Noise._fields), self.style_dim)).swapaxes(0, 1))


def _exchange(latents: jax.Array) -> jax.Array:
    """Latents `[2 B, Z]` with the two directions exchanged."""
    return jnp.roll(latents, len(latents) // 2, axis=0)


def build(config: ConfigDict) -> Method:
    """DRIT++, or MSGAN, from a config as in configs/drit.py.

    Raises:
      InputError: if `config.compute` is not a precision.
    """
    sizes = config.networks
    networks = build_networks(sizes, DRIT.STYLE_ENCODER, 2 * sizes.latent_dim)
    networks["content_discriminator"] = ContentDiscriminator(DIGITS)
    model = DRIT(networks, sizes.latent_dim, config.losses.to_dict(), dtype_of(config.compute))
    return assemble(
        model,
        Phase("content_discriminator", ("content_discriminator",), model.content_discriminator_loss),
        Phase("discriminator", ("discriminator",), model.discriminator_loss),
        generator_loss=model.generator_loss)
