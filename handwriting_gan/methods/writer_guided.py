"""Ours: a few glyphs of a writer in, any digit out in that hand.

What the references tell of the hand is pooled into a style for each target digit, and a generator without a
source draws the digit from it and from a latent, which carries what differs between two tries. Four terms
make it so: a discriminator that is shown the style and also refuses real glyphs by another hand (Reed et al.
2016); a conditional variational autoencoder about the latent (Sohn et al. 2015; with an adversary: Larsen et
al. 2016, Zhu et al. 2017), without which it would not be used; the choice of the right style among those of
other writers, for a real glyph, which teaches the style; and the same choice for a fake, which keeps it.

Two tries of a writer differ in more than the latent learns to carry: thickness and slant, which every
reference tells, are the style's. So a natural try's style varies as well, as far as the references do.

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

PENALISED = 8  # R1 on every 8th target; second derivatives are expensive


class Targets(NamedTuple):
    """The glyphs of a batch that are to be written, all in one row, and the styles to write them in."""

    images: jax.Array  # float32 [N, 28, 28, 1]
    digits: jax.Array  # int32 [N]
    owners: jax.Array  # int32 [N], which of its example's writers wrote it
    styles: jax.Array  # float32 [W, N, S], every writer's for it, the owner's among them

    def own_styles(self) -> jax.Array:
        """The style that each was written in: `[N, S]`."""
        return self.styles[self.owners, jnp.arange(len(self.owners))]

    def other_styles(self) -> jax.Array:
        """The style of another writer for each: `[N, S]`."""
        return self.styles[(self.owners + 1) % len(self.styles), jnp.arange(len(self.owners))]


@dataclasses.dataclass(frozen=True)
class WriterGuided:
    """The networks, the weights of the loss terms, and the losses and modes built from them."""

    networks: dict[str, nn.Module]
    latent_dim: int
    style_dim: int
    weights: Mapping[str, float]
    style_variance: float = 0.0  # of natural tries, as a share of how much one glyph's style varies
    compute: jnp.dtype = FLOAT32  # of the networks

    # The networks by what they do.

    def encode_hand(self, params: Params, images: jax.Array,
                    digits: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What each glyph tells of the hand, and how surely: values and log precisions `[N, S]`."""
        return self._apply(params, "hand_encoder", images, digits)

    def generate(self, params: Params, digits: jax.Array, styles: jax.Array, latents: jax.Array) -> jax.Array:
        """Digits `[N]` in styles `[N, S]`, each a try of its own `[N, Z]`: images `[N, 28, 28, 1]`."""
        return self._apply(params, "generator", digits, styles, latents)

    def discriminate(self, params: Params, images: jax.Array, digits: jax.Array,
                     styles: jax.Array) -> jax.Array:
        """Logits `[P, N]`, positive for real and by that hand, of images with P styles each `[P, N, S]`."""
        return self._apply(params, "discriminator", images, digits, styles)

    def infer_latents(self, params: Params, images: jax.Array, digits: jax.Array,
                      styles: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The posterior of the latents that glyphs were written with: means, log variances `[N, Z]`."""
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

    def lay_out(self, params: Params, batch: HandBatch) -> Targets:
        """The targets of a batch, with every writer's style for each from the references that it may see."""
        examples, writers, count = batch.target_digits.shape
        told = self.encode_hand(params, batch.references.reshape(-1, SIDE, SIDE, 1),
                                batch.reference_digits.reshape(-1))
        values, log_precisions = (x.reshape(*batch.reference_digits.shape, -1) for x in told)
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

    # The two phases.

    def discriminator_loss(self, params: Params, batch: HandBatch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Real glyphs with their writers' styles, against fakes and against real ones with another's."""
        targets = self.lay_out(params, batch)
        own, (latents, _) = targets.own_styles(), self.draw_latents(keys, len(targets.digits))
        fakes = self.generate(params, targets.digits, own, latents)
        real, mismatched = self.discriminate(params, targets.images, targets.digits,
                                             jnp.stack([own, targets.other_styles()]))
        fake, = self.discriminate(params, fakes, targets.digits, own[None])
        few = slice(None, None, PENALISED)

        def few_logits(images: jax.Array) -> jax.Array:
            return self.discriminate(params, images, targets.digits[few], own[None, few])[0]

        return weighted_sum({
            "adversarial": adversarial.matching_aware_loss(real, fake, mismatched),
            "r1": r1(few_logits, targets.images[few]),
        }, self.weights)

    def generator_loss(self, params: Params, batch: HandBatch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Everything else learns to draw, and what there is to know of a hand."""
        hold = jax.lax.stop_gradient
        targets = self.lay_out(params, batch)
        images, digits, own = targets.images, targets.digits, targets.own_styles()
        latents, noise = self.draw_latents(keys, len(digits))
        fakes = self.generate(params, digits, own, latents)
        means, log_variances = self.infer_latents(params, images, digits, own)
        rebuilt = self.generate(params, digits, own, means + jnp.exp(0.5 * log_variances) * noise)
        # What a style means is taught by real glyphs alone: a fake could agree with any.
        logits, = self.discriminate(params, fakes, digits, hold(own)[None])
        told, _ = self.encode_hand(params, images, digits)
        told_by_fakes, _ = self.encode_hand(hold(params), fakes, digits)
        return weighted_sum({
            "adversarial": adversarial.generator_loss(logits),
            "reconstruction": sum_of_squared_errors(rebuilt, images),
            "kl": kl_to_standard_normal(means, log_variances),
            "matching": contrastive_matching(told, targets.styles, targets.owners),
            "matching_of_fakes": contrastive_matching(told_by_fakes, hold(targets.styles), targets.owners),
        }, self.weights)

    def draw_latents(self, keys: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
        """Two standard normal latents for each of `count` targets, `[count, Z]`, from keys `[B]`."""
        shape = 2, count // len(keys), self.latent_dim
        latents = jax.vmap(lambda key: jax.random.normal(key, shape))(keys)
        one, other = latents.swapaxes(0, 1).reshape(2, count, self.latent_dim)
        return one, other

    # Synthesis.

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """Digits in the hand of the references; styles and latents vary about their means."""
        style_key, latent_key = jax.random.split(key)
        styles = self._styles(params, references, reference_digits, digits, style_key, variation)
        return self._draw(params, digits, styles, latent_key, variation)

    def blend(self, params: Params, references: jax.Array, reference_digits: jax.Array, others: jax.Array,
              other_digits: jax.Array, digits: jax.Array, key: jax.Array, variation: jax.Array,
              share: jax.Array) -> jax.Array:
        """Digits in a style between two hands', the same try for any share."""
        style_key, latent_key = jax.random.split(key)
        one = self._styles(params, references, reference_digits, digits, style_key, variation)
        other = self._styles(params, others, other_digits, digits, style_key, variation)
        return self._draw(params, digits, (1.0 - share) * one + share * other, latent_key, variation)

    def _styles(self, params: Params, references: jax.Array, reference_digits: jax.Array,
                digits: jax.Array, key: jax.Array, variation: jax.Array) -> jax.Array:
        """A style `[n, S]` of one hand for each digit."""
        told = self.encode_hand(params, references, reference_digits)
        drawn = bootstrap_weights(key, len(digits), len(references), self.style_variance)
        counts = jnp.maximum(1.0 + variation * (drawn - 1.0), 0.0)
        return self._apply(params, "style_pooling", *told, reference_digits, digits, counts)

    def _draw(self, params: Params, digits: jax.Array, styles: jax.Array, key: jax.Array,
              variation: jax.Array) -> jax.Array:
        latents = variation * jax.random.normal(key, (len(digits), self.latent_dim))
        return self.generate(params, digits, styles, latents)


def bootstrap_weights(key: jax.Array, draws: int, count: int, variance: float) -> jax.Array:
    """How much each of `count` references counts in each draw: `[draws, count]`, 1 in the mean.

    A Bayesian bootstrap (Rubin 1981) whose Dirichlet distribution has the concentration c that makes a mean
    of independent values, so weighted, vary by `variance` of what one value does: (1 - 1 / count) / (c + 1).
    `variance` is of [0, 1/2), which two references can reach.
    """
    if count == 1 or not variance:  # nothing to choose among
        return jnp.ones((draws, count))
    concentration = (1.0 - 1.0 / count) / variance - 1.0
    return count * jax.random.dirichlet(key, jnp.full(count, concentration / count), (draws,))


def build(config: ConfigDict) -> Method:
    """The writer-guided method from a config (configs/writer_guided.py names the fields).

    Raises:
      InputError: if `config.compute` is no precision, or `config.style_variance` out of range.
    """
    if not 0.0 <= config.style_variance < 0.5:  # two references cannot make for more
        raise InputError(f"style_variance is from 0 to less than 0.5, not {config.style_variance}")
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
    drawing = tuple(name for name in networks if name != "discriminator")
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("discriminator", ("discriminator",), model.discriminator_loss),
                Phase("generator", drawing, model.generator_loss)),
        averaged=("hand_encoder", "style_pooling", "generator"),
        synthesis={"writer": model.write, "blend": model.blend},
        examples=HANDS,
        page=PageNeeds(("hand_encoder", "style_pooling", "generator"), {"styleVariance": config.style_variance}),
    )
