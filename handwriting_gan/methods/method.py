"""The contract between a method and the code that trains, evaluates and writes with it.

A method is a set of networks and an ordered list of phases. A phase is a loss and the names of the networks that
it updates.

Axes: B examples of a batch, K and L references of one writer each, n digits to write. Images are float32
`[..., 28, 28, 1]`, -1 paper to +1 ink; digits are int32, 0-9; `key` is a JAX random key.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import jax
from flax import linen as nn

from handwriting_gan.data.batches import TRANSLATIONS, Examples

Params = Mapping[str, Any]  # {network name: its parameters}


def initial_params(networks: Mapping[str, nn.Module], inputs: Mapping[str, tuple[Any, ...]],
                   key: jax.Array) -> dict[str, Any]:
    """Initial parameters of each network from example inputs; the i-th of `inputs` uses the i-th split key."""
    keys = dict(zip(inputs, jax.random.split(key, len(inputs)), strict=True))
    return {name: network.init(keys[name], *inputs[name])["params"] for name, network in networks.items()}


class Loss(Protocol):
    """The scalar to minimise and, for the log, its unweighted terms by name."""

    def __call__(self, params: Params, batch: Any, keys: jax.Array,
                 step: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        """`batch` comes from the method's `examples`; `keys` `[B]` has one key per example; `step` counts from 0.

        Noise depends on the example's key alone, not on the device. All phases of an iteration receive the same
        batch and keys, so they share latents unless a loss folds a number of its own into the keys; each repeat of
        a phase receives another batch and other keys.
        """


class Phase(NamedTuple):
    """One update: a gradient step of `loss` in the networks `updates`, with all others constant."""

    name: str
    updates: tuple[str, ...]
    loss: Loss
    repeats: int = 1


@dataclasses.dataclass(frozen=True)
class Guided:
    """A guided mode: image translation with styles from references, from latents, from both or from neither.

    An image is `decode(params, content(params, sources), *codes, digits)`, where `codes` holds
    `style(params, references, digits)` if there is a `style`, then `sample_latents` if there is a `latent_dim`.
    All functions treat each image independently, so a caller can encode equal images once.
    """

    content: Callable[[Params, jax.Array], jax.Array]  # (params, sources [B]) -> contents [B, ...]
    decode: Callable[..., jax.Array]  # (params, contents [B, ...], *codes [B, ...], digits [B]) -> images [B]
    style: Callable[[Params, jax.Array, jax.Array], jax.Array] | None = None
    latent_dim: int = 0

    def sample_latents(self, key: jax.Array, count: int) -> jax.Array:
        """Standard normal latents float32 `[count, latent_dim]`."""
        return jax.random.normal(key, (count, self.latent_dim))


def image_as_content(params: Params, images: jax.Array) -> jax.Array:
    """The content of a method without a content encoder: the image itself."""
    return images


class Method(NamedTuple):
    """A method, as training, evaluation and writing use it.

    `synthesis` holds the modes that the method supports. They need only the `averaged` networks.
      latent, reference: `Guided`; the target digit of `reference` is the reference's digit
      writer: (params, references [K], reference_digits [K], digits [n], key, variation) -> images [n]
      blend: (params, references [K], reference_digits [K], others [L], other_digits [L], digits [n], key,
        variation, fraction) -> images [n]
    `variation` scales the deviation of latents from their mean: 0 is the best guess, 1 a natural try.
    `fraction` is the weight of the others' hand: 0 is the references' hand, 1 the others'.
    """

    networks: Mapping[str, nn.Module]
    init: Callable[[jax.Array], dict[str, Any]]  # key -> Params
    phases: tuple[Phase, ...]
    averaged: tuple[str, ...]  # names of the networks under the moving average
    synthesis: Mapping[str, Guided | Callable[..., jax.Array]]
    examples: Examples = TRANSLATIONS
    page_networks: tuple[str, ...] | None = None  # that the page runs; None if it cannot

    def glyphs_per_step(self, batch_size: int) -> int:
        """The training glyphs of an iteration, as budgets count them: one for each image to synthesise.

        The phases share their batches: as many as the most repeated phase has.
        """
        return batch_size * self.examples.targets * max(phase.repeats for phase in self.phases)
