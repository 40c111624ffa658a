"""A trained model out of a workdir: the one door for evaluation, `write` and everything later.

Bytes in, bytes out: glyphs are uint8 `[N, 28, 28]`, 0 paper to 255 ink.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from handwriting_gan import methods
from handwriting_gan.data.glyphs import DIGITS, Glyphs, to_bytes, to_network
from handwriting_gan.errors import InputError
from handwriting_gan.methods.method import Method, Params
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import RELEASED, Workdir, read_config

CHUNK = 250  # images per call of a network: bounds memory, and one shape compiles once
HANDS = 100  # hands per call, likewise
AT_ONCE = 2  # calls


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A method with its averaged networks."""

    config: ConfigDict
    method: Method
    params: Params
    step: int

    @property
    def modes(self) -> tuple[str, ...]:
        """The ways of synthesis that the method has: of 'latent', 'reference', 'writer', 'blend'."""
        return tuple(self.method.synthesis)

    def write(self, references: Glyphs, digits: Sequence[int], seed: int = 0,
              variation: float = 1.0) -> np.ndarray:
        """Writes `digits`, each 0-9, in the hand of the references: uint8 `[n, 28, 28]`.

        `seed` (a whole number >= 0) is another try where the method draws anything for one; `variation` is
        how far what is drawn lies from its mean: 0 the best guess, 1 a natural try.

        Raises:
          InputError: if the method cannot write in a given hand, or there is nothing to learn it from.
          ValueError: if a digit is none.
        """
        return self._by_hand("writer", [references], digits, seed, variation)

    def blend(self, references: Glyphs, others: Glyphs, digits: Sequence[int], share: float, seed: int = 0,
              variation: float = 1.0) -> np.ndarray:
        """Writes `digits` in a hand between two: of the others a share of 0 to 1. Otherwise as `write`."""
        return self._by_hand("blend", [references, others], digits, seed, variation, share)

    def write_each(self, references: Glyphs, digits: np.ndarray, seed: int = 0,
                   variation: float = 1.0) -> np.ndarray:
        """One digit in each of many hands: references' columns `[E, K, ...]`, digits `[E]`.

        Otherwise as `write`; every hand has a latent of its own. Returns uint8 `[E, 28, 28]`.
        """
        write, digits = self._mode("writer"), np.asarray(digits, np.int32)

        def draw(rows: np.ndarray, key: jax.Array) -> jax.Array:
            return _write_each(write, self.params, to_network(jnp.asarray(references.images[rows])),
                               references.digits[rows], digits[rows], jax.random.split(key, len(rows)),
                               variation)

        return _in_chunks(draw, len(digits), HANDS, seed)

    def latent_guided(self, sources: Glyphs, digits: np.ndarray, seed: int = 0) -> np.ndarray:
        """Redraws each source as its digit of `digits` `[N]` in a random style: uint8 `[N, 28, 28]`."""
        return self._guided("latent", seed, sources.images, sources.digits,
                               np.asarray(digits, np.int32))

    def reference_guided(self, sources: Glyphs, references: Glyphs, seed: int = 0) -> np.ndarray:
        """Redraws each source as its reference's digit in its reference's style: uint8 `[N, 28, 28]`."""
        return self._guided("reference", seed, sources.images, sources.digits,
                               references.images, references.digits)

    def _by_hand(self, mode: str, hands: list[Glyphs], digits: Sequence[int], seed: int,
                 *how: float) -> np.ndarray:
        """A mode of the glyphs of one or two hands, for digits `[n]`."""
        if not all(len(hand.digits) for hand in hands):
            raise InputError("at least one glyph of the hand is needed")
        if not len(digits) or any(digit not in range(DIGITS) for digit in digits):
            raise ValueError(f"digits are one or more of 0-9, not {list(digits)}")
        synthesize, digits = self._synthesis(mode), np.asarray(digits, np.int32)
        told = [column for hand in hands for column in (to_network(jnp.asarray(hand.images)), hand.digits)]

        def draw(rows: np.ndarray, key: jax.Array) -> jax.Array:
            return synthesize(self.params, *told, digits[rows], key, *how)

        return _in_chunks(draw, len(digits), min(CHUNK, len(digits)), seed)

    def _guided(self, mode: str, seed: int, *columns: np.ndarray) -> np.ndarray:
        """A guided mode of columns `[N, ...]`."""
        synthesize = self._synthesis(mode)

        def draw(rows: np.ndarray, key: jax.Array) -> jax.Array:
            inputs = (to_network(jnp.asarray(column[rows])) if column.ndim == 3 else column[rows]
                      for column in columns)
            return synthesize(self.params, *inputs, key)

        return _in_chunks(draw, len(columns[0]), CHUNK, seed)

    def _synthesis(self, mode: str) -> Callable[..., jax.Array]:
        return jax.jit(self._mode(mode))

    def _mode(self, mode: str) -> Callable[..., jax.Array]:
        if mode not in self.method.synthesis:
            raise InputError(f"{self.config.method} has no {mode} mode; it has {', '.join(self.modes)}")
        return self.method.synthesis[mode]


def _in_chunks(draw: Callable[[np.ndarray, jax.Array], jax.Array], count: int, size: int,
               seed: int) -> np.ndarray:
    """`draw(rows, key)` chunk by chunk; the last is filled up by repeating rows, which are then cut off.

    The first compiles. Of the others some run at once: alone, a CPU's convolution leaves a core idle.
    """

    def chunk(start: int) -> np.ndarray:
        key = jax.random.fold_in(jax.random.key(seed), start)
        return to_bytes(draw(np.arange(start, start + size) % count, key))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return np.concatenate([chunk(0), *threads.map(chunk, range(size, count, size))])[:count]


@functools.partial(jax.jit, static_argnums=0)
def _write_each(write: Callable[..., jax.Array], params: Params, references: jax.Array,
                reference_digits: jax.Array, digits: jax.Array, keys: jax.Array,
                variation: jax.Array) -> jax.Array:
    """The writer mode for hands `[E, K, ...]`, one digit `[E]` each."""
    images = jax.vmap(write, in_axes=(None, 0, 0, 0, 0, None))(
        params, references, reference_digits, digits[:, None], keys, variation)
    return images[:, 0]


def load(workdir: str | Path | None = None) -> TrainedModel:
    """The newest model of a workdir; without one, the weights released inside the package.

    Raises:
      InputError: if the folder holds no run, no checkpoint, or one that does not fit its config.
    """
    folder = Workdir(Path(workdir) if workdir is not None else RELEASED)
    config = read_config(folder)
    try:
        method = methods.build(config)
        shapes = jax.eval_shape(method.init, jax.random.key(0))
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{folder.config} is not the config of a {config.get('method')} run "
                         f"({str(error).splitlines()[0]}); restore it or train anew") from error
    params, step = checkpoints.restore_averaged(
        folder, {name: shapes[name] for name in method.averaged})
    return TrainedModel(config, method, params, step)
