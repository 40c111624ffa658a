"""The writer-guided method of this project: it writes any digit in the hand of a few glyphs by one writer.

The beliefs about the hand from all references are pooled into a style for each target digit. A generator without a
source synthesises the digit from this style and a latent, which represents the differences between two tries. The
objective has four parts:

- a discriminator that is conditioned on the style, with real glyphs of other writers as further negatives (Reed et
  al. 2016);
- a conditional variational autoencoder of the latent (Sohn et al. 2015; with a discriminator: Larsen et al. 2016, Zhu
  et al. 2017), without which the generator ignores the latent;
- contrastive matching of real glyphs and the styles of several writers, which trains the style;
- the same matching for fakes, so that the generator uses the style.

Natural tries also differ in thickness and slant, which are part of the style because every reference shows them. So
the style of a natural try varies too, in proportion to the variation among the references.

Axes: B examples of a batch, W writers of an example, T targets of a writer, R references of a writer,
N = B W T targets in all, K references and n digits of one writing, S style, Z latent.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import linen as nn
from ml_collections import ConfigDict

from handwriting_gan.data.glyphs import DIGITS, SIDE
from handwriting_gan.data.hands import HANDS, HandBatch
from handwriting_gan.errors import InputError
from handwriting_gan.losses import adversarial
from handwriting_gan.losses.gradient_penalties import r1
from handwriting_gan.losses.matching import contrastive_matching
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import sum_of_squared_errors
from handwriting_gan.losses.variational import kl_to_standard_normal
from handwriting_gan.methods.method import Method, PageNeeds, Params, Phase, initial_params
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of
from handwriting_gan.networks.writer_guided import (
    GlyphGenerator,
    HandEncoder,
    MatchingDiscriminator,
    PosteriorEncoder,
    StylePooling,
)

R1_INTERVAL = 8  # R1 on every 8th target; second derivatives are expensive


class Targets(NamedTuple):
    """The target glyphs of a batch along one axis, and their styles."""

    images: jax.Array  # float32 [N, 28, 28, 1]
    digits: jax.Array  # int32 [N]
    owners: jax.Array  # int32 [N], the index of its writer in the example
    styles: jax.Array  # float32 [W, N, S], of each of the example's writers for the target

    def own_styles(self) -> jax.Array:
        """The style of each target's writer: `[N, S]`."""
        return self.styles[self.owners, jnp.arange(len(self.owners))]

    def other_styles(self) -> jax.Array:
        """The style of another writer for each target: `[N, S]`."""
        return self.styles[(self.owners + 1) % len(self.styles), jnp.arange(len(self.owners))]


@dataclasses.dataclass(frozen=True)
class WriterGuided:
    """The networks with their losses and modes."""

    networks: dict[str, nn.Module]
    latent_dim: int
    style_dim: int
    weights: Mapping[str, float]
    style_variance: float = 0.0  # of natural tries, as a fraction of the variance between single glyphs' styles
    compute: jnp.dtype = FLOAT32  # of the networks

    # Networks.

    def encode_hand(self, params: Params, images: jax.Array,
                    digits: jax.Array) -> tuple[jax.Array, jax.Array]:
        """A Gaussian belief about the style from each glyph: values and log precisions `[N, S]`."""
        return self._apply(params, "hand_encoder", images, digits)

    def generate(self, params: Params, digits: jax.Array, styles: jax.Array, latents: jax.Array) -> jax.Array:
        """Digits `[N]` in styles `[N, S]` with latents `[N, Z]`: images `[N, 28, 28, 1]`."""
        return self._apply(params, "generator", digits, styles, latents)

    def discriminate(self, params: Params, images: jax.Array, digits: jax.Array,
                     styles: jax.Array) -> jax.Array:
        """Logits `[P, N]`, positive for real and in that style, of images with P styles each `[P, N, S]`."""
        return self._apply(params, "discriminator", images, digits, styles)

    def infer_latents(self, params: Params, images: jax.Array, digits: jax.Array,
                      styles: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The posterior of the latents of real glyphs: means and log variances `[N, Z]`."""
        return self._apply(params, "posterior_encoder", images, digits, styles)

    def _apply(self, params: Params, name: str, *inputs: jax.Array) -> Any:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of all networks."""
        images, digits = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros((1,), jnp.int32)
        styles, latents = jnp.zeros((1, self.style_dim)), jnp.zeros((1, self.latent_dim))
        inputs = {
            "hand_encoder": (images, digits),
            "style_pooling": (styles, styles, digits, digits, jnp.ones((1, 1), bool)),
            "posterior_encoder": (images, digits, styles),
            "generator": (digits, styles, latents),
            "discriminator": (images, digits, styles[None]),
        }
        return initial_params(self.networks, inputs, key)

    def batch_targets(self, params: Params, batch: HandBatch) -> Targets:
        """The targets of a batch, with each writer's style from the references given for the target."""
        examples, writers, count = batch.target_digits.shape
        beliefs = self.encode_hand(params, batch.references.reshape(-1, SIDE, SIDE, 1),
                                   batch.reference_digits.reshape(-1))
        values, log_precisions = (x.reshape(*batch.reference_digits.shape, -1) for x in beliefs)
        digits = batch.target_digits.reshape(examples, 1, -1)
        given = batch.given.reshape(examples, writers * count, writers, -1).swapaxes(1, 2)
        styles = self._apply(
            params, "style_pooling", values, log_precisions, batch.reference_digits, digits, given)
        return Targets(
            images=batch.targets.reshape(-1, SIDE, SIDE, 1),
            digits=batch.target_digits.reshape(-1),
            owners=jnp.tile(jnp.repeat(jnp.arange(writers), count), examples),
            styles=styles.swapaxes(0, 1).reshape(writers, examples * writers * count, -1),
        )

    # Losses.

    def discriminator_loss(self, params: Params, batch: HandBatch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Real glyphs with their writers' styles against fakes, and against real glyphs with others' styles."""
        targets = self.batch_targets(params, batch)
        own, (latents, _) = targets.own_styles(), self.sample_latents(keys, len(targets.digits))
        fakes = self.generate(params, targets.digits, own, latents)
        real, mismatched = self.discriminate(params, targets.images, targets.digits,
                                             jnp.stack([own, targets.other_styles()]))
        fake, = self.discriminate(params, fakes, targets.digits, own[None])
        some = slice(None, None, R1_INTERVAL)

        def some_logits(images: jax.Array) -> jax.Array:
            return self.discriminate(params, images, targets.digits[some], own[None, some])[0]

        return weighted_sum({
            "adversarial": adversarial.matching_aware_loss(real, fake, mismatched),
            "r1": r1(some_logits, targets.images[some]),
        }, self.weights)

    def generator_loss(self, params: Params, batch: HandBatch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Adversarial loss, variational autoencoder and matching, for all networks but the discriminator."""
        stop = jax.lax.stop_gradient
        targets = self.batch_targets(params, batch)
        images, digits, own = targets.images, targets.digits, targets.own_styles()
        latents, noise = self.sample_latents(keys, len(digits))
        fakes = self.generate(params, digits, own, latents)
        means, log_variances = self.infer_latents(params, images, digits, own)
        rebuilt = self.generate(params, digits, own, means + jnp.exp(0.5 * log_variances) * noise)
        # Fakes do not train the styles that they are compared with: they could agree on any meaning.
        logits, = self.discriminate(params, fakes, digits, stop(own)[None])
        values, _ = self.encode_hand(params, images, digits)
        fake_values, _ = self.encode_hand(stop(params), fakes, digits)
        return weighted_sum({
            "adversarial": adversarial.generator_loss(logits),
            "reconstruction": sum_of_squared_errors(rebuilt, images),
            "kl": kl_to_standard_normal(means, log_variances),
            "matching": contrastive_matching(values, targets.styles, targets.owners),
            "matching_of_fakes": contrastive_matching(fake_values, stop(targets.styles), targets.owners),
        }, self.weights)

    def sample_latents(self, keys: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
        """Two standard normal latents for each of `count` targets, both `[count, Z]`, from keys `[B]`."""
        shape = 2, count // len(keys), self.latent_dim
        latents = jax.vmap(lambda key: jax.random.normal(key, shape))(keys)
        first, second = latents.swapaxes(0, 1).reshape(2, count, self.latent_dim)
        return first, second

    # Synthesis.

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """Digits in the hand of the references; `variation` applies to styles and latents."""
        style_key, latent_key = jax.random.split(key)
        styles = self._pool_styles(params, references, reference_digits, digits, style_key, variation)
        return self._generate_tries(params, digits, styles, latent_key, variation)

    def blend(self, params: Params, references: jax.Array, reference_digits: jax.Array, others: jax.Array,
              other_digits: jax.Array, digits: jax.Array, key: jax.Array, variation: jax.Array,
              fraction: jax.Array) -> jax.Array:
        """Digits in an interpolation of two hands' styles, with the same latents for every fraction."""
        style_key, latent_key = jax.random.split(key)
        one = self._pool_styles(params, references, reference_digits, digits, style_key, variation)
        other = self._pool_styles(params, others, other_digits, digits, style_key, variation)
        return self._generate_tries(params, digits, (1.0 - fraction) * one + fraction * other, latent_key, variation)

    def _pool_styles(self, params: Params, references: jax.Array, reference_digits: jax.Array,
                     digits: jax.Array, key: jax.Array, variation: jax.Array) -> jax.Array:
        """A style of one hand for each digit: `[n, S]`."""
        beliefs = self.encode_hand(params, references, reference_digits)
        sampled = bootstrap_weights(key, len(digits), len(references), self.style_variance)
        counts = jnp.maximum(1.0 + variation * (sampled - 1.0), 0.0)
        return self._apply(params, "style_pooling", *beliefs, reference_digits, digits, counts)

    def _generate_tries(self, params: Params, digits: jax.Array, styles: jax.Array, key: jax.Array,
                        variation: jax.Array) -> jax.Array:
        latents = variation * jax.random.normal(key, (len(digits), self.latent_dim))
        return self.generate(params, digits, styles, latents)


def bootstrap_weights(key: jax.Array, samples: int, count: int, variance: float) -> jax.Array:
    """Random weights of `count` references, with mean 1: `[samples, count]`.

    A Bayesian bootstrap (Rubin 1981). A weighted mean of independent values has (1 - 1 / count) / (c + 1) times
    the variance of one value, where c is the concentration of the Dirichlet distribution; here this factor is
    `variance`, in [0, 1/2), the range possible with two references.
    """
    if count == 1 or not variance:
        return jnp.ones((samples, count))
    concentration = (1.0 - 1.0 / count) / variance - 1.0
    return count * jax.random.dirichlet(key, jnp.full(count, concentration / count), (samples,))


def build(config: ConfigDict) -> Method:
    """The writer-guided method from a config as in configs/writer_guided.py.

    Raises:
      InputError: if `config.compute` or `config.style_variance` is invalid.
    """
    if not 0.0 <= config.style_variance < 0.5:  # the range possible with two references
        raise InputError(f"style_variance is {config.style_variance}; it must be at least 0 and below 0.5")
    sizes = config.networks
    networks = {
        "hand_encoder": HandEncoder(sizes.width, sizes.style_dim, DIGITS),
        "style_pooling": StylePooling(DIGITS),
        "posterior_encoder": PosteriorEncoder(sizes.width, sizes.latent_dim, DIGITS),
        "generator": GlyphGenerator(sizes.generator_width, DIGITS),
        "discriminator": MatchingDiscriminator(sizes.width, DIGITS),
    }
    model = WriterGuided(networks, sizes.latent_dim, sizes.style_dim, config.losses.to_dict(),
                         config.style_variance, dtype_of(config.compute))
    generating = tuple(name for name in networks if name != "discriminator")
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("discriminator", ("discriminator",), model.discriminator_loss),
                Phase("generator", generating, model.generator_loss)),
        averaged=("hand_encoder", "style_pooling", "generator"),
        synthesis={"writer": model.write, "blend": model.blend},
        examples=HANDS,
        page=PageNeeds(("hand_encoder", "style_pooling", "generator"), {"styleVariance": config.style_variance}),
    )
