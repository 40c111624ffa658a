"""The writer-guided method of this project: it writes any digit in the hand of a few glyphs by one writer.

The beliefs about the hand from all references are pooled into a style for each target digit, and into a prior of the
latent that the digit is written with. The style holds what the digits of a hand share. The latent holds how one digit
is made, such as a barred 7, and the differences between two tries: the style predicts the prior's mean, a reference
that shows the target's digit corrects it, and the prior's variance is what remains uncertain. A generator without a
source synthesises the digit from style and latent. The objective has four parts:

- a discriminator that is conditioned on the style and the prior's mean, with real glyphs in other writers' hands as
  further negatives (Reed et al. 2016);
- a conditional variational autoencoder of the latent with a learned prior (Sohn et al. 2015; with a discriminator:
  Larsen et al. 2016), which trains the prior; without it the generator ignores the latent. The divergence of
  posterior from prior does not depend on the latent's scale, so a small divergence of the posterior from N(0, I), the
  `anchor`, fixes the scale;
- contrastive matching of real glyphs and the styles of several writers, which trains the style;
- the same matching for fakes, so that the generator uses the style.

Axes: B examples of a batch, W writers of an example, G glyphs and T targets of a writer, R references,
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
from handwriting_gan.data.hands import TARGETS, HandBatch, hand_examples
from handwriting_gan.losses import adversarial
from handwriting_gan.losses.gradient_penalties import r1
from handwriting_gan.losses.matching import contrastive_matching
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import sum_of_squared_errors
from handwriting_gan.losses.variational import kl_divergence, kl_to_standard_normal
from handwriting_gan.methods.method import Method, Params, Phase, initial_params
from handwriting_gan.networks.precision import FLOAT32, apply_in, dtype_of
from handwriting_gan.networks.writer_guided import (
    Beliefs,
    Gaussian,
    GlyphGenerator,
    HandEncoder,
    HandPooling,
    MatchingDiscriminator,
)

R1_INTERVAL = 8  # R1 on every 8th target; second derivatives are expensive
# A natural try deviates by this fraction of the prior's standard deviation, chosen on validation writers. The prior's
# variance also contains what the references leave unknown about the hand, in which glyphs by one writer do not differ.
TEMPERATURE = 0.85
WRITING = ("hand_encoder", "hand_pooling", "generator")  # the networks that write


class Hands(NamedTuple):
    """The style for each target, and the prior of its latent."""

    styles: jax.Array  # float32 [..., S]
    priors: Gaussian  # float32 [..., Z]

    def conditions(self) -> jax.Array:
        """What the discriminator sees of a hand, `[..., S + Z]`; it does not train the prior."""
        return jnp.concatenate([self.styles, jax.lax.stop_gradient(self.priors.means)], axis=-1)


class Targets(NamedTuple):
    """The target glyphs of a batch along one axis, and their hands."""

    images: jax.Array  # float32 [N, 28, 28, 1]
    digits: jax.Array  # int32 [N]
    owners: jax.Array  # int32 [N], the index of its writer in the example
    beliefs: Beliefs  # float32 [N, ...], from the target itself
    hands: Hands  # float32 [W, N, ...], of each of the example's writers for the target

    def own_hands(self) -> Hands:
        """The hand of each target's writer, `[N, ...]`."""
        return self._of_writers(self.owners)

    def other_hands(self) -> Hands:
        """The hand of another writer for each target, `[N, ...]`."""
        return self._of_writers((self.owners + 1) % len(self.hands.styles))

    def _of_writers(self, writers: jax.Array) -> Hands:
        return jax.tree.map(lambda x: x[writers, jnp.arange(len(writers))], self.hands)


@dataclasses.dataclass(frozen=True)
class WriterGuided:
    """The networks with their losses and modes."""

    networks: dict[str, nn.Module]
    latent_dim: int
    style_dim: int
    weights: Mapping[str, float]
    learned_prior: bool = True  # False: the prior of every latent is N(0, I)
    compute: jnp.dtype = FLOAT32  # of the networks

    # Networks.

    def encode_hand(self, params: Params, images: jax.Array, digits: jax.Array) -> Beliefs:
        """Beliefs about latent and style from each glyph, `[N, ...]`."""
        return self._apply(params, "hand_encoder", images, digits)

    def pool(self, params: Params, beliefs: Beliefs, reference_digits: jax.Array, target_digits: jax.Array,
             given: jax.Array) -> Hands:
        """Beliefs `[..., R]`, int `[..., R]`, int `[..., T]`, bool `[..., T, R]` -> hands `[..., T, ...]`."""
        styles, priors = self._apply(params, "hand_pooling", beliefs, reference_digits, target_digits, given)
        return Hands(styles, priors if self.learned_prior else jax.tree.map(jnp.zeros_like, priors))

    def generate(self, params: Params, digits: jax.Array, styles: jax.Array, latents: jax.Array) -> jax.Array:
        """Digits `[N]` in styles `[N, S]` with latents `[N, Z]`: images `[N, 28, 28, 1]`."""
        return self._apply(params, "generator", digits, styles, latents)

    def discriminate(self, params: Params, images: jax.Array, digits: jax.Array,
                     conditions: jax.Array) -> jax.Array:
        """Logits `[P, N]`, positive for real and in that hand, of images with P conditions each `[P, N, S + Z]`."""
        return self._apply(params, "discriminator", images, digits, conditions)

    def _apply(self, params: Params, name: str, *inputs: Any) -> Any:
        return apply_in(self.compute, self.networks[name], params[name], *inputs)

    def init(self, key: jax.Array) -> dict[str, Any]:
        """Initial parameters of all networks."""
        images, digits = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros((1,), jnp.int32)
        styles, latents = jnp.zeros((1, self.style_dim)), jnp.zeros((1, self.latent_dim))
        beliefs = Beliefs(latents, latents, latents, styles, styles)
        inputs = {
            "hand_encoder": (images, digits),
            "hand_pooling": (beliefs, digits, digits, jnp.ones((1, 1), bool)),
            "generator": (digits, styles, latents),
            "discriminator": (images, digits, jnp.concatenate([styles, latents], axis=-1)[None]),
        }
        return initial_params(self.networks, inputs, key)

    def batch_targets(self, params: Params, batch: HandBatch) -> Targets:
        """The targets of a batch, with each writer's hand from the references given for the target."""
        examples, writers, glyphs = batch.digits.shape
        flat = self.encode_hand(params, batch.images.reshape(-1, SIDE, SIDE, 1), batch.digits.reshape(-1))
        beliefs: Beliefs = jax.tree.map(lambda x: x.reshape(examples, writers, glyphs, -1), flat)
        digits = batch.digits[:, :, :TARGETS]
        given = batch.given.reshape(examples, writers * TARGETS, writers, glyphs).swapaxes(1, 2)
        hands = self.pool(params, beliefs, batch.digits, digits.reshape(examples, 1, -1), given)
        return Targets(
            images=batch.images[:, :, :TARGETS].reshape(-1, SIDE, SIDE, 1),
            digits=digits.reshape(-1),
            owners=jnp.tile(jnp.repeat(jnp.arange(writers), TARGETS), examples),
            beliefs=jax.tree.map(lambda x: x[:, :, :TARGETS].reshape(digits.size, -1), beliefs),
            hands=jax.tree.map(lambda x: x.swapaxes(0, 1).reshape(writers, digits.size, -1), hands),
        )

    # Losses.

    def discriminator_loss(self, params: Params, batch: HandBatch, keys: jax.Array,
                           step: jax.Array) -> tuple[jax.Array, Terms]:
        """Real glyphs with their writers' hands against fakes, and against real glyphs with others' hands."""
        targets = self.batch_targets(params, batch)
        own, (noise, _) = targets.own_hands(), self.sample_noise(keys, len(targets.digits))
        fakes = self.generate(params, targets.digits, own.styles, sample(own.priors, noise))
        conditions = own.conditions()
        real, mismatched = self.discriminate(params, targets.images, targets.digits,
                                             jnp.stack([conditions, targets.other_hands().conditions()]))
        fake, = self.discriminate(params, fakes, targets.digits, conditions[None])
        some = slice(None, None, R1_INTERVAL)

        def some_logits(images: jax.Array) -> jax.Array:
            return self.discriminate(params, images, targets.digits[some], conditions[None, some])[0]

        return weighted_sum({
            "adversarial": adversarial.matching_aware_loss(real, fake, mismatched),
            "r1": r1(some_logits, targets.images[some]),
        }, self.weights)

    def generator_loss(self, params: Params, batch: HandBatch, keys: jax.Array,
                       step: jax.Array) -> tuple[jax.Array, Terms]:
        """Adversarial loss, variational autoencoder and matching, for all networks but the discriminator.

        Only the autoencoder trains the prior; fakes do not.
        """
        stop = jax.lax.stop_gradient
        targets = self.batch_targets(params, batch)
        digits, own, beliefs = targets.digits, targets.own_hands(), targets.beliefs
        noise, posterior_noise = self.sample_noise(keys, len(digits))
        fakes = self.generate(params, digits, own.styles, stop(sample(own.priors, noise)))
        posterior = Gaussian(beliefs.latents, beliefs.latent_log_variances)
        rebuilt = self.generate(params, digits, own.styles, sample(posterior, posterior_noise))
        # Fakes do not train the styles that they are compared with: they could agree on any meaning.
        logits, = self.discriminate(params, fakes, digits, stop(own.conditions())[None])
        fake_styles = self.encode_hand(stop(params), fakes, digits).styles
        return weighted_sum({
            "adversarial": adversarial.generator_loss(logits),
            "reconstruction": sum_of_squared_errors(rebuilt, targets.images),
            "kl": kl_divergence(*posterior, *own.priors),
            "anchor": kl_to_standard_normal(*posterior),
            "matching": contrastive_matching(beliefs.styles, targets.hands.styles, targets.owners),
            "matching_of_fakes": contrastive_matching(fake_styles, stop(targets.hands.styles), targets.owners),
        }, self.weights)

    def sample_noise(self, keys: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
        """Two standard normal arrays for `count` targets, both `[count, Z]`, from keys `[B]`."""
        shape = 2, count // len(keys), self.latent_dim
        noise = jax.vmap(lambda key: jax.random.normal(key, shape))(keys)
        first, second = noise.swapaxes(0, 1).reshape(2, count, self.latent_dim)
        return first, second

    # Synthesis.

    def write(self, params: Params, references: jax.Array, reference_digits: jax.Array, digits: jax.Array,
              key: jax.Array, variation: jax.Array) -> jax.Array:
        """Digits in the hand of the references."""
        hands = self._hands(params, references, reference_digits, digits)
        return self._generate_tries(params, digits, hands, key, variation)

    def blend(self, params: Params, references: jax.Array, reference_digits: jax.Array, others: jax.Array,
              other_digits: jax.Array, digits: jax.Array, key: jax.Array, variation: jax.Array,
              fraction: jax.Array) -> jax.Array:
        """Digits in an interpolation of two hands' styles and priors, with the same noise for every fraction."""
        one = self._hands(params, references, reference_digits, digits)
        other = self._hands(params, others, other_digits, digits)
        hands = jax.tree.map(lambda x, y: (1.0 - fraction) * x + fraction * y, one, other)
        return self._generate_tries(params, digits, hands, key, variation)

    def _hands(self, params: Params, references: jax.Array, reference_digits: jax.Array,
               digits: jax.Array) -> Hands:
        """One hand for each digit, `[n, ...]`."""
        beliefs = self.encode_hand(params, references, reference_digits)
        given = jnp.ones((len(digits), len(references)), bool)
        return self.pool(params, beliefs, reference_digits, digits, given)

    def _generate_tries(self, params: Params, digits: jax.Array, hands: Hands, key: jax.Array,
                        variation: jax.Array) -> jax.Array:
        noise = variation * TEMPERATURE * jax.random.normal(key, (len(digits), self.latent_dim))
        return self.generate(params, digits, hands.styles, sample(hands.priors, noise))


def sample(gaussian: Gaussian, noise: jax.Array) -> jax.Array:
    """Samples `[..., Z]` of diagonal Gaussians from standard normal noise `[..., Z]`."""
    return gaussian.means + jnp.exp(0.5 * gaussian.log_variances) * noise


def build(config: ConfigDict) -> Method:
    """The writer-guided method from a config as in configs/writer_guided.py.

    Raises:
      InputError: if `config.compute` is invalid.
    """
    sizes = config.networks
    networks = {
        "hand_encoder": HandEncoder(sizes.width, sizes.style_dim, sizes.latent_dim, DIGITS),
        "hand_pooling": HandPooling(DIGITS),
        "generator": GlyphGenerator(sizes.generator_width, DIGITS),
        "discriminator": MatchingDiscriminator(sizes.width, DIGITS),
    }
    model = WriterGuided(networks, sizes.latent_dim, sizes.style_dim, config.losses.to_dict(),
                         config.learned_prior, dtype_of(config.compute))
    return Method(
        networks=networks,
        init=model.init,
        phases=(Phase("discriminator", ("discriminator",), model.discriminator_loss),
                Phase("generator", WRITING, model.generator_loss)),
        averaged=WRITING,
        synthesis={"writer": model.write, "blend": model.blend},
        examples=hand_examples(config.own_digit),
        page_networks=WRITING if config.learned_prior else None,
    )
