"""A trained model out of a workdir: the one door for evaluation, `write` and everything later.

Bytes in, bytes out: glyphs are uint8 `[N, 28, 28]`, 0 paper to 255 ink.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict
from numpy.typing import ArrayLike

from handwriting_gan import methods
from handwriting_gan.data.glyphs import Glyphs, checked_digits, checked_images, to_bytes, to_network
from handwriting_gan.errors import InputError, one_line
from handwriting_gan.files import local_path
from handwriting_gan.methods.method import Guided, Method, Params
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import RELEASED, Workdir, read_config

SEEDS = 2**32  # from 0
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

    def write(self, references: Glyphs, digits: ArrayLike, seed: int = 0,
              variation: float = 1.0) -> np.ndarray:
        """Writes digits in the hand of the references.

        As in all methods of this class, arrays are NumPy's or JAX's or lists, and nothing may be empty.

        Args:
          references: K glyphs of one hand, uint8 `[K, 28, 28]` and their digits `[K]`.
          digits: what to write, whole numbers 0-9 `[n]`.
          seed: a whole number in [0, 2**32); another is another try where the method draws a latent.
          variation: in [0, 1], how far the latents lie from their mean: 0 the best guess, 1 a natural try.

        Returns:
          uint8 `[n, 28, 28]`.

        Raises:
          InputError: if the method cannot write in a given hand.
          ValueError: if an argument is not as stated.
        """
        return self._by_hand("writer", {"references": references}, digits, seed,
                             _unit(variation, "variation"))

    def blend(self, references: Glyphs, others: Glyphs, digits: ArrayLike, share: float, seed: int = 0,
              variation: float = 1.0) -> np.ndarray:
        """Writes digits in a hand between two; arguments, result and errors as in `write`.

        `others` are glyphs of the second hand; `share` in [0, 1] is their weight.
        """
        return self._by_hand("blend", {"references": references, "others": others}, digits, seed,
                             _unit(variation, "variation"), _unit(share, "share"))

    def write_each(self, references: Glyphs, digits: ArrayLike, seed: int = 0,
                   variation: float = 1.0) -> np.ndarray:
        """Writes one digit in each of E hands: references uint8 `[E, K, 28, 28]`, digits `[E]`.

        Every hand has a latent of its own. Returns uint8 `[E, 28, 28]`; otherwise as `write`.
        """
        return self.write_tries(references, digits, [(seed, variation)])[0]

    def write_tries(self, references: Glyphs, digits: ArrayLike,
                    tries: Sequence[tuple[int, float]]) -> np.ndarray:
        """What `write_each` writes for each of T pairs of seed and variation: uint8 `[T, E, 28, 28]`.

        Whatever is the same for all tries is computed once. Errors as in `write`.
        """
        write, references = self._mode("writer"), _checked(references, "references", "EK")
        asked = checked_digits(digits, references.digits.shape[:1])
        if not len(tries):
            raise ValueError("tries must hold at least one pair of seed and variation")
        seeds = [_whole(seed) for seed, _ in tries]
        variations = [_unit(variation, "variation") for _, variation in tries]

        def draw(rows: np.ndarray, start: int) -> np.ndarray:
            keys = jnp.stack([jax.random.split(_key(seed, start), len(rows)) for seed in seeds])
            return to_bytes(_write_tries(write, self.params, to_network(jnp.asarray(references.images[rows])),
                                         references.digits[rows], asked[rows], keys, jnp.array(variations)))

        return np.moveaxis(_in_chunks(draw, len(asked), HANDS), 1, 0)

    def latent_guided(self, sources: Glyphs, digits: ArrayLike, seed: int = 0) -> np.ndarray:
        """Redraws each source `[N, 28, 28]` as its digit of `digits` `[N]` in a random style.

        Returns uint8 `[N, 28, 28]`; seed and errors as in `write`.
        """
        sources = _checked(sources, "sources")
        return self._guided("latent", _whole(seed), checked_digits(digits, sources.digits.shape), sources)

    def reference_guided(self, sources: Glyphs, references: Glyphs, seed: int = 0) -> np.ndarray:
        """Redraws each source `[N, 28, 28]` as its reference's digit in its reference's style.

        There are as many references as sources. Returns uint8 `[N, 28, 28]`; seed and errors as in `write`.
        """
        sources, references = _checked(sources, "sources"), _checked(references, "references")
        if len(references.digits) != len(sources.digits):
            raise ValueError(f"{len(sources.digits)} sources need as many references, "
                             f"not {len(references.digits)}")
        return self._guided("reference", _whole(seed), references.digits, sources, references)

    def _by_hand(self, mode: str, hands: dict[str, Glyphs], digits: ArrayLike, seed: int,
                 *amounts: float) -> np.ndarray:
        """A mode of the glyphs of one or two hands, by their names in errors, for digits `[n]`."""
        synthesize, seed = jax.jit(self._mode(mode)), _whole(seed)
        checked = [_checked(hand, name) for name, hand in hands.items()]
        asked = checked_digits(digits)
        if not len(asked):
            raise ValueError("digits must hold at least one whole number from 0 to 9")
        columns = [column for hand in checked
                   for column in (to_network(jnp.asarray(hand.images)), hand.digits)]

        def draw(rows: np.ndarray, start: int) -> np.ndarray:
            return to_bytes(synthesize(self.params, *columns, asked[rows], _key(seed, start), *amounts))

        return _in_chunks(draw, len(asked), min(CHUNK, len(asked)))

    def _guided(self, mode: str, seed: int, digits: np.ndarray, sources: Glyphs,
                references: Glyphs | None = None) -> np.ndarray:
        """A guided mode for digits `[N]`, the columns of sources and references `[N, ...]`."""
        guided: Guided = self._mode(mode)
        codes = [self._each_once(guided.content, sources.images)]
        if references is not None and guided.style is not None:
            codes.append(self._each_once(guided.style, references.images, references.digits))
        if guided.latent_dim:
            codes.append((_latents(guided, seed, len(digits)), np.arange(len(digits))))
        synthesize = jax.jit(guided.decode)

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

    def _mode(self, mode: str) -> Any:
        if mode not in self.method.synthesis:
            raise InputError(f"{self.config.method} has no {mode} mode; it has {', '.join(self.modes)}")
        return self.method.synthesis[mode]


def _checked(glyphs: Glyphs, name: str, axes: str = "N") -> Glyphs:
    """The glyphs with images and digits as NumPy arrays, a letter in `axes` for each axis of the digits.

    Raises:
      ValueError: if they are no glyphs, or none at all.
    """
    if not isinstance(glyphs, Glyphs):
        raise ValueError(f"{name} must be Glyphs, as make_glyphs returns them, not {type(glyphs).__name__}")
    images = checked_images(glyphs.images, f"the images of {name}", axes)
    digits = checked_digits(glyphs.digits, images.shape[:-2], f"the digits of {name}")
    if not digits.size:
        raise ValueError(f"{name} must hold at least one glyph, not {list(digits.shape)}")
    return glyphs._replace(images=images, digits=digits)


def _whole(seed: int) -> int:
    """The seed.

    Raises:
      ValueError: if it is no whole number in [0, 2**32).
    """
    value = np.asarray(seed)
    if value.shape or not jnp.issubdtype(value.dtype, jnp.integer) or not 0 <= value < SEEDS:
        raise ValueError(f"seed must be a whole number from 0 to {SEEDS - 1}, not {seed!r}")
    return int(value)


def _unit(number: float, name: str) -> float:
    """The number.

    Raises:
      ValueError: if it is none in [0, 1].
    """
    value = np.asarray(number)
    real = any(jnp.issubdtype(value.dtype, kind) for kind in (jnp.floating, jnp.integer))
    if value.shape or not real or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1, not {number!r}")
    return float(value)


def _key(seed: int, start: int) -> jax.Array:
    """Of the chunk that starts there."""
    return jax.random.fold_in(jax.random.key(seed), start)


def _latents(guided: Guided, seed: int, count: int) -> np.ndarray:
    """`[count, latent_dim]`, each glyph's own."""
    return _in_chunks(lambda _, start: np.asarray(guided.sample_latents(_key(seed, start), CHUNK)), count, CHUNK)


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
