"""StarGAN v2 (Choi et al. 2020, arXiv:1912.01865) whose domains are the ten digits.

One iteration has four phases in the authors' order: discriminator latent-guided and reference-guided, then generator
latent-guided and reference-guided. The last updates the generator only, as in the authors' code.

Losses, gradients and updates are those of the authors' code. Three things differ:

- Images are neither flipped nor cropped. A flipped digit is no digit, and a crop, enlarged to the full size, changes
  thickness and size, which belong to the hand.
- Each example has its own pair of references (data/batches.py).
- The diversity weight is 1, the authors' value for CelebA-HQ, although the architecture is that for AFHQ (no high-pass
  filter), for which the authors use 2: `doubled_diversity` in configs/ablations.py.

Instead of the adversarial term, a config can weigh R3GAN's (Huang et al. 2024, arXiv:2501.05441): `relativistic`,
which scores each fake relative to a real image of its digit, and the penalty `r2` beside `r1`. The real image is the
second reference, which determines no fake that the discriminator scores, so fake and real image are independent given
the digit. R1 stays on the sources, which have the same distribution.

Axes: B examples, K references of one writer, n digits to write, S style, Z latent.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.errors import InputError
from handwriting_gan.losses import adversarial
from handwriting_gan.losses.diversity import diversity, linear_decay
from handwriting_gan.losses.gradient_penalties import r1, r2
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.methods.method import Guided, Method, Params, Phase, initial_params
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of
from handwriting_gan.networks.stargan_v2 import Discriminator, Generator, MappingNetwork, StyleEncoder

LATENT_CANDIDATES = 1024  # latents that the shared-latent route compares
MEAN_LATENTS = 1024  # latents for a digit's mean style


@dataclasses.dataclass(frozen=True)
class StarGANv2:
    """The four networks with their losses and modes."""

    networks: dict[str, nn.Module]
    latent_dim: int
    style_dim: int
    weights: Mapping[str, float]
    diversity_decay_steps: int
    truncation: float  # of the reference route's styles, 0 (mean style) to 1 (no truncation)
    compute: jnp.dtype = FLOAT32  # of the networks

    # Networks.

    def translate(self, params: Params, sources: jax.Array, styles: jax.Array) -> jax.Array:
        """G(x, s): images `[B, 28, 28, 1]` translated to styles `[B, S]`."""
        return self._apply(params, "generator", sources, styles)

    def content(self, params: Params, images: jax.Array) -> jax.Array:
        """The output of the generator's encoder: `[B, 7, 7, C]`."""
        return self._generator(params, "content", images)

    def decode(self, params: Params, content: jax.Array, styles: jax.Array) -> jax.Array:
        """The generator's decoder: contents and styles `[B, S]` to images `[B, 28, 28, 1]`."""
        return self._generator(params, "decode", content, styles)

    def _generator(self, params: Params, part: str, *inputs: jax.Array) -> jax.Array:
        return apply_in(self.compute, self.networks["generator"], params["generator"], *inputs, method=part)

    def map_latents(self, params: Params, latents: jax.Array, digits: jax.Array) -> jax.Array:
        """F_y(z): latents `[B, Z]` to styles `[B, S]` of the digits `[B]`, or of one digit."""
        return self._apply(params, "mapping_network", latents, digits)

    def encode_style(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """E_y(x): styles `[B, S]` of images by the heads of digits `[B]`, or of one digit."""
        return self._apply(params, "style_encoder", images, digits)

    def discriminate(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """D_y(x): logits `[B]`, positive for real."""
        return self._apply(params, "discriminator", images, digits)

    def _apply(self, params: Params, name: str, *inputs: jax.Array) -> jax.Array:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of all networks."""
        images, digits = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros((1,), jnp.int32)
        inputs = {
            "generator": (images, jnp.zeros((1, self.style_dim))),
            "mapping_network": (jnp.zeros((1, self.latent_dim)), digits),
            "style_encoder": (images, digits),
            "discriminator": (images, digits),
        }
        return initial_params(self.networks, inputs, key)

    # Losses.

    def discriminator_latent(self, params: Params, batch: Batch, keys: jax.Array,
                             step: jax.Array) -> tuple[jax.Array, Terms]:
        """The discriminator's loss on real sources and on fakes in the style of a latent."""
        latents, _ = self.sample_latents(keys)
        styles = self.map_latents(params, latents, batch.reference_digits)
        return self._discriminator_loss(params, batch, styles, keys)

    def discriminator_reference(self, params: Params, batch: Batch, keys: jax.Array,
                                step: jax.Array) -> tuple[jax.Array, Terms]:
        """The discriminator's loss on real sources and on fakes in the style of a reference."""
        styles = self.encode_style(params, batch.references, batch.reference_digits)
        return self._discriminator_loss(params, batch, styles, keys)

    def generator_latent(self, params: Params, batch: Batch, keys: jax.Array,
                         step: jax.Array) -> tuple[jax.Array, Terms]:
        """The generator's loss; two latents give the styles."""
        styles, others = (self.map_latents(params, latents, batch.reference_digits)
                          for latents in self.sample_latents(keys))
        return self._weigh(self._generator_terms(params, batch, styles, others, keys), step)

    def generator_reference(self, params: Params, batch: Batch, keys: jax.Array,
                            step: jax.Array) -> tuple[jax.Array, Terms]:
        """The generator's loss; two references of one digit give the styles."""
        styles, others = (self.encode_style(params, references, batch.reference_digits)
                          for references in (batch.references, batch.second_references))
        return self._weigh(self._generator_terms(params, batch, styles, others, keys), step)

    def _discriminator_loss(self, params: Params, batch: Batch, styles: jax.Array,
                            keys: jax.Array) -> tuple[jax.Array, Terms]:
        """The weighted sum of equation 1 of the paper and R1 on the real images; or the relativistic loss and R2."""

        def source_logits(images: jax.Array) -> jax.Array:
            return self.discriminate(params, images, batch.source_digits)

        def target_logits(images: jax.Array) -> jax.Array:
            return self.discriminate(params, images, batch.reference_digits)

        fakes = self._translate_in_training(params, batch.sources, styles, keys)
        return self._weigh({
            "adversarial": adversarial.discriminator_loss(source_logits(batch.sources), target_logits(fakes)),
            "relativistic": adversarial.relativistic_loss(
                target_logits(batch.second_references), target_logits(fakes)),
            "r1": r1(source_logits, batch.sources),
            "r2": r2(target_logits, fakes),
        })

    def _generator_terms(self, params: Params, batch: Batch, styles: jax.Array, others: jax.Array,
                         keys: jax.Array) -> Terms:
        """The terms of equation 5 of the paper, and the relativistic loss that can replace the adversarial one."""
        fakes = self._translate_in_training(params, batch.sources, styles, keys)
        fake_logits, real_logits = (self.discriminate(params, images, batch.reference_digits)
                                    for images in (fakes, batch.second_references))
        source_styles = self.encode_style(params, batch.sources, batch.source_digits)
        back_keys = jax.vmap(jax.random.fold_in, (0, None))(keys, 1)
        return {
            "adversarial": adversarial.generator_loss(fake_logits),
            "relativistic": adversarial.relativistic_loss(fake_logits, real_logits),
            "style_reconstruction": mean_absolute_error(
                self.encode_style(params, fakes, batch.reference_digits), styles),
            "diversity": diversity(
                fakes, self._translate_in_training(params, batch.sources, others, keys)),
            "cycle": mean_absolute_error(
                self._translate_in_training(params, fakes, source_styles, back_keys), batch.sources),
        }

    def _translate_in_training(self, params: Params, images: jax.Array, styles: jax.Array,
                               keys: jax.Array) -> jax.Array:
        """Calls `translate`; a subclass can add noise from the keys `[B]`."""
        return self.translate(params, images, styles)

    def _weigh(self, terms: Terms, step: jax.Array | int = 0) -> tuple[jax.Array, Terms]:
        """The weighted sum; diversity has a negative weight that decays linearly to 0."""
        weights: dict[str, float | jax.Array] = dict(self.weights)
        if "diversity" in weights:
            weights["diversity"] = -linear_decay(
                self.weights["diversity"], self.diversity_decay_steps, step)
        return weighted_sum(terms, weights)

    def sample_latents(self, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Two standard normal latents `[B, Z]` per key `[B]`."""
        latents = jax.vmap(lambda key: jax.random.normal(key, (2, self.latent_dim)))(keys)
        return latents[:, 0], latents[:, 1]

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Sources translated to digits, each in the style of its own latent."""

        def decode(params: Params, contents: jax.Array, latents: jax.Array, digits: jax.Array) -> jax.Array:
            return self.decode(params, contents, self.map_latents(params, latents, digits))

        return Guided(self.content, decode, latent_dim=self.latent_dim)

    def reference_guided(self) -> Guided:
        """Sources translated to the references' digits in the references' styles."""

        def decode(params: Params, contents: jax.Array, styles: jax.Array, digits: jax.Array) -> jax.Array:
            return self.decode(params, contents, styles)

        return Guided(self.content, decode, self.encode_style)

    def source_route(self, params: Params, references: jax.Array, reference_digits: jax.Array,
                     digits: jax.Array, key: jax.Array, variation: jax.Array) -> jax.Array:
        """Writer mode with the hand in the content: the writer's glyphs in the styles of one random latent.

        `variation` scales the styles' deviation from their digit's mean style, not the latent: latents near 0
        are rare in training.
        """
        latents = jnp.tile(jax.random.normal(key, (self.latent_dim,)), (len(digits), 1))
        styles, mean = self.map_latents(params, latents, digits), self._mean_styles(params)[digits]
        return self._translate_references(params, references, mean + variation * (styles - mean))

    def reference_route(self, params: Params, references: jax.Array, reference_digits: jax.Array,
                        digits: jax.Array, key: jax.Array, variation: jax.Array) -> jax.Array:
        """Writer mode with the hand in the style: the mean style of the writer's glyphs by the target digit's head.

        In training a head has images of its own digit only, and no term aligns the heads, so its output for
        another digit can be outside the distribution of its styles. Truncation moves it towards the digit's
        mean style, as in StyleGAN (Karras et al. 2019, appendix B). The result is deterministic: key and
        variation are ignored.
        """
        mean_styles = self._mean_styles(params)

        def style(digit: jax.Array) -> jax.Array:
            encoded = self.encode_style(params, references, digit).mean(axis=0)
            return mean_styles[digit] + self.truncation * (encoded - mean_styles[digit])

        return self._translate_references(params, references, jax.vmap(style)(digits))

    def shared_latent_route(self, params: Params, references: jax.Array,
                            reference_digits: jax.Array, digits: jax.Array,
                            key: jax.Array, variation: jax.Array) -> jax.Array:
        """Writer mode with the hand in one latent for all digits.

        Of many random latents it takes the one whose styles are closest to the styles encoded from the writer's
        glyphs. The latent represents the hand, so variation is ignored.
        """
        targets = self.encode_style(params, references, reference_digits)
        candidates = jax.random.normal(key, (LATENT_CANDIDATES, self.latent_dim))
        styles = self._styles_of_every_digit(params, candidates)
        distances = jnp.abs(styles[reference_digits] - targets[:, None]).mean(axis=(0, 2))
        return self._translate_references(params, references, styles[digits, jnp.argmin(distances)])

    def _mean_styles(self, params: Params) -> jax.Array:
        """The mean of F_y(z) over many z for all ten y: `[10, S]`."""
        latents = jax.random.normal(jax.random.key(0), (MEAN_LATENTS, self.latent_dim))
        return self._styles_of_every_digit(params, latents).mean(axis=1)

    def _styles_of_every_digit(self, params: Params, latents: jax.Array) -> jax.Array:
        """F_y(z) of latents `[M, Z]` for all ten y: `[10, M, S]`."""
        return jax.vmap(lambda digit: self.map_latents(params, latents, digit))(jnp.arange(DIGITS))

    def _translate_references(self, params: Params, references: jax.Array, styles: jax.Array) -> jax.Array:
        """The K references translated in turn to n styles `[n, S]`."""
        return self.translate(params, references[jnp.arange(len(styles)) % len(references)], styles)


def build(config: ConfigDict) -> Method:
    """StarGAN v2 from a config as in configs/stargan_v2.py.

    Raises:
      InputError: if `route`, `guided_by`, `compute` or a size of the networks is invalid.
    """
    networks = build_networks(config.networks)
    return assemble(StarGANv2(networks, **fields(config)), config)


def build_networks(sizes: ConfigDict) -> dict[str, nn.Module]:
    """The four networks.

    Raises:
      InputError: if a size is not a positive integer or does not fit 28 x 28.
    """
    _check_sizes(sizes)
    shape = {"width": sizes.width, "max_width": sizes.max_width}
    return {
        "generator": Generator(**shape, levels=sizes.levels,
                               bottleneck_blocks=sizes.bottleneck_blocks),
        "mapping_network": MappingNetwork(sizes.mapping_width, sizes.style_dim, DIGITS),
        "style_encoder": StyleEncoder(**shape, style_dim=sizes.style_dim, domains=DIGITS),
        "discriminator": Discriminator(**shape, domains=DIGITS),
    }


def fields(config: ConfigDict) -> dict[str, Any]:
    """The model's fields except its networks.

    Raises:
      InputError: if `config.compute` is not a precision.
    """
    return {
        "latent_dim": config.networks.latent_dim,
        "style_dim": config.networks.style_dim,
        "weights": config.losses.to_dict(),
        "diversity_decay_steps": config.diversity_decay_steps,
        "truncation": config.truncation,
        "compute": dtype_of(config.compute),
    }


def assemble(model: StarGANv2, config: ConfigDict) -> Method:
    """The method of a model, guided in training by `config.guided_by`, with the writer mode `config.route`.

    Raises:
      InputError: if `config.guided_by` or `config.route` is invalid.
    """
    averaged = tuple(name for name in model.networks if name != "discriminator")
    without_mapping = tuple(name for name in averaged if name != "mapping_network")
    by_latents = Phase("generator_latent", averaged, model.generator_latent)
    phases = {
        "both": (
            Phase("discriminator_latent", ("discriminator",), model.discriminator_latent),
            Phase("discriminator_reference", ("discriminator",), model.discriminator_reference),
            by_latents,
            Phase("generator_reference", ("generator",), model.generator_reference),
        ),
        "latents": (
            Phase("discriminator_latent", ("discriminator",), model.discriminator_latent),
            by_latents,
        ),
        "references": (
            Phase("discriminator_reference", ("discriminator",), model.discriminator_reference),
            # Here this phase trains the style encoder, too: no other phase does.
            Phase("generator_reference", without_mapping, model.generator_reference),
        ),
    }
    if config.guided_by not in phases:
        raise InputError(f"guided_by is {config.guided_by!r}; it must be one of {', '.join(phases)}")
    modes = {"latent": model.latent_guided(), "reference": model.reference_guided()}
    if config.guided_by == "references":
        del modes["latent"]
    return Method(
        networks=model.networks,
        init=model.init,
        phases=phases[config.guided_by],
        averaged=averaged,
        synthesis={**modes, "writer": _route(model, config.route)},
    )


def _check_sizes(sizes: ConfigDict) -> None:
    for name, size in sizes.items():
        if not isinstance(size, int) or size < (0 if name == "levels" else 1):
            raise InputError(f"networks.{name} is {size!r}; it must be a whole number above 0")
    if SIDE % 2**sizes.levels:
        raise InputError(f"networks.levels is {sizes.levels}; it must be 0, 1 or 2: each level halves {SIDE} pixels")


def _route(model: StarGANv2, name: str) -> Callable[..., jax.Array]:
    routes = {
        "source": model.source_route,
        "reference": model.reference_route,
        "shared_latent": model.shared_latent_route,
    }
    if name not in routes:
        raise InputError(f"route is {name!r}; it must be one of {', '.join(routes)}")
    return routes[name]
