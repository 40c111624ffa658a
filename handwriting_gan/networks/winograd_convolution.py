"""A 3 x 3 convolution of small images by a quarter of its products (Winograd 1980; Lavin & Gray 2016).

Along a line, four outputs of three taps are a product of polynomials, known by its values at six points: six
products where there were twelve; along both, 36 where there were 144. Going to the values and back is linear,
so a small image, its padding and its tiles of four included, goes there by one matrix.

Values round worse than a convolution does, in float32 to some 2e-5 of what is typical; half precision they
would not survive.

Axes: B images, H x W pixels, C channels in, F features out, L pixels of a line, T tiles of it, P points.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

TAPS = 3
TILE = 4  # outputs
REACHED = TILE + TAPS - 1  # pixels, and as many points
POINTS = np.array([0.0, 1.0, -1.0, 2.0, -2.0])  # and infinity, where a polynomial is its last coefficient


class Matrices(NamedTuple):
    """What leads to the values at all points, and from their products to the outputs: float64."""

    pixels: np.ndarray  # [P, T, L] along a line, [P^2 T^2, H W] along both
    taps: np.ndarray  # [P, 3], [P^2, 9]
    products: np.ndarray  # [L, P, T], [H W, P^2 T^2]


def winograd_conv(images: jax.Array, kernel: jax.Array, mode: str) -> jax.Array:
    """Of images padded by a pixel in a mode of `jnp.pad`: `[B, H, W, C]`, `[3, 3, C, F]` -> `[B, H, W, F]`.

    For small ones: the matrices' cost is of the fourth order in an image's side.
    """
    count, height, width, channels = images.shape
    features = kernel.shape[-1]
    matrices = (jnp.asarray(matrix, kernel.dtype) for matrix in along_both(height, width, mode))
    to_values, of_taps, to_outputs = matrices
    pixels = images.transpose(1, 2, 0, 3).reshape(height * width, -1)
    values = (to_values @ pixels).reshape(len(of_taps), -1, channels)
    taps = (of_taps @ kernel.reshape(TAPS**2, -1)).reshape(-1, channels, features)
    outputs = to_outputs @ (values @ taps).reshape(-1, count * features)
    return outputs.reshape(height, width, count, features).transpose(2, 0, 1, 3)


@functools.cache
def along_both(height: int, width: int, mode: str) -> Matrices:
    """Of an image of that size, padded in that mode of `jnp.pad`."""
    rows, columns = along_line(height, mode), along_line(width, mode)
    return Matrices(
        np.einsum("pth,qsw->pqtshw", rows.pixels, columns.pixels).reshape(-1, height * width),
        np.einsum("pi,qj->pqij", rows.taps, columns.taps).reshape(-1, TAPS**2),
        np.einsum("hpt,wqs->hwpqts", rows.products, columns.products).reshape(height * width, -1))


def along_line(length: int, mode: str) -> Matrices:
    """Of a line of so many pixels, padded in that mode of `jnp.pad`."""
    outputs, taps = _powers(TILE), _powers(TAPS)
    # Output o adds pixel o + t times tap t for each t; that must come of the products, whatever the pixels.
    wanted = np.stack([np.eye(TILE, REACHED, tap) for tap in range(TAPS)], axis=1)
    of_tile, *_ = np.linalg.lstsq(np.einsum("po,pt->otp", outputs, taps).reshape(-1, REACHED),
                                  wanted.reshape(-1, REACHED))
    starts = range(0, length, TILE)
    padded = np.pad(np.pad(np.eye(length), ((1, 1), (0, 0)), mode=mode), ((0, TILE), (0, 0)))
    pixels = np.stack([of_tile @ padded[start:start + REACHED] for start in starts], axis=1)
    products = np.einsum("st,po->sopt", np.eye(len(starts)), outputs).reshape(-1, REACHED, len(starts))
    return Matrices(pixels, taps, products[:length])


def _powers(count: int) -> np.ndarray:
    """Values at all points of a polynomial of so many coefficients: `[P, count]`."""
    return np.concatenate([POINTS[:, None] ** np.arange(count), np.eye(1, count, count - 1)])
