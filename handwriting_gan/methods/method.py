"""The contract between a method and everything that trains, evaluates or writes with it.

A method is a set of networks and an ordered list of phases; a phase is a loss and the names of the networks
that it moves. Axes: B examples of a batch, K references of one writer, n digits to write.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import jax
from flax import linen as nn

from handwriting_gan.data.batches import TRANSLATIONS, Examples

Params = Mapping[str, Any]  # {network name: its parameters}


def initial_params(networks: Mapping[str, nn.Module], inputs: Mapping[str, tuple[jax.Array, ...]],
                   key: jax.Array) -> dict[str, Any]:
    """Each network's parameters by the shapes of its inputs; its key is that of its place among them."""
    keys = dict(zip(inputs, jax.random.split(key, len(inputs)), strict=True))
    return {name: network.init(keys[name], *inputs[name])["params"] for name, network in networks.items()}


class Loss(Protocol):
    """A scalar to minimise, and its terms by name, unweighted, for the log."""

    def __call__(self, params: Params, batch: Any, keys: jax.Array,
                 step: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        """A batch as the method's examples are drawn, and keys `[B]`, one per example.

        Noise belongs to an example, wherever it is computed. Phases of one iteration are given the same
        batch and keys, so they can share their latents; each repeat of a phase has its own. `step` is the
        iteration, int32, counted from 0.
        """


class Phase(NamedTuple):
    """One update: `updates` move down the gradient of `loss`, everything else is held constant."""

    name: str
    updates: tuple[str, ...]
    loss: Loss
    repeats: int = 1


@dataclasses.dataclass(frozen=True)
class Guided:
    """A guided mode in its parts. Called it is the mode itself.

    A glyph is encoded alone, so one that comes often has to be only once; latents are drawn apart, so they do
    not hang on how many glyphs a network sees at once.
    """

    # (params, contents [B, ...], styles or latents [B, ...] where the mode has any, digits [B]) -> [B]
    draw: Callable[..., jax.Array]
    content: Callable[[Params, jax.Array], jax.Array]  # (params, sources [B]) -> [B, ...]
    # (params, references [B], reference_digits [B]) -> [B, ...], where the mode has any
    style: Callable[..., jax.Array] | None = None
    latent_dim: int = 0

    def __call__(self, params: Params, sources: jax.Array, source_digits: jax.Array,
                 *told: jax.Array) -> jax.Array:
        """As `Method` has it; `told` is what comes after the sources there."""
        *references, digits, key = told
        codes = [self.style(params, *references, digits)] if self.style else []
        if self.latent_dim:
            codes.append(self.latents(key, len(digits)))
        return self.draw(params, self.content(params, sources), *codes, digits)

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Standard normal: float32 `[count, latent_dim]`."""
        return jax.random.normal(key, (count, self.latent_dim))


def as_it_is(params: Params, images: jax.Array) -> jax.Array:
    """Encodes nothing: the content is the image."""
    return images


class PageNeeds(NamedTuple):
    """What the page's JavaScript needs to run a method in a browser."""

    networks: tuple[str, ...]  # names of the networks whose parameters the page holds
    settings: Mapping[str, float]  # by their names in JavaScript


class Method(NamedTuple):
    """Everything that training, evaluation and writing know of a method.

    `synthesis` holds the modes that the method has, of these (images as inside a network; the first two are
    `Guided`):
      latent    (params, sources [B], source_digits [B], digits [B], key) -> [B]
      reference (params, sources [B], source_digits [B], references [B], reference_digits [B], key) -> [B]
      writer    (params, references [K], reference_digits [K], digits [n], key, variation) -> [n]
      blend     (params, references [K], reference_digits [K], others [L], other_digits [L], digits [n],
                 key, variation, share) -> [n]
    The reference's digit is the digit drawn. `variation` says how far what is drawn for a try, where
    anything is, lies from its mean: 0 not at all, the best guess; 1 a natural try. A `share` of 0 is the
    hand of the references, 1 that of the others. Synthesis needs only the `averaged` networks.
    """

    networks: Mapping[str, nn.Module]
    init: Callable[[jax.Array], dict[str, Any]]  # key -> Params
    phases: tuple[Phase, ...]
    averaged: tuple[str, ...]  # names of the networks under the moving average
    synthesis: Mapping[str, Callable[..., jax.Array]]
    examples: Examples = TRANSLATIONS
    page: PageNeeds | None = None  # None if the page has no JavaScript for the method
