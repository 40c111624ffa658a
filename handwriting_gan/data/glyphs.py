"""Glyphs as bytes, and images inside a network.

Axes: N glyphs of a set, B images of a batch. A glyph is 28 x 28.
Ranges: bytes 0 (paper) to 255 (ink); inside a network -1 (paper) to +1 (ink).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike

DIGITS = 10
SIDE = 28
UNKNOWN_WRITER = -1
UNKNOWN_SERIES = -1


class Glyphs(NamedTuple):
    """A set of digit images."""

    images: np.ndarray  # uint8 [N, 28, 28], 0 paper, 255 ink
    digits: np.ndarray  # int32 [N], 0-9
    writers: np.ndarray  # int32 [N], or UNKNOWN_WRITER
    series: np.ndarray  # int32 [N], NIST's form series (HSF) of the writer, or UNKNOWN_SERIES

    def take(self, rows: np.ndarray | list[int] | slice) -> "Glyphs":
        """The glyphs of the given rows: indices, a boolean array or a slice."""
        return Glyphs(*(column[rows] for column in self))


def make_glyphs(
    images: ArrayLike, digits: ArrayLike, writers: ArrayLike | None = None, series: ArrayLike | None = None
) -> Glyphs:
    """Builds `Glyphs` from images uint8 `[N, 28, 28]`, digits 0-9 `[N]`, and writers and series `[N]` if known.

    N may be 0. Each argument is a NumPy or JAX array or a list; writers and series are integers >= -1.

    Raises:
      ValueError: if a shape, a type or a number is invalid.
    """
    images = checked_images(images)
    count = len(images)
    return Glyphs(images, checked_digits(digits, (count,)),
                  _column(writers, "writers", count, UNKNOWN_WRITER),
                  _column(series, "series", count, UNKNOWN_SERIES))


def checked_images(images: ArrayLike, name: str = "images", axes: str = "N") -> np.ndarray:
    """The images as a NumPy array uint8 `[..., 28, 28]`.

    Args:
      images: a NumPy or JAX array, or a list of arrays.
      name: the argument's name for the error message.
      axes: a letter for each leading axis, such as "N" or "EK".

    Raises:
      ValueError: if the type or shape differs.
    """
    array = _array(images, name)
    if array.dtype != np.uint8 or array.ndim != len(axes) + 2 or array.shape[-2:] != (SIDE, SIDE):
        raise ValueError(f"{name} must be uint8 [{', '.join(axes)}, {SIDE}, {SIDE}], 0 paper to 255 ink, "
                         f"not {array.dtype} {list(array.shape)}")
    return array


def checked_digits(digits: ArrayLike, shape: tuple[int, ...] | None = None,
                   name: str = "digits") -> np.ndarray:
    """The digits as a NumPy array int32.

    Args:
      digits: a NumPy or JAX array, or a list, of integers 0-9.
      shape: the required shape; without one, any `[n]`.
      name: the argument's name for the error message.

    Raises:
      ValueError: if a digit is not an integer from 0 to 9, or the shape differs.
    """
    array = _whole_numbers(digits, name, 0, DIGITS - 1)
    if shape is None and array.ndim != 1:
        raise ValueError(f"{name} must be a list, not of shape {list(array.shape)}")
    if shape is not None and array.shape != shape:
        raise ValueError(f"{name} must be of shape {list(shape)}, one for each image, "
                         f"not {list(array.shape)}")
    return array


def _column(values: ArrayLike | None, name: str, count: int, unknown: int) -> np.ndarray:
    if values is None:
        return np.full(count, unknown, np.int32)
    column = _whole_numbers(values, name, unknown, np.iinfo(np.int32).max)
    if column.shape != (count,):
        raise ValueError(f"{count} glyphs need {count} writers and series, not {column.shape}")
    return column


def _whole_numbers(values: ArrayLike, name: str, least: int, most: int) -> np.ndarray:
    """The values as int32; NumPy's own cast would accept 7.9, 2**32 and booleans."""
    array = _array(values, name)
    if array.size == 0:  # NumPy makes an empty list float64
        return array.astype(np.int32)
    if not jnp.issubdtype(array.dtype, jnp.integer) or _holds_booleans(values):
        raise ValueError(f"{name} must be whole numbers from {least} to {most}, not "
                         f"{'bool' if _holds_booleans(values) else array.dtype}")
    if array.min() < least or array.max() > most:
        wrong = array[(array < least) | (array > most)].flat[0]
        raise ValueError(f"{name} must be whole numbers from {least} to {most}, not {wrong}")
    return array.astype(np.int32)


def _holds_booleans(values: ArrayLike) -> bool:
    """Also inside a list, where NumPy converts True to 1."""
    if hasattr(values, "dtype"):
        return values.dtype == np.bool_
    if isinstance(values, list | tuple):
        return any(map(_holds_booleans, values))
    return isinstance(values, bool)


def _array(values: ArrayLike, name: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:  # a ragged list
        raise ValueError(f"{name} must be an array; the parts of this list differ in shape") from error


def to_network(images: jax.Array) -> jax.Array:
    """Bytes uint8 `[..., 28, 28]` to network images float32 `[..., 28, 28, 1]`."""
    return images[..., None].astype(jnp.float32) / 127.5 - 1.0


def to_bytes(images: jax.Array) -> np.ndarray:
    """Network images `[..., 28, 28, 1]` to uint8 `[..., 28, 28]`; values beyond +-1 are clipped."""
    levels = (np.asarray(images)[..., 0] + 1.0) * 127.5
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)
