"""A conditional DCGAN (Radford et al. 2016; Mirza & Osindero 2014): a digit and a latent in, an image out.

The control for image quality: it uses neither a source nor a hand. The layers are those of the simple MNIST GAN
of tutorials. Departures:

- The digit enters through an embedding added to the latent's first layer, and the discriminator has a logit per
  digit. Mirza & Osindero concatenate a one-hot code to latent and image, which the networks ignored for 1,500
  steps.
- The generator has norms, which the tutorials omit; without them the conditional one produced blank paper from
  step 50. They use each image's own statistics, where Radford et al. use the batch's.
- Images are within +-1 (tanh) instead of 0 to 1 (sigmoid).
- The generator has a moving average, as in every method here.

Bie et al. 2023 report a Fréchet distance of 3.4 for a conditional DCGAN on MNIST, in Inception's feature space,
so it is not comparable with ours.

Axes: B examples, Z latent.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.losses import adversarial
from handwriting_gan.losses.objective import Terms
from handwriting_gan.methods.method import Guided, Method, Params, Phase, image_as_content, initial_params
from handwriting_gan.networks.dcgan import LabelDiscriminator, LabelToImage
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of


@dataclasses.dataclass(frozen=True)
class ConditionalDCGAN:
    """The two networks with their losses and mode."""

    networks: dict[str, nn.Module]
    latent_dim: int
    compute: jnp.dtype = FLOAT32  # of the networks

    def generate(self, params: Params, latents: jax.Array, digits: jax.Array) -> jax.Array:
        """G(z, y): images `[B, 28, 28, 1]` of `digits` `[B]`."""
        return apply_in(self.compute, self.networks["generator"], params["generator"], latents, digits)

    def discriminate(self, params: Params, images: jax.Array, digits: jax.Array,
                     keys: jax.Array) -> jax.Array:
        """D(x, y): logits `[B]`, positive for real images of that digit; `keys` `[B]` are for dropout."""
        return apply_in(self.compute, self.networks["discriminator"], params["discriminator"], images, digits,
                        keys)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of both networks."""
        latents, digits = jnp.zeros((1, self.latent_dim)), jnp.zeros((1,), jnp.int32)
        return initial_params(self.networks, {
            "generator": (latents, digits),
            "discriminator": (jnp.zeros((1, SIDE, SIDE, 1)), digits),
        }, key)

    # Losses.

    def discriminator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Real images with their digits against fakes with theirs."""
        keys, for_reals, for_fakes = split_keys(keys)
        fakes = self.generate(params, self.sample_latents(keys), batch.reference_digits)
        loss = adversarial.discriminator_loss(
            self.discriminate(params, batch.sources, batch.source_digits, for_reals),
            self.discriminate(params, fakes, batch.reference_digits, for_fakes))
        return loss, {"adversarial": loss}

    def generator_loss(self, params: Params, batch: Batch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """The generator's loss on the same fakes, with the label real."""
        keys, _, for_fakes = split_keys(keys)
        fakes = self.generate(params, self.sample_latents(keys), batch.reference_digits)
        loss = adversarial.generator_loss(
            self.discriminate(params, fakes, batch.reference_digits, for_fakes))
        return loss, {"adversarial": loss}

    def sample_latents(self, keys: jax.Array) -> jax.Array:
        """A standard normal latent `[B, Z]` for each key `[B]`."""
        return jax.vmap(lambda key: jax.random.normal(key, (self.latent_dim,)))(keys)

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Digits, each from its own latent; the sources are ignored."""

        def decode(params: Params, sources: jax.Array, latents: jax.Array, digits: jax.Array) -> jax.Array:
            return self.generate(params, latents, digits)

        return Guided(image_as_content, decode, latent_dim=self.latent_dim)


def split_keys(keys: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Keys `[B]` for the latents, and for the dropout of reals and of fakes."""
    latents, reals, fakes = jnp.moveaxis(jax.vmap(lambda key: jax.random.split(key, 3))(keys), 1, 0)
    return latents, reals, fakes


def build(config: ConfigDict) -> Method:
    """A conditional DCGAN from a config as in configs/conditional_dcgan.py.

    Raises:
      InputError: if `config.compute` is not a precision.
    """
    return build_for(config, DIGITS)


def build_for(config: ConfigDict, domains: int) -> Method:
    """Does what `build` does, for a number of domains; with 0 both networks are unconditional."""
    sizes = config.networks
    networks = {
        "generator": LabelToImage(sizes.width, domains),
        "discriminator": LabelDiscriminator(sizes.discriminator_width, domains),
    }
    model = ConditionalDCGAN(networks, sizes.latent_dim, dtype_of(config.compute))
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("discriminator", ("discriminator",), model.discriminator_loss),
                Phase("generator", ("generator",), model.generator_loss)),
        averaged=("generator",),
        synthesis={"latent": model.latent_guided()},
    )
