"""A 3 x 3 convolution and a change of size by two, as one convolution: fewer products, the same function.

The mean of four neighbouring outputs of a 3 x 3 kernel is one output of a 4 x 4 kernel, so a convolution that
is then halved is a 4 x 4 convolution of stride 2: 16 products where there were 36. Doubling and then a
convolution is the transpose of that. The 4 x 4 convolution is linear in its images and in its kernel, and so
are its two transposes; the derivatives of each are the other two. Saying so keeps derivatives of every
order, R1's too, among these three: what JAX derives by itself dilates images, which XLA's CPU is slow at. The
transposed convolution that DCGANs grow by is one of them as well.

Axes: B images, H x W pixels, C channels in, F features out; images are NHWC, kernels HWIO.
"""

import functools
import operator
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

PADDING = ((1, 1), (1, 1))  # of the 4 x 4 kernel, where the 3 x 3 one keeps the size
Pair = tuple[jax.Array, jax.Array]


def conv_then_halve(images: jax.Array, kernel: jax.Array, *_: Any, **__: Any) -> jax.Array:
    """The 2 x 2 means of a convolution: `[B, H, W, C]`, `[3, 3, C, F]` -> `[B, H // 2, W // 2, F]`.

    Takes and ignores what else `nn.Conv` says of a convolution that keeps the size.
    """
    return _halving(images, _widen(kernel) / 4)


def double_then_conv(images: jax.Array, kernel: jax.Array, *_: Any, **__: Any) -> jax.Array:
    """A convolution of doubled images: `[B, H, W, C]`, `[3, 3, C, F]` -> `[B, 2 H, 2 W, F]`."""
    height, width = images.shape[1:3]
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    return _doubling((2 * height, 2 * width), images, _widen(turned))


def conv_transpose(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """`lax.conv_transpose` of stride 2, SAME: `[B, H, W, C]`, `[4, 4, C, F]` -> `[B, 2 H, 2 W, F]`.

    Its own derivatives take XLA's CPU twenty times as long.
    """
    _, height, width, _ = images.shape
    return _doubling((2 * height, 2 * width), images, kernel[::-1, ::-1].swapaxes(2, 3))


def _widen(kernel: jax.Array) -> jax.Array:
    """The sum of a 3 x 3 kernel's four places in a 4 x 4 one."""
    return functools.reduce(operator.add, (
        jnp.pad(kernel, ((top, 1 - top), (left, 1 - left), (0, 0), (0, 0)))
        for top in (0, 1) for left in (0, 1)))


@jax.custom_vjp
def _halving(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """The convolution of stride 2: `[B, H, W, C]`, `[4, 4, C, F]` -> `[B, H // 2, W // 2, F]`."""
    return lax.conv_general_dilated(images, kernel, (2, 2), PADDING,
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _doubling(size: tuple[int, int], outputs: jax.Array, kernel: jax.Array) -> jax.Array:
    """Its transpose to the images: `[B, H // 2, W // 2, F]`, `[4, 4, C, F]` -> `[B, *size, C]`.

    Pixels of even and of odd rows and columns come by 2 x 2 kernels, each from its own side.
    """
    height, width = size
    outputs = jnp.pad(outputs, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)))
    rows = jnp.stack([jnp.stack([_parity(outputs, kernel, down, across) for across in (0, 1)], axis=3)
                      for down in (0, 1)], axis=2)  # [B, H / 2, 2, W / 2, 2, C]
    return lax.collapse(lax.collapse(rows, 1, 3), 2, 4)[:, :height, :width]


def _parity(outputs: jax.Array, kernel: jax.Array, down: int, across: int) -> jax.Array:
    """The pixels of even (0) or odd (1) rows and columns, which only two taps each way reach."""
    taps, padding = (slice(3, None, -2), slice(2, None, -2)), ((1, 0), (0, 1))
    return lax.conv_general_dilated(outputs, kernel[taps[down], taps[across]], (1, 1),
                                    (padding[down], padding[across]),
                                    dimension_numbers=("NHWC", "HWOI", "NHWC"))


@jax.custom_vjp
def _kernel(images: jax.Array, outputs: jax.Array) -> jax.Array:
    """Its transpose to the kernel: `[B, H, W, C]`, `[B, H // 2, W // 2, F]` -> `[4, 4, C, F]`."""
    taps = lax.conv_general_dilated(images, outputs, (1, 1), PADDING, rhs_dilation=(2, 2),
                                    dimension_numbers=("CHWN", "IHWO", "HWNC"))
    return taps[:4, :4]  # an odd size has a fifth, which the convolution never reaches


def _halving_forward(images: jax.Array, kernel: jax.Array) -> tuple[jax.Array, Pair]:
    return _halving(images, kernel), (images, kernel)


def _halving_backward(held: Pair, cotangent: jax.Array) -> Pair:
    images, kernel = held
    return _doubling(images.shape[1:3], cotangent, kernel), _kernel(images, cotangent)


def _doubling_forward(size: tuple[int, int], outputs: jax.Array, kernel: jax.Array) -> tuple[jax.Array, Pair]:
    return _doubling(size, outputs, kernel), (outputs, kernel)


def _doubling_backward(size: tuple[int, int], held: Pair, cotangent: jax.Array) -> Pair:
    outputs, kernel = held
    return _halving(cotangent, kernel), _kernel(cotangent, outputs)


def _kernel_forward(images: jax.Array, outputs: jax.Array) -> tuple[jax.Array, Pair]:
    return _kernel(images, outputs), (images, outputs)


def _kernel_backward(held: Pair, cotangent: jax.Array) -> Pair:
    images, outputs = held
    return _doubling(images.shape[1:3], outputs, cotangent), _halving(images, cotangent)


_halving.defvjp(_halving_forward, _halving_backward)
_doubling.defvjp(_doubling_forward, _doubling_backward)
_kernel.defvjp(_kernel_forward, _kernel_backward)
