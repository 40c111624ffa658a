"""Convolutions along rows: the same function, sooner where XLA's CPU is slow at both ways at once.

A kernel's rows can be channels. Either the rows of an image that they reach are gathered first, and what is
left is a convolution along rows of all their channels: so with a stride, whose derivatives dilate, and with
one channel. Or a convolution along rows makes a feature for each of the kernel's rows, and these are moved to
where they belong and added up: so with one feature.

Axes: B images, H x W pixels, C channels in, F features out; images are NHWC, kernels HWIO.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

_AXES = ("NHWC", "HWIO", "NHWC")


def conv_of_rows(images: jax.Array, kernel: jax.Array, strides: tuple[int, int],
                 padding: Sequence[tuple[int, int]], **_: Any) -> jax.Array:
    """Of gathered rows: `[B, H, W, C]`, `[h, w, C, F]` -> `[B, H', W', F]`.

    Takes and ignores what else `nn.Conv` says of a convolution that neither dilates nor groups.
    """
    rows, columns, channels, features = kernel.shape
    images = jnp.pad(images, ((0, 0), padding[0], (0, 0), (0, 0)))
    places = images.shape[1] - rows + 1
    gathered = jnp.concatenate([images[:, row:row + places:strides[0]] for row in range(rows)], axis=-1)
    along = kernel.swapaxes(0, 1).reshape(1, columns, rows * channels, features)
    return lax.conv_general_dilated(gathered, along, (1, strides[1]), ((0, 0), padding[1]),
                                    dimension_numbers=_AXES)


def conv_to_one(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """Of rows added up, unpadded: `[B, H, W, C]`, `[h, w, C, 1]` -> `[B, H', W', 1]`."""
    rows = kernel.shape[0]
    along = lax.conv_general_dilated(images, kernel.transpose(3, 1, 2, 0), (1, 1), "VALID",
                                     dimension_numbers=_AXES)
    places = images.shape[1] - rows + 1
    return sum(along[:, row:row + places, :, row:row + 1] for row in range(rows))
