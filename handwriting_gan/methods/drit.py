"""DRIT++ (Lee et al. 2020, arXiv:1905.01270) whose domains are the ten digits; MSGAN with one more term.

As in MUNIT, an image is encoded as a content and a style. The authors call the style attribute; its encoder
outputs a Gaussian posterior of a latent. In training, contents have noise and a penalty on their squares, which
limit their information. A content discriminator predicts the digit, and the content encoder learns to prevent
it. The cross-cycle exchanges the attributes of two images, encodes the results and exchanges them back, which has
to reconstruct the two images. MSGAN (Mao et al. 2019) adds the mode-seeking term, which makes images of different
latents differ, and a second sampled fake. The StarGAN v2 paper compares with both. DRIT++'s
public code for two domains has this term too, unless an option turns it off; that for many domains does not have it.

Conditioning on the digit is as in munit.py. Weights and updates are the authors'. Each kind of fake, with exchanged
attributes and with sampled latents, has its own discriminator and its own update of the generating networks. As in
their code, the second update leaves the attribute encoder alone: encoder and decoder together could hide the latent in
small marks. The content discriminator has three updates per iteration, each with its own batch, so an iteration uses
more real glyphs than one of StarGAN v2.

Departures from the authors' code for two domains:

- Means are over both directions, where they add two losses.
- The networks are MUNIT's; their decoder gets the latent as constant maps beside its own.
- Both discriminators of images see the same real images, as in their code for many domains; theirs see different ones.
- The second update uses fakes of the networks after the first; theirs uses the fakes from before it.
- Encoders and decoder have a moving average, as in every method here.

Axes: B examples, K references of one writer, Z latent, which is the style.
"""

import dataclasses
import functools
import operator
from collections.abc import Sequence
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
from handwriting_gan.methods.method import Guided, Method, Params, Phase
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
    """The losses of the four phases. The discriminators' scores are logits."""

    STYLE_ENCODER: ClassVar[str] = "attribute_encoder"
    # Of fakes with the other image's attribute, and of fakes with sampled latents.
    DISCRIMINATORS: ClassVar[tuple[str, ...]] = ("exchanged_discriminator", "sampled_discriminator")

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

    # Losses.

    def content_discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                                   step: jax.Array) -> tuple[jax.Array, Terms]:
        """Cross-entropy of the digit predicted from the content."""
        images, digits, _ = both_directions(batch)
        logits = self.classify_content(params, self._noisy_content(params, images, keys, 1))
        loss = cross_entropy(logits, digits)
        return loss, {"content": loss}

    def discriminators_loss(self, params: Params, batch: Batch, keys: jax.Array,
                            step: jax.Array) -> tuple[jax.Array, Terms]:
        """Real images against translations with the other image's attribute, and against those with sampled latents."""
        images, digits, others = both_directions(batch)
        noise, contents = self.sample_noise(keys), self._noisy_content(params, images, keys, 1)
        latents = sample(*self.encode_attribute(params, images), noise.posterior)
        exchanged = self.decode(params, contents, _exchange(latents), others)
        sampled = self._sampled_fakes(params, contents, noise, others)

        def loss(name: str, sets: Sequence[jax.Array]) -> jax.Array:
            real = self.discriminate(params, images, digits, name)
            return functools.reduce(operator.add, (
                adversarial.discriminator_loss(real_logits, fake_logits) for fakes in sets
                for real_logits, fake_logits in zip(
                    real, self.discriminate(params, fakes, others, name), strict=True)))

        return weighted_sum({
            "adversarial": loss("exchanged_discriminator", [exchanged]) + loss("sampled_discriminator", sampled),
        }, self.weights)

    def exchange_loss(self, params: Params, batch: Batch, keys: jax.Array,
                      step: jax.Array) -> tuple[jax.Array, Terms]:
        """The objective of encoders and decoder with attributes exchanged, and exchanged back."""
        images, digits, others = both_directions(batch)
        noise, contents = self.sample_noise(keys), self._noisy_content(params, images, keys, 1)
        means, log_variances = self.encode_attribute(params, images)
        latents = sample(means, log_variances, noise.posterior)
        own = self.decode(params, contents, latents, digits)
        exchanged = self.decode(params, contents, _exchange(latents), others)
        latents_of_exchanged = sample(*self.encode_attribute(params, exchanged), noise.exchanged)
        back = self.decode(params, self._noisy_content(params, exchanged, keys, 2),
                           _exchange(latents_of_exchanged), digits)
        return weighted_sum({
            "adversarial": self._adversarial(params, [exchanged], others, "exchanged_discriminator"),
            "content": confusion(self.classify_content(params, contents)),
            "content_squares": mean_of_squares(self.encode_content(params, images)),
            "image_reconstruction": mean_absolute_error(own, images),
            "cross_cycle": mean_absolute_error(back, images),
            "kl": kl_to_standard_normal(means, log_variances),
        }, self.weights)

    def sampling_loss(self, params: Params, batch: Batch, keys: jax.Array,
                      step: jax.Array) -> tuple[jax.Array, Terms]:
        """The objective of content encoder and decoder with sampled latents."""
        images, _, others = both_directions(batch)
        noise, contents = self.sample_noise(keys), self._noisy_content(params, images, keys, 1)
        fakes = self._sampled_fakes(params, contents, noise, others)
        return weighted_sum({
            "adversarial": self._adversarial(params, fakes, others, "sampled_discriminator"),
            "latent_reconstruction": mean_absolute_error(self.encode_style(params, fakes[0]), noise.latents),
            "mode_seeking": mode_seeking(fakes[0], fakes[-1], noise.latents, noise.others),
        }, self.weights)

    def _adversarial(self, params: Params, sets: Sequence[jax.Array], others: jax.Array, name: str) -> jax.Array:
        """The generator's loss of a discriminator, summed over its scales and over sets of fakes."""
        return functools.reduce(operator.add, (adversarial.generator_loss(logits) for fakes in sets
                                               for logits in self.discriminate(params, fakes, others, name)))

    def _sampled_fakes(self, params: Params, contents: jax.Array, noise: Noise,
                       others: jax.Array) -> list[jax.Array]:
        """Contents decoded with a sampled latent and, for MSGAN, with a second one."""
        latents = [noise.latents, noise.others] if "mode_seeking" in self.weights else [noise.latents]
        return [self.decode(params, contents, each, others) for each in latents]

    def _noisy_content(self, params: Params, images: jax.Array, keys: jax.Array, index: int) -> jax.Array:
        """Contents `[2 B, 7, 7, C]` plus standard normal noise; each `index` has its own noise."""
        contents = self.encode_content(params, images)
        keys = jax.vmap(jax.random.fold_in, (0, None))(keys, index)
        return contents + sample_normal(keys, contents.shape[1:])

    def sample_noise(self, keys: jax.Array) -> Noise:
        """The noise of an iteration from keys `[B]`."""
        return Noise(*sample_normal(keys, (len(Noise._fields), self.style_dim)).swapaxes(0, 1))

    # Synthesis.

    def reference_guided(self) -> Guided:
        """Sources translated to the references' digits, with latents from the posteriors of the references.

        Each output samples its own latent, as in the authors' test code.
        """

        def posterior(params: Params, references: jax.Array, digits: jax.Array) -> jax.Array:
            return jnp.concatenate(self.encode_attribute(params, references), axis=-1)

        def decode(params: Params, contents: jax.Array, posteriors: jax.Array, noise: jax.Array,
                   digits: jax.Array) -> jax.Array:
            means, log_variances = jnp.split(posteriors, 2, axis=-1)
            return self.decode(params, contents, sample(means, log_variances, noise), digits)

        return Guided(self.encode_content, decode, posterior, latent_dim=self.style_dim)

    def reference_styles(self, params: Params, references: jax.Array, key: jax.Array,
                         variation: jax.Array) -> jax.Array:
        """Latents `[K, Z]` from the references' posteriors; `variation` scales their deviation from the mean."""
        means, log_variances = self.encode_attribute(params, references)
        return sample(means, log_variances, variation * jax.random.normal(key, means.shape))


def sample(means: jax.Array, log_variances: jax.Array, noise: jax.Array) -> jax.Array:
    """Samples `[..., Z]` of diagonal Gaussians from standard normal noise `[..., Z]`."""
    return means + jnp.exp(0.5 * log_variances) * noise


def _exchange(latents: jax.Array) -> jax.Array:
    """Latents `[2 B, Z]` with the two directions exchanged."""
    return jnp.roll(latents, len(latents) // 2, axis=0)


def build(config: ConfigDict) -> Method:
    """DRIT++, or MSGAN, from a config as in configs/drit.py.

    Raises:
      InputError: if `config.compute` is not a precision.
    """
    sizes = config.networks
    networks = build_networks(DRIT, sizes, 2 * sizes.latent_dim)
    networks["content_discriminator"] = ContentDiscriminator(DIGITS)
    model = DRIT(networks, sizes.latent_dim, config.losses.to_dict(), dtype_of(config.compute))
    return assemble(
        model,
        Phase("content_discriminator", ("content_discriminator",), model.content_discriminator_loss,
              repeats=config.content_discriminator_updates),
        Phase("discriminators", model.DISCRIMINATORS, model.discriminators_loss),
        Phase("exchange", ("content_encoder", "attribute_encoder", "decoder"), model.exchange_loss),
        Phase("sampling", ("content_encoder", "decoder"), model.sampling_loss))
