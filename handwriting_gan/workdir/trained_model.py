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
from handwriting_gan.errors import InputError, one_line
from handwriting_gan.files import local_path
from handwriting_gan.methods.method import Guided, Method, Params
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import RELEASED, Workdir, read_config

CHUNK = 250  # latents, or digits in one hand, by one key: what a seed draws hangs on it
IMAGES = 50  # per call of a network: more leave a core's cache; one shape compiles once
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
        return self.write_tries(references, digits, [(seed, variation)])[0]

    def write_tries(self, references: Glyphs, digits: np.ndarray,
                    tries: Sequence[tuple[int, float]]) -> np.ndarray:
        """What `write_each` writes for each of several seeds and variations: uint8 `[T, E, 28, 28]`.

        Whatever is the same for all tries is computed once.
        """
        write, digits = self._mode("writer"), np.asarray(digits, np.int32)
        seeds, variations = zip(*tries, strict=True)

        def draw(rows: np.ndarray, start: int) -> np.ndarray:
            keys = jnp.stack([jax.random.split(_key(seed, start), len(rows)) for seed in seeds])
            return to_bytes(_write_tries(write, self.params, to_network(jnp.asarray(references.images[rows])),
                                         references.digits[rows], digits[rows], keys, jnp.array(variations)))

        return np.moveaxis(_in_chunks(draw, len(digits), HANDS), 1, 0)

    def latent_guided(self, sources: Glyphs, digits: np.ndarray, seed: int = 0) -> np.ndarray:
        """Redraws each source as its digit of `digits` `[N]` in a random style: uint8 `[N, 28, 28]`."""
        return self._guided("latent", seed, np.asarray(digits, np.int32), sources)

    def reference_guided(self, sources: Glyphs, references: Glyphs, seed: int = 0) -> np.ndarray:
        """Redraws each source as its reference's digit in its reference's style: uint8 `[N, 28, 28]`."""
        return self._guided("reference", seed, references.digits, sources, references)

    def _by_hand(self, mode: str, hands: list[Glyphs], digits: Sequence[int], seed: int,
                 *how: float) -> np.ndarray:
        """A mode of the glyphs of one or two hands, for digits `[n]`."""
        if not all(len(hand.digits) for hand in hands):
            raise InputError("at least one glyph of the hand is needed")
        if not len(digits) or any(digit not in range(DIGITS) for digit in digits):
            raise ValueError(f"digits are one or more of 0-9, not {list(digits)}")
        synthesize, digits = jax.jit(self._mode(mode)), np.asarray(digits, np.int32)
        told = [column for hand in hands for column in (to_network(jnp.asarray(hand.images)), hand.digits)]

        def draw(rows: np.ndarray, start: int) -> np.ndarray:
            return to_bytes(synthesize(self.params, *told, digits[rows], _key(seed, start), *how))

        return _in_chunks(draw, len(digits), min(CHUNK, len(digits)))

    def _guided(self, mode: str, seed: int, digits: np.ndarray, sources: Glyphs,
                references: Glyphs | None = None) -> np.ndarray:
        """A guided mode for digits `[N]`, the columns of sources and references `[N, ...]`."""
        guided = self._mode(mode)
        codes = [self._each_once(guided.content, sources.images)]
        if references is not None:
            codes.append(self._each_once(guided.style, references.images, references.digits))
        if guided.latent_dim:
            codes.append((_latents(guided, seed, len(digits)), np.arange(len(digits))))
        synthesize = jax.jit(guided.draw)

        def draw(rows: np.ndarray, _: int) -> np.ndarray:
            given = (code[places[rows]] for code, places in codes)
            return to_bytes(synthesize(self.params, *given, digits[rows]))

        return _in_chunks(draw, len(digits), IMAGES)

    def _each_once(self, encode: Callable[..., jax.Array], images: np.ndarray,
                   *digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The codes of glyphs that differ `[D, ...]`, and the place of each glyph `[N]` among them."""
        rows, places = _distinct(images, *digits)
        encoded = jax.jit(encode)

        def encode_rows(some: np.ndarray, _: int) -> np.ndarray:
            chosen = rows[some]
            return np.asarray(encoded(self.params, to_network(jnp.asarray(images[chosen])),
                                      *(column[chosen] for column in digits)))

        return _in_chunks(encode_rows, len(rows), min(IMAGES, len(rows))), places

    def _mode(self, mode: str) -> Callable[..., jax.Array]:
        if mode not in self.method.synthesis:
            raise InputError(f"{self.config.method} has no {mode} mode; it has {', '.join(self.modes)}")
        return self.method.synthesis[mode]


def _key(seed: int, start: int) -> jax.Array:
    """Of the chunk that starts there."""
    return jax.random.fold_in(jax.random.key(seed), start)


def _latents(guided: Guided, seed: int, count: int) -> np.ndarray:
    """`[count, latent_dim]`, each glyph's own."""
    return _in_chunks(lambda _, start: np.asarray(guided.latents(_key(seed, start), CHUNK)), count, CHUNK)


def _distinct(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of rows `[N, ...]` the numbers of those that differ, and the place of each row among these `[N]`."""
    whole = np.concatenate([np.ascontiguousarray(column).reshape(len(column), -1).view(np.uint8)
                            for column in columns], axis=1)
    rows = whole.view(np.dtype((np.void, whole.shape[1])))[:, 0]
    _, first, places = np.unique(rows, return_index=True, return_inverse=True)
    return first, places


def _in_chunks(compute: Callable[[np.ndarray, int], np.ndarray], count: int, size: int) -> np.ndarray:
    """`compute(rows, start)` chunk by chunk; the last is filled up by repeating rows, which are then cut off.

    The first compiles. Of the others some run at once: alone, a CPU's convolution leaves a core idle.
    """

    def chunk(start: int) -> np.ndarray:
        return compute(np.arange(start, start + size) % count, start)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return np.concatenate([chunk(0), *threads.map(chunk, range(size, count, size))])[:count]


@functools.partial(jax.jit, static_argnums=0)
def _write_tries(write: Callable[..., jax.Array], params: Params, references: jax.Array,
                 reference_digits: jax.Array, digits: jax.Array, keys: jax.Array,
                 variations: jax.Array) -> jax.Array:
    """The writer mode for hands `[E, K, ...]`, one digit `[E]` each, by keys `[T, E]`: `[E, T, ...]`."""
    each = jax.vmap(write, in_axes=(None, 0, 0, 0, 0, None))
    tries = jax.vmap(each, in_axes=(None, None, None, None, 0, 0), out_axes=1)
    return tries(params, references, reference_digits, digits[:, None], keys, variations)[:, :, 0]


def load(workdir: str | Path | None = None) -> TrainedModel:
    """The newest model of a workdir; without one, the weights released inside the package.

    Raises:
      InputError: if the folder holds no run, no checkpoint, or one that does not fit its config.
    """
    folder = Workdir(local_path(workdir) if workdir is not None else RELEASED)
    config = read_config(folder)
    try:
        method = methods.build(config)
        shapes = jax.eval_shape(method.init, jax.random.key(0))
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{folder.config} is not the config of a {config.get('method')} run "
                         f"({one_line(error)}); restore it or train anew") from error
    params, step = checkpoints.restore_averaged(
        folder, {name: shapes[name] for name in method.averaged})
    return TrainedModel(config, method, params, step)
