"""The trained model that evaluation and writing use. Glyphs are uint8 `[N, 28, 28]`, 0 paper to 255 ink."""

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
from handwriting_gan.workdir.config_ranges import check_ranges
from handwriting_gan.workdir.layout import RELEASED, Workdir, read_config

SEEDS = 2**32  # from 0
CHUNK = 250  # latents, or digits in one hand, per key; another value changes the samples of a seed
IMAGES = 50  # per call of a network: more images exceed a core's cache, and one shape compiles only once
HANDS = 100  # per call of a network, for the same reasons
THREADS = 2  # calls in parallel


@dataclasses.dataclass(frozen=True)
class TrainedModel:
    """A method with its averaged networks."""

    config: ConfigDict
    method: Method
    params: Params
    step: int

    @property
    def modes(self) -> tuple[str, ...]:
        """The synthesis modes of the method: some of 'latent', 'reference', 'writer', 'blend'."""
        return tuple(self.method.synthesis)

    def with_fields(self, **fields: Any) -> "TrainedModel":
        """The same networks with other values of config fields that only synthesis uses, such as `solver_steps`.

        Raises:
          InputError: if the config has no such field, or a value is out of its range.
        """
        if missing := sorted(fields.keys() - self.config.keys()):
            raise InputError(f"{self.config.method} has no {missing[0]}")
        config = self.config.copy_and_resolve_references()
        config.update(fields)
        check_ranges(config, "")
        return dataclasses.replace(self, config=config, method=methods.build(config))

    def write(self, references: Glyphs, digits: ArrayLike, seed: int = 0,
              variation: float = 1.0) -> np.ndarray:
        """Writes digits in the hand of the references.

        As in all methods of this class, arrays may be NumPy arrays, JAX arrays or lists, and may not be empty.

        Args:
          references: K glyphs of one hand, uint8 `[K, 28, 28]`, with their digits `[K]`.
          digits: the digits to write, whole numbers 0-9 `[n]`.
          seed: a whole number in [0, 2**32); selects the latents if the method samples any.
          variation: in [0, 1], scales the latents' deviation from their mean: 0 the best guess, 1 a natural try.

        Returns:
          uint8 `[n, 28, 28]`.

        Raises:
          InputError: if the method has no such mode.
          ValueError: if an argument does not fit this description.
        """
        return self._by_hand("writer", {"references": references}, digits, seed,
                             _unit(variation, "variation"))

    def blend(self, references: Glyphs, others: Glyphs, digits: ArrayLike, share: float, seed: int = 0,
              variation: float = 1.0) -> np.ndarray:
        """Writes digits in a hand between two; arguments, result and errors as in `write`.

        `others` are glyphs of the second hand; `share` in [0, 1] is its weight.
        """
        return self._by_hand("blend", {"references": references, "others": others}, digits, seed,
                             _unit(variation, "variation"), _unit(share, "share"))

    def write_each(self, references: Glyphs, digits: ArrayLike, seed: int = 0,
                   variation: float = 1.0) -> np.ndarray:
        """Writes one digit in each of E hands: references uint8 `[E, K, 28, 28]`, digits `[E]`.

        Samples a latent for every hand. Returns uint8 `[E, 28, 28]`; otherwise as `write`.
        """
        return self.write_tries(references, digits, [(seed, variation)])[0]

    def write_tries(self, references: Glyphs, digits: ArrayLike,
                    tries: Sequence[tuple[int, float]]) -> np.ndarray:
        """The results of `write_each` for T pairs of seed and variation: uint8 `[T, E, 28, 28]`.

        Computes once what all tries share. Errors as in `write`.
        """
        write, references = self._mode("writer"), _checked(references, "references", "EK")
        targets = checked_digits(digits, references.digits.shape[:1])
        if not len(tries):
            raise ValueError("tries must hold at least one pair of seed and variation")
        seeds = [_whole(seed) for seed, _ in tries]
        variations = [_unit(variation, "variation") for _, variation in tries]

        def synthesise(rows: np.ndarray, start: int) -> np.ndarray:
            keys = jnp.stack([jax.random.split(_key(seed, start), len(rows)) for seed in seeds])
            return to_bytes(_write_tries(write, self.params, to_network(jnp.asarray(references.images[rows])),
                                         references.digits[rows], targets[rows], keys, jnp.array(variations)))

        return np.moveaxis(_in_chunks(synthesise, len(targets), HANDS), 1, 0)

    def latent_guided(self, sources: Glyphs, digits: ArrayLike, seed: int = 0, styles: ArrayLike | None = None,
                      others: ArrayLike | None = None, share: float = 0.0) -> np.ndarray:
        """Redraws each source `[N, 28, 28]` as its digit of `digits` `[N]` in a random style.

        `styles` `[N]` numbers the seed's random styles, so equal numbers give equal latents; by default each source
        has its own. With `others` `[N]`, latents are on the way from `styles` to `others`, by the fraction `share`
        in [0, 1]. Returns uint8 `[N, 28, 28]`; seed and errors as in `write`.
        """
        guided: Guided = self._mode("latent")
        sources = _checked(sources, "sources")
        digits = checked_digits(digits, sources.digits.shape)
        numbers = np.arange(len(digits)) if styles is None else _indices(styles, len(digits), "styles")
        ends = numbers if others is None else _indices(others, len(digits), "others")
        latents = _latents(guided, _whole(seed), int(max(numbers.max(), ends.max())) + 1)
        codes = [_on_arc(latents[numbers], latents[ends], _unit(share, "share"))] if guided.latent_dim else []
        return self._decode(guided, sources, codes, digits)

    def reference_guided(self, sources: Glyphs, references: Glyphs, seed: int = 0, others: Glyphs | None = None,
                         share: float = 0.0) -> np.ndarray:
        """Redraws each source `[N, 28, 28]` as its reference's digit in its reference's style.

        The numbers of references and sources are equal. With as many `others`, styles are interpolated between
        `references` and `others` by the fraction `share` in [0, 1], and the digit is that of the nearer one.
        Returns uint8 `[N, 28, 28]`; seed and errors as in `write`.
        """
        guided: Guided = self._mode("reference")
        sources, seed, share, ends = _checked(sources, "sources"), _whole(seed), _unit(share, "share"), []
        for name, glyphs in {"references": references, "others": references if others is None else others}.items():
            ends.append(_checked(glyphs, name))
            if len(glyphs.digits) != len(sources.digits):
                raise ValueError(f"{len(sources.digits)} sources need {len(sources.digits)} {name}, "
                                 f"not {len(glyphs.digits)}")
        codes = []
        if guided.style is not None:
            distinct = [self._encode_distinct(guided.style, glyphs.images, glyphs.digits) for glyphs in ends]
            start, end = (styles[indices] for styles, indices in distinct)
            codes.append((1.0 - share) * start + share * end)
        if guided.latent_dim:
            codes.append(_latents(guided, seed, len(sources.digits)))
        return self._decode(guided, sources, codes, ends[share > 0.5].digits)

    def _by_hand(self, mode: str, hands: dict[str, Glyphs], digits: ArrayLike, seed: int,
                 *amounts: float) -> np.ndarray:
        """Runs a mode for digits `[n]` and one or two hands, `{argument name: glyphs}`."""
        synthesise, seed = jax.jit(self._mode(mode)), _whole(seed)
        checked = [_checked(hand, name) for name, hand in hands.items()]
        targets = checked_digits(digits)
        if not len(targets):
            raise ValueError("digits must hold at least one whole number from 0 to 9")
        columns = [column for hand in checked
                   for column in (to_network(jnp.asarray(hand.images)), hand.digits)]

        def compute(rows: np.ndarray, start: int) -> np.ndarray:
            return to_bytes(synthesise(self.params, *columns, targets[rows], _key(seed, start), *amounts))

        return _in_chunks(compute, len(targets), min(CHUNK, len(targets)))

    def _decode(self, guided: Guided, sources: Glyphs, codes: Sequence[np.ndarray], digits: np.ndarray) -> np.ndarray:
        """Redraws sources as digits `[N]` with the codes `[N, ...]` that the guided mode takes."""
        contents, indices = self._encode_distinct(guided.content, sources.images)
        synthesise = jax.jit(guided.decode)

        def compute(rows: np.ndarray, _: int) -> np.ndarray:
            return to_bytes(synthesise(self.params, contents[indices[rows]], *(code[rows] for code in codes),
                                       digits[rows]))

        return _in_chunks(compute, len(digits), IMAGES)

    def _encode_distinct(self, encode: Callable[..., jax.Array], images: np.ndarray,
                         *digits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The codes of the distinct glyphs `[D, ...]`, and the index of each glyph's code `[N]`."""
        distinct, indices = _distinct(images, *digits)
        compiled = jax.jit(encode)

        def compute(rows: np.ndarray, _: int) -> np.ndarray:
            chosen = distinct[rows]
            return np.asarray(compiled(self.params, to_network(jnp.asarray(images[chosen])),
                                       *(column[chosen] for column in digits)))

        return _in_chunks(compute, len(distinct), min(IMAGES, len(distinct))), indices

    def _mode(self, mode: str) -> Any:
        if mode not in self.method.synthesis:
            raise InputError(f"{self.config.method} has no {mode} mode; it has {', '.join(self.modes)}")
        return self.method.synthesis[mode]


def _checked(glyphs: Glyphs, name: str, axes: str = "N") -> Glyphs:
    """Glyphs with images and digits as NumPy arrays; `axes` has one letter for each axis of the digits.

    Raises:
      ValueError: if they are not valid glyphs, or there are none.
    """
    if not isinstance(glyphs, Glyphs):
        raise ValueError(f"{name} must be Glyphs, as make_glyphs returns them, not {type(glyphs).__name__}")
    images = checked_images(glyphs.images, f"the images of {name}", axes)
    digits = checked_digits(glyphs.digits, images.shape[:-2], f"the digits of {name}")
    if not digits.size:
        raise ValueError(f"{name} must hold at least one glyph, not {list(digits.shape)}")
    return glyphs._replace(images=images, digits=digits)


def _whole(seed: int) -> int:
    """The seed as an int.

    Raises:
      ValueError: if it is not a whole number in [0, 2**32).
    """
    value = np.asarray(seed)
    if value.shape or not jnp.issubdtype(value.dtype, jnp.integer) or not 0 <= value < SEEDS:
        raise ValueError(f"seed must be a whole number from 0 to {SEEDS - 1}, not {seed!r}")
    return int(value)


def _unit(number: float, name: str) -> float:
    """The number as a float.

    Raises:
      ValueError: if it is not a number in [0, 1].
    """
    value = np.asarray(number)
    real = any(jnp.issubdtype(value.dtype, kind) for kind in (jnp.floating, jnp.integer))
    if value.shape or not real or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1, not {number!r}")
    return float(value)


def _indices(numbers: ArrayLike, count: int, name: str) -> np.ndarray:
    """The numbers as an array `[count]`.

    Raises:
      ValueError: if they are not `count` whole numbers from 0 to `CHUNK` - 1.
    """
    values = np.asarray(numbers)
    if values.shape != (count,) or values.dtype.kind not in "iu" or not np.all((values >= 0) & (values < CHUNK)):
        raise ValueError(f"{name} must be {count} whole numbers from 0 to {CHUNK - 1}")
    return values


def _on_arc(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """Latents `[N, Z]` on the way from `start` to `end`, by spherical interpolation (Shoemake 1985).

    Standard normal latents of many dimensions have nearly equal lengths, which a straight line between them leaves.
    """
    unit = [latents / np.linalg.norm(latents, axis=1, keepdims=True) for latents in (start, end)]
    angle = np.arccos(np.clip(np.sum(unit[0] * unit[1], axis=1, keepdims=True), -1.0, 1.0))
    near = np.sin(angle) < 1e-6  # equal or opposite: a straight line
    sine = np.where(near, 1.0, np.sin(angle))
    weights = [np.where(near, part, np.sin(part * angle) / sine) for part in (1.0 - share, share)]
    return (weights[0] * start + weights[1] * end).astype(start.dtype)


def _key(seed: int, start: int) -> jax.Array:
    """The key of the chunk that begins at `start`."""
    return jax.random.fold_in(jax.random.key(seed), start)


def _latents(guided: Guided, seed: int, count: int) -> np.ndarray:
    """Samples a latent for each glyph: `[count, latent_dim]`."""
    return _in_chunks(lambda _, start: np.asarray(guided.sample_latents(_key(seed, start), CHUNK)), count, CHUNK)


def _distinct(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The first row of each distinct value in columns `[N, ...]`: `[D]`; and each row's index into these: `[N]`."""
    whole = np.concatenate([np.ascontiguousarray(column).reshape(len(column), -1).view(np.uint8)
                            for column in columns], axis=1)
    rows = whole.view(np.dtype((np.void, whole.shape[1])))[:, 0]
    _, first, indices = np.unique(rows, return_index=True, return_inverse=True)
    return first, indices


def _in_chunks(compute: Callable[[np.ndarray, int], np.ndarray], count: int, size: int) -> np.ndarray:
    """The results of `compute(rows, start)` for chunks of `size` rows, concatenated: `[count, ...]`.

    Repeated rows fill the last chunk. The first chunk compiles; the others run in parallel, because a single
    convolution leaves a CPU core idle.
    """

    def chunk(start: int) -> np.ndarray:
        return compute(np.arange(start, start + size) % count, start)

    with ThreadPoolExecutor(THREADS) as threads:
        return np.concatenate([chunk(0), *threads.map(chunk, range(size, count, size))])[:count]


@functools.partial(jax.jit, static_argnums=0)
def _write_tries(write: Callable[..., jax.Array], params: Params, references: jax.Array,
                 reference_digits: jax.Array, digits: jax.Array, keys: jax.Array,
                 variations: jax.Array) -> jax.Array:
    """The writer mode for hands `[E, K, ...]`, one digit each `[E]`, and keys `[T, E]`: `[E, T, ...]`."""
    each = jax.vmap(write, in_axes=(None, 0, 0, 0, 0, None))
    tries = jax.vmap(each, in_axes=(None, None, None, None, 0, 0), out_axes=1)
    return tries(params, references, reference_digits, digits[:, None], keys, variations)[:, :, 0]


def load(workdir: str | Path | None = None) -> TrainedModel:
    """Loads the newest model of a workdir; without a workdir, the weights released with the package.

    Raises:
      InputError: if the folder holds no run or no checkpoint, or the checkpoint does not fit the config.
    """
    folder = Workdir(local_path(workdir) if workdir is not None else RELEASED)
    config = read_config(folder)
    if missing := [name for name in ("method", "preset", "data") if name not in config]:
        raise InputError(f"{folder.config} has no {', no '.join(missing)}; restore it or train again")
    try:
        method = methods.build(config)
        shapes = jax.eval_shape(method.init, jax.random.key(0))
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InputError(f"{folder.config} is not the config of a {config.get('method')} run "
                         f"({one_line(error)}); restore it or train again") from error
    params, step = checkpoints.restore_averaged(
        folder, {name: shapes[name] for name in method.averaged})
    return TrainedModel(config, method, params, step)
