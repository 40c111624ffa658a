"""StarGAN v2 (Choi et al. 2020, arXiv:1912.01865) whose domains are the ten digits.

One iteration plays four phases in the authors' order: discriminator latent-guided and reference-guided, then
generator latent-guided and reference-guided. The last moves the generator only: letting the style encoder
learn from it degraded the authors' results.

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
from handwriting_gan.losses.gradient_penalties import r1
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import mean_absolute_error
from handwriting_gan.methods.method import Guided, Method, Params, Phase, initial_params
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of
from handwriting_gan.networks.stargan_v2 import Discriminator, Generator, MappingNetwork, StyleEncoder

LATENT_CANDIDATES = 1024  # how many latents the shared-latent route compares
MEAN_LATENTS = 1024  # over how many latents a digit's mean style is taken


@dataclasses.dataclass(frozen=True)
class StarGANv2:
    """The four networks, the weights of the loss terms, and the losses and routes built from them."""

    networks: dict[str, nn.Module]
    latent_dim: int
    style_dim: int
    weights: Mapping[str, float]
    diversity_decay_steps: int
    truncation: float  # of the reference route, 0 to 1
    compute: jnp.dtype = FLOAT32  # of the networks

    # The networks by what they do.

    def translate(self, params: Params, sources: jax.Array, styles: jax.Array) -> jax.Array:
        """G(x, s): images `[B, 28, 28, 1]` redrawn in styles `[B, S]`."""
        return self._apply(params, "generator", sources, styles)

    def content(self, params: Params, images: jax.Array) -> jax.Array:
        """What the generator's encoder keeps of images: `[B, 7, 7, C]`."""
        return self._generator(params, "content", images)

    def decode(self, params: Params, content: jax.Array, styles: jax.Array) -> jax.Array:
        """Draws a content in styles `[B, S]`: images `[B, 28, 28, 1]`."""
        return self._generator(params, "decode", content, styles)

    def _generator(self, params: Params, part: str, *inputs: jax.Array) -> jax.Array:
        return apply_in(self.compute, self.networks["generator"], params["generator"], *inputs, method=part)

    def map_latents(self, params: Params, latents: jax.Array, digits: jax.Array) -> jax.Array:
        """F_y(z): latents `[B, Z]` to styles `[B, S]` of the digits `[B]`, or of one digit."""
        return self._apply(params, "mapping_network", latents, digits)

    def encode_style(self, params: Params, images: jax.Array, digits: jax.Array) -> jax.Array:
        """E_y(x): the styles `[B, S]` that the heads of digits `[B]`, or of one digit, read from images."""
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

    # The four phases.

    def discriminator_latent(self, params: Params, batch: Batch, keys: jax.Array,
                             step: jax.Array) -> tuple[jax.Array, Terms]:
        """Real sources against fakes in the style of a latent."""
        latents, _ = self.draw_latents(keys)
        styles = self.map_latents(params, latents, batch.reference_digits)
        return self._discriminator_loss(params, batch, styles, keys)

    def discriminator_reference(self, params: Params, batch: Batch, keys: jax.Array,
                                step: jax.Array) -> tuple[jax.Array, Terms]:
        """Real sources against fakes in the style of a reference."""
        styles = self.encode_style(params, batch.references, batch.reference_digits)
        return self._discriminator_loss(params, batch, styles, keys)

    def generator_latent(self, params: Params, batch: Batch, keys: jax.Array,
                         step: jax.Array) -> tuple[jax.Array, Terms]:
        """The full objective in the styles of two latents."""
        styles, others = (self.map_latents(params, latents, batch.reference_digits)
                          for latents in self.draw_latents(keys))
        return self._weigh(self._generator_terms(params, batch, styles, others, keys), step)

    def generator_reference(self, params: Params, batch: Batch, keys: jax.Array,
                            step: jax.Array) -> tuple[jax.Array, Terms]:
        """The full objective in the styles of two references of one digit."""
        styles, others = (self.encode_style(params, references, batch.reference_digits)
                          for references in (batch.references, batch.second_references))
        return self._weigh(self._generator_terms(params, batch, styles, others, keys), step)

    def _discriminator_loss(self, params: Params, batch: Batch, styles: jax.Array,
                            keys: jax.Array) -> tuple[jax.Array, Terms]:
        """Equation 1, and R1 on the reals."""

        def real_logits(images: jax.Array) -> jax.Array:
            return self.discriminate(params, images, batch.source_digits)

        fakes = self._translate_in_training(params, batch.sources, styles, keys)
        fake_logits = self.discriminate(params, fakes, batch.reference_digits)
        return self._weigh({
            "adversarial": adversarial.discriminator_loss(real_logits(batch.sources), fake_logits),
            "r1": r1(real_logits, batch.sources),
        })

    def _generator_terms(self, params: Params, batch: Batch, styles: jax.Array, others: jax.Array,
                         keys: jax.Array) -> Terms:
        """What equation 5 weighs: adversarial, style reconstruction, diversity, cycle."""
        fakes = self._translate_in_training(params, batch.sources, styles, keys)
        source_styles = self.encode_style(params, batch.sources, batch.source_digits)
        back_keys = jax.vmap(jax.random.fold_in, (0, None))(keys, 1)
        return {
            "adversarial": adversarial.generator_loss(
                self.discriminate(params, fakes, batch.reference_digits)),
            "style_reconstruction": mean_absolute_error(
                self.encode_style(params, fakes, batch.reference_digits), styles),
            "diversity": diversity(
                fakes, self._translate_in_training(params, batch.sources, others, keys)),
            "cycle": mean_absolute_error(
                self._translate_in_training(params, fakes, source_styles, back_keys), batch.sources),
        }

    def _translate_in_training(self, params: Params, images: jax.Array, styles: jax.Array,
                               keys: jax.Array) -> jax.Array:
        """As `translate`; a variant may disturb it by noise of the examples' keys `[B]`."""
        return self.translate(params, images, styles)

    def _weigh(self, terms: Terms, step: jax.Array | int = 0) -> tuple[jax.Array, Terms]:
        """Their weighted sum; diversity is to grow, and counts less and less."""
        weights: dict[str, float | jax.Array] = dict(self.weights)
        if "diversity" in weights:
            weights["diversity"] = -linear_decay(
                self.weights["diversity"], self.diversity_decay_steps, step)
        return weighted_sum(terms, weights)

    def draw_latents(self, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Two standard normal latents `[B, Z]` per key `[B]`."""
        latents = jax.vmap(lambda key: jax.random.normal(key, (2, self.latent_dim)))(keys)
        return latents[:, 0], latents[:, 1]

    # Synthesis.

    def latent_guided(self) -> Guided:
        """Sources redrawn as digits, each in the style of a latent of its own."""

        def draw(params: Params, contents: jax.Array, latents: jax.Array, digits: jax.Array) -> jax.Array:
            return self.decode(params, contents, self.map_latents(params, latents, digits))

        return Guided(draw, self.content, latent_dim=self.latent_dim)

    def reference_guided(self) -> Guided:
        """Sources redrawn as the references' digits in the references' styles."""

        def draw(params: Params, contents: jax.Array, styles: jax.Array, digits: jax.Array) -> jax.Array:
            return self.decode(params, contents, styles)

        return Guided(draw, self.content, self.encode_style)

    def source_route(self, params: Params, references: jax.Array, reference_digits: jax.Array,
                     digits: jax.Array, key: jax.Array, variation: jax.Array) -> jax.Array:
        """The hand as what the source keeps: the writer's glyphs, in the styles of one random latent.

        Training never shows the mapping network a latent near 0, so it is the styles that vary about
        each digit's mean style.
        """
        latents = jnp.tile(jax.random.normal(key, (self.latent_dim,)), (len(digits), 1))
        drawn, mean = self.map_latents(params, latents, digits), self._mean_styles(params)[digits]
        return self._redraw(params, references, mean + variation * (drawn - mean))

    def reference_route(self, params: Params, references: jax.Array, reference_digits: jax.Array,
                        digits: jax.Array, key: jax.Array, variation: jax.Array) -> jax.Array:
        """The hand as a style: the mean of what the target digit's head reads from the writer's glyphs.

        Training never shows a head another digit, and nothing aligns the heads, so what it reads can lie
        where no style of its digit does. It is drawn towards the digit's mean style, as StyleGAN truncates
        its styles (Karras et al. 2019, appendix B): `truncation` 1 leaves it as read, 0 nothing of it.
        There is no latent, so neither key nor variation is used.
        """
        mean_styles = self._mean_styles(params)

        def style(digit: jax.Array) -> jax.Array:
            read = self.encode_style(params, references, digit).mean(axis=0)
            return mean_styles[digit] + self.truncation * (read - mean_styles[digit])

        return self._redraw(params, references, jax.vmap(style)(digits))

    def shared_latent_route(self, params: Params, references: jax.Array,
                            reference_digits: jax.Array, digits: jax.Array,
                            key: jax.Array, variation: jax.Array) -> jax.Array:
        """The hand as one latent for all digits: the one of many whose styles fit the writer's best.

        The latent is the hand here, not a try at it, so it does not vary.
        """
        targets = self.encode_style(params, references, reference_digits)
        candidates = jax.random.normal(key, (LATENT_CANDIDATES, self.latent_dim))
        styles = self._styles_of_every_digit(params, candidates)
        misfits = jnp.abs(styles[reference_digits] - targets[:, None]).mean(axis=(0, 2))
        return self._redraw(params, references, styles[digits, jnp.argmin(misfits)])

    def _mean_styles(self, params: Params) -> jax.Array:
        """The mean of F_y(z) over many z, for all ten y: `[10, S]`."""
        latents = jax.random.normal(jax.random.key(0), (MEAN_LATENTS, self.latent_dim))
        return self._styles_of_every_digit(params, latents).mean(axis=1)

    def _styles_of_every_digit(self, params: Params, latents: jax.Array) -> jax.Array:
        """F_y(z) of latents `[M, Z]` for all ten y: `[10, M, S]`."""
        return jax.vmap(lambda digit: self.map_latents(params, latents, digit))(jnp.arange(DIGITS))

    def _redraw(self, params: Params, references: jax.Array, styles: jax.Array) -> jax.Array:
        """Draws n styles `[n, S]`, taking the K references as sources in turn."""
        return self.translate(params, references[jnp.arange(len(styles)) % len(references)], styles)


def build(config: ConfigDict) -> Method:
    """StarGAN v2 from a config (configs/stargan_v2.py names the fields).

    Raises:
      InputError: if `config.route` is no route of this method, `config.compute` is no precision, or a size
        does not fit 28 x 28.
    """
    networks = build_networks(config.networks)
    return assemble(StarGANv2(networks, **fields(config)), config)


def build_networks(sizes: ConfigDict) -> dict[str, nn.Module]:
    """The four networks, by their sizes.

    Raises:
      InputError: if a size does not fit 28 x 28.
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
    """The model's fields, apart from its networks.

    Raises:
      InputError: if `config.compute` is no precision.
    """
    return {
        "latent_dim": config.networks.latent_dim,
        "style_dim": config.networks.style_dim,
        "weights": {"adversarial": 1.0, **config.losses.to_dict()},
        "diversity_decay_steps": config.diversity_decay_steps,
        "truncation": config.truncation,
        "compute": dtype_of(config.compute),
    }


def assemble(model: StarGANv2, config: ConfigDict) -> Method:
    """The method of a model, guided in training by latents, references or both, its hand by a route.

    Raises:
      InputError: if `config.guided_by` is no guide or `config.route` no route.
    """
    drawing = tuple(name for name in model.networks if name != "discriminator")
    read = tuple(name for name in drawing if name != "mapping_network")
    by_latents = Phase("generator_latent", drawing, model.generator_latent)
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
        "references": (  # nothing else teaches the style encoder here
            Phase("discriminator_reference", ("discriminator",), model.discriminator_reference),
            Phase("generator_reference", read, model.generator_reference),
        ),
    }
    if config.guided_by not in phases:
        raise InputError(f"guided_by is {config.guided_by!r}; there is {', '.join(phases)}")
    modes = {"latent": model.latent_guided(), "reference": model.reference_guided()}
    if config.guided_by == "references":
        del modes["latent"]
    return Method(
        networks=model.networks,
        init=model.init,
        phases=phases[config.guided_by],
        averaged=drawing,
        synthesis={**modes, "writer": _route(model, config.route)},
    )


def _check_sizes(sizes: ConfigDict) -> None:
    for name, size in sizes.items():
        if not isinstance(size, int) or size < (0 if name == "levels" else 1):
            raise InputError(f"networks.{name} is {size!r}; it must be a whole number above 0")
    if SIDE % 2**sizes.levels:
        raise InputError(f"networks.levels is {sizes.levels}, but {SIDE} pixels can be halved only twice")


def _route(model: StarGANv2, name: str) -> Callable[..., jax.Array]:
    routes = {
        "source": model.source_route,
        "reference": model.reference_route,
        "shared_latent": model.shared_latent_route,
    }
    if name not in routes:
        raise InputError(f"no route is called {name!r}; there is {', '.join(routes)}")
    return routes[name]
