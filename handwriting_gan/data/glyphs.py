"""The vocabulary of the data: glyphs on disk and in memory, images inside a network.

Axes: N glyphs of a set, B images of a batch. A glyph is 28 x 28.
Ranges: bytes 0 (paper) to 255 (ink); inside a network -1 (paper) to +1 (ink).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

DIGITS = 10
SIDE = 28
UNKNOWN_WRITER = -1
UNKNOWN_SERIES = -1


class Glyphs(NamedTuple):
    """A set of digit images."""

    images: np.ndarray  # uint8 [N, 28, 28], 0 paper, 255 ink
    digits: np.ndarray  # int32 [N], 0-9
    writers: np.ndarray  # int32 [N], UNKNOWN_WRITER where nobody knows
    series: np.ndarray  # int32 [N], NIST's form series (HSF) of the writer, UNKNOWN_SERIES likewise

    def take(self, rows: np.ndarray | list[int] | slice) -> "Glyphs":
        """The glyphs of the given rows (numbers, a boolean array or a slice)."""
        return Glyphs(*(column[rows] for column in self))


def make_glyphs(
    images: np.ndarray, digits: np.ndarray, writers: np.ndarray | None = None,
    series: np.ndarray | None = None
) -> Glyphs:
    """Builds `Glyphs` from uint8 `[N, 28, 28]` images and N digits; N writers and series where known.

    Raises:
      ValueError: if a shape, the type of the images or a digit is not as stated.
    """
    images = np.asarray(images)
    digits = np.asarray(digits, np.int32)
    if images.dtype != np.uint8 or images.shape != (len(digits), SIDE, SIDE):
        raise ValueError(f"images must be uint8 [{len(digits)}, {SIDE}, {SIDE}], "
                         f"not {images.dtype} {list(images.shape)}")
    if digits.ndim != 1 or np.any((digits < 0) | (digits >= DIGITS)):
        raise ValueError("digits must be a list of numbers from 0 to 9")
    return Glyphs(images, digits, _column(writers, len(digits), UNKNOWN_WRITER),
                  _column(series, len(digits), UNKNOWN_SERIES))


def _column(values: np.ndarray | None, count: int, unknown: int) -> np.ndarray:
    column = np.full(count, unknown, np.int32) if values is None else np.asarray(values, np.int32)
    if column.shape != (count,):
        raise ValueError(f"{count} glyphs need {count} writers and series, not {column.shape}")
    return column


def to_network(images: jax.Array) -> jax.Array:
    """Bytes `[..., 28, 28]`, 0 to 255, to float32 `[..., 28, 28, 1]`, -1 paper to +1 ink."""
    return images[..., None].astype(jnp.float32) / 127.5 - 1.0


def to_bytes(images: jax.Array) -> np.ndarray:
    """Network images `[..., 28, 28, 1]` to uint8 `[..., 28, 28]`; values beyond +-1 are clamped."""
    levels = (np.asarray(images)[..., 0] + 1.0) * 127.5
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)
