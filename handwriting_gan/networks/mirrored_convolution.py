"""Convolutions that see an image mirrored beyond its edges, as MUNIT's do: the same function, sooner.

Axes: B images, H x W pixels, C channels in, F features out; images are NHWC, kernels HWIO.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from handwriting_gan.networks.row_convolution import conv_of_rows, conv_to_one
from handwriting_gan.networks.winograd_convolution import winograd_conv

_AXES = ("NHWC", "HWIO", "NHWC")
SMALL = 8  # pixels a side


def mirrored_conv(images: jax.Array, kernel: jax.Array, *_: Any, **__: Any) -> jax.Array:
    """By a 3 x 3 kernel: `[B, H, W, C]`, `[3, 3, C, F]` -> `[B, H, W, F]`.

    Takes and ignores what else `nn.Conv` says of a convolution that keeps the size. Small images a CPU does
    by fewer products; an accelerator's library chooses for itself, and may round what these cannot bear.
    """
    few = max(images.shape[1:3]) <= SMALL and images.dtype.itemsize >= jnp.float32.dtype.itemsize
    if few and jax.default_backend() == "cpu":
        return winograd_conv(images, kernel, "reflect")
    padded = jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    return unpadded_conv(padded, kernel, (1, 1), dimension_numbers=_AXES)


def double_then_mirrored_conv(images: jax.Array, kernel: jax.Array, *_: Any, **__: Any) -> jax.Array:
    """By a 5 x 5 kernel, of doubled images: `[B, H, W, C]`, `[5, 5, C, F]` -> `[B, 2 H, 2 W, F]`.

    Takes and ignores what else `nn.Conv` says of a convolution that keeps the size.

    Five taps each way reach three pixels of an image as it was, from even and from odd rows and columns each
    in their own way: 36 products where there were 100. That is so beyond an edge, too, if the nearest pixel
    stands there; where the mirror has the next one, at the farthest tap of the outermost row or column, the
    difference is added.
    """
    ends = ((1, 0), (-2, -1))  # the next pixel, the nearest one

    def differences(lines: jax.Array, taps: jax.Array, beyond: str) -> list[jax.Array]:
        """Of lines `[B, L, W, C]`, by taps `[5, 5, C, F]`, at the first and at the last."""
        return [_line(jnp.repeat(lines[:, inner] - lines[:, edge], 2, axis=1), taps[edge], beyond)
                for inner, edge in ends]

    outputs = _by_parities(images, kernel)
    rows = differences(images, kernel, "reflect")
    columns = differences(images.swapaxes(1, 2), kernel.swapaxes(0, 1), "edge")
    return outputs + _at_ends(rows, 1, outputs.shape[1]) + _at_ends(columns, 2, outputs.shape[2])


# [2, 3, 5]: which of three pixels each of five taps reaches, from an even place and from an odd one.
_REACHED = np.array([[[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]],
                     [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]], np.float32)


def _by_parities(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """As `double_then_mirrored_conv`, the nearest pixel beyond the edges."""
    count, height, width, channels = images.shape
    reached = jnp.asarray(_REACHED, kernel.dtype)
    by_parity = jnp.einsum("aut,bvs,tscf->uvcabf", reached, reached, kernel)
    outputs = unpadded_conv(jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge"),
                            by_parity.reshape(3, 3, channels, -1), (1, 1), dimension_numbers=_AXES)
    outputs = outputs.reshape(count, height, width, 2, 2, -1).swapaxes(2, 3)
    return outputs.reshape(count, 2 * height, 2 * width, -1)


def _line(pixels: jax.Array, taps: jax.Array, beyond: str) -> jax.Array:
    """A convolution along a line, in a mode of `jnp.pad`: `[B, W, C]`, `[T, C, F]` -> `[B, W, F]`, T odd."""
    count, channels, features = taps.shape
    width, reach = pixels.shape[1], count // 2
    padded = jnp.pad(pixels, ((0, 0), (reach, reach), (0, 0)), mode=beyond)
    reached = jnp.concatenate([padded[:, tap:tap + width] for tap in range(count)], axis=-1)
    return reached @ taps.reshape(count * channels, features)


def _at_ends(lines: list[jax.Array], axis: int, size: int) -> jax.Array:
    """Two lines `[B, L, F]` as the first and the last of so many rows (axis 1) or columns (2), 0 between."""
    ends = jnp.stack(lines, axis)
    between = [(0, 0, size - 2 if at == axis else 0) for at in range(4)]
    return lax.pad(ends, jnp.zeros((), ends.dtype), between)


def unpadded_conv(images: jax.Array, kernel: jax.Array, strides: tuple[int, int], *_: Any,
                  **options: Any) -> jax.Array:
    """`lax.conv_general_dilated` without padding: `[B, H, W, C]`, `[h, w, C, F]` -> `[B, H', W', F]`.

    Along rows where that is sooner. Elsewhere a row and a column of zeros are added and what they reach is
    cut off: XLA's CPU takes up to six times as long for a wide convolution that pads nothing.
    """
    channels, features = kernel.shape[2:]
    if channels == 1 or strides != (1, 1):
        return conv_of_rows(images, kernel, strides, ((0, 0), (0, 0)))
    if features == 1:
        return conv_to_one(images, kernel)
    return lax.conv_general_dilated(images, kernel, strides, ((0, 1), (0, 1)), **options)[:, :-1, :-1]
