"""DRIT++ (Lee et al. 2020, arXiv:1905.01270) whose domains are the ten digits; MSGAN by one term more.

As MUNIT, an image is a content and an attribute, here a Gaussian belief about a latent. A content is noisy
in training and its squares cost, so that it hides nothing; a discriminator of contents asks which digit one
came from, so that it tells none. What is exchanged must be had back: the content of one image with the
attribute of another, redrawn, encoded and exchanged again, is the first image. MSGAN (Mao et al. 2019) is
this with the mode-seeking term, which wants latents that differ to draw images that differ, and the second
image to pass for real as well; the StarGAN v2 paper compares both.

For many domains the authors give networks the domain's code; here the digit comes in as in munit.py, whose
networks these are. Weights are the authors'; means are over both directions, where they add two; each image
is judged by a map of its domain in place of their classifier. As theirs, the latent that is found again in
what was drawn teaches the decoder alone, or the two could agree on marks of their own.

Axes: B examples, K references of one writer, n digits to write, Z latent.
"""

import dataclasses
import functools
import operator
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch, both_ways, normal_both_ways
from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.losses import adversarial
from handwriting_gan.losses.classification import confusion, cross_entropy
from handwriting_gan.losses.diversity import mode_seeking
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.losses.variational import kl_to_standard_normal, mean_of_squares
from handwriting_gan.methods.method import Guided, Method, Params, Phase, initial_params
from handwriting_gan.networks.content_discriminator import ContentDiscriminator
from handwriting_gan.networks.content_encoder import ContentEncoder
from handwriting_gan.networks.domain_decoder import DomainDecoder
from handwriting_gan.networks.global_style_encoder import GlobalStyleEncoder
from handwriting_gan.networks.patch_discriminator import PatchDiscriminator
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of


class Noise(NamedTuple):
    """What an iteration draws, for both directions: float32 `[2 B, Z]` each."""

    latents: jax.Array
    others: jax.Array
    posterior: jax.Array
    again: jax.Array  # of what was redrawn


@dataclasses.dataclass(frozen=True)
class DRIT:
    """The five networks, the weights of the loss terms, and the losses and modes built from them."""

    networks: dict[str, nn.Module]
    latent_dim: int
    weights: Mapping[str, float]
    compute: jnp.dtype = FLOAT32  # of the networks

    # The networks by what they do.

    def encode_content(self, params: Params, images: jax.Array) -> jax.Array:
        """E_c(x): contents `[B, 7, 7, C]`."""
        return self._apply(params, "content_encoder", images)

    def encode_attribute(self, params: Params, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """E_a(x): means and log variances of the latents `[B, Z]`."""
        means, log_variances = jnp.split(self._apply(params, "attribute_encoder", images), 2, axis=-1)
        return means, log_variances

    def decode(self, params: Params, contents: jax.Array, latents: jax.Array, digits: jax.Array) -> jax.Array:
        """G_y(c, z): images `[B, 28, 28, 1]` of `digits` `[B]`."""
        return self._apply(params, "decoder", contents, latents, digits)

    def discriminate(self, params: Params, images: jax.Array, digits: jax.Array) -> tuple[jax.Array, ...]:
        """D_y(x): logits `[B, H, W]` at each scale, positive for real."""
        return self._apply(params, "discriminator", images, digits)

    def classify_content(self, params: Params, contents: jax.Array) -> jax.Array:
        """D_c(c): logits `[B, 10]` of the digits that contents came from."""
        return self._apply(params, "content_discriminator", contents)

    def _apply(self, params: Params, name: str, *inputs: jax.Array) -> Any:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of all five networks."""
        images, digits = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros((1,), jnp.int32)
        contents = jnp.zeros((1, SIDE // 4, SIDE // 4, 4 * self.networks["content_encoder"].width))
        inputs = {
            "content_encoder": (images,),
            "attribute_encoder": (images,),
            "decoder": (contents, jnp.zeros((1, self.latent_dim)), digits),
            "discriminator": (images, digits),
            "content_discriminator": (contents,),
        }
        return initial_params(self.networks, inputs, key)

    # The three phases.

    def content_discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                                   step: jax.Array) -> tuple[jax.Array, Terms]:
        """Which digit did a content come from?"""
        images, digits, _ = both_ways(batch)
        logits = self.classify_content(params, self._noisy_content(params, images, keys, 1))
        loss = cross_entropy(logits, digits)
        return loss, {"content": loss}

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Reals against what was redrawn with the other's attribute, and with a latent."""
        images, digits, others = both_ways(batch)
        noise, contents = self.draw_noise(keys), self._noisy_content(params, images, keys, 1)
        latents = self._sample(params, images, noise.posterior)
        real = self.discriminate(params, images, digits)
        loss = functools.reduce(operator.add, (
            adversarial.discriminator_loss(one, other)
            for fakes in self._fakes(params, contents, latents, noise, others)
            for one, other in zip(real, self.discriminate(params, fakes, others), strict=True)))
        return weighted_sum({"adversarial": loss}, self.weights)

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """All that the encoders and the decoder learn from."""
        images, digits, others = both_ways(batch)
        noise, contents = self.draw_noise(keys), self._noisy_content(params, images, keys, 1)
        means, log_variances = self.encode_attribute(params, images)
        latents = self._sample(params, images, noise.posterior)
        own = self.decode(params, contents, latents, digits)
        fakes = exchanged, drawn, *_ = self._fakes(params, contents, latents, noise, others)
        back = self.decode(params, self._noisy_content(params, exchanged, keys, 2),
                           _exchange(self._sample(params, exchanged, noise.again)), digits)
        return weighted_sum({
            "adversarial": functools.reduce(operator.add, (
                adversarial.generator_loss(logits) for each in fakes
                for logits in self.discriminate(params, each, others))),
            "content": confusion(self.classify_content(params, contents)),
            "content_squares": mean_of_squares(self.encode_content(params, images)),
            "image_reconstruction": mean_absolute_error(own, images),
            "cross_cycle": mean_absolute_error(back, images),
            "latent_reconstruction": mean_absolute_error(
                self.encode_attribute(jax.lax.stop_gradient(params), drawn)[0], noise.latents),
            "kl": kl_to_standard_normal(means, log_variances),
            "mode_seeking": mode_seeking(drawn, fakes[-1], noise.latents, noise.others),
        }, self.weights)

    def _fakes(self, params: Params, contents: jax.Array, latents: jax.Array, noise: Noise,
               others: jax.Array) -> list[jax.Array]:
        """Contents with the other's latent, with one that is drawn and, to seek modes, with another."""
        drawn = [noise.latents, noise.others] if "mode_seeking" in self.weights else [noise.latents]
        return [self.decode(params, contents, each, others) for each in (_exchange(latents), *drawn)]

    def _noisy_content(self, params: Params, images: jax.Array, keys: jax.Array, place: int) -> jax.Array:
        """Contents `[2 B, 7, 7, C]` of both directions' images, with standard normal noise of a place."""
        contents = self.encode_content(params, images)
        keys = jax.vmap(jax.random.fold_in, (0, None))(keys, place)
        return contents + normal_both_ways(keys, contents.shape[1:])

    def _sample(self, params: Params, images: jax.Array, noise: jax.Array) -> jax.Array:
        """Latents `[B, Z]` as the attribute encoder believes them."""
        means, log_variances = self.encode_attribute(params, images)
        return means + jnp.exp(0.5 * log_variances) * noise

    def draw_noise(self, keys: jax.Array) -> Noise:
        """Standard normal, for both directions, from keys `[B]`."""
        return Noise(*normal_both_ways(keys, (len(Noise._fields), self.latent_dim)).swapaxes(0, 1))

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Sources redrawn as digits, each with a latent from the prior."""
        return Guided(self.decode, self.encode_content, latent_dim=self.latent_dim)

    def reference_guided(self) -> Guided:
        """Sources redrawn as the references' digits with the references' attributes."""

        def latent(params: Params, references: jax.Array, digits: jax.Array) -> jax.Array:
            return self.encode_attribute(params, references)[0]

        return Guided(self.decode, self.encode_content, latent)

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """The hand as the mean of its glyphs' attributes, and as what they keep when redrawn in turn.

        There is one answer, so neither key nor variation is used.
        """
        latent = self.encode_attribute(params, references)[0].mean(axis=0)
        contents = self.encode_content(params, references[:len(digits)])
        contents = contents[jnp.arange(len(digits)) % len(references)]
        return self.decode(params, contents, jnp.tile(latent, (len(digits), 1)), digits)


def _exchange(latents: jax.Array) -> jax.Array:
    """Each direction's latents `[2 B, Z]` for the other."""
    return jnp.roll(latents, len(latents) // 2, axis=0)


def build(config: ConfigDict) -> Method:
    """DRIT++, or MSGAN, from a config (configs/drit.py names the fields).

    Raises:
      InputError: if `config.compute` is no precision.
    """
    sizes = config.networks
    networks = {
        "content_encoder": ContentEncoder(sizes.width, sizes.blocks),
        "attribute_encoder": GlobalStyleEncoder(sizes.width, 2 * sizes.latent_dim),
        "decoder": DomainDecoder(sizes.width, sizes.blocks, sizes.perceptron_width, DIGITS),
        "discriminator": PatchDiscriminator(sizes.width, DIGITS),
        "content_discriminator": ContentDiscriminator(DIGITS),
    }
    model = DRIT(networks, sizes.latent_dim, config.losses.to_dict(), dtype_of(config.compute))
    drawing = ("content_encoder", "attribute_encoder", "decoder")
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("content_discriminator", ("content_discriminator",), model.content_discriminator_loss),
                Phase("discriminator", ("discriminator",), model.discriminator_loss),
                Phase("generator", drawing, model.generator_loss)),
        averaged=drawing,
        synthesis={"latent": model.latent_guided(), "reference": model.reference_guided(),
                   "writer": model.write},
    )
