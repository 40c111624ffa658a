"""The identities, in float64, derivatives too: against JAX's own convolutions, pooling and upsampling."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from handwriting_gan.networks.fast_convolution import (
    conv_then_halve,
    conv_transpose,
    double_then_conv,
    valid_conv,
)
from handwriting_gan.networks.layers import double, halve

AXES = ("NHWC", "HWIO", "NHWC")
Convolution = Callable[[jax.Array, jax.Array], jax.Array]


def plain_conv(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """With the 3 x 3 corner of a 4 x 4 kernel; it keeps the size."""
    return lax.conv_general_dilated(images, kernel[:3, :3], (1, 1), "SAME",
                                    dimension_numbers=AXES)


PAIRS = {
    "halved": (lambda images, kernel: conv_then_halve(images, kernel[:3, :3]),
               lambda images, kernel: halve(plain_conv(images, kernel))),
    "doubled": (lambda images, kernel: double_then_conv(images, kernel[:3, :3]),
                lambda images, kernel: plain_conv(double(images), kernel)),
    "transposed": (conv_transpose, lambda images, kernel: lax.conv_transpose(images, kernel, (2, 2), "SAME")),
    "valid": tuple(functools.partial(
        convolution, window_strides=(1, 1), padding="VALID", dimension_numbers=AXES)
        for convolution in (valid_conv, lax.conv_general_dilated)),
}
pytestmark = [
    pytest.mark.parametrize(("ours", "plain"), PAIRS.values(), ids=PAIRS),
    pytest.mark.parametrize("size", [(28, 28), (7, 7), (6, 9)]),
]


def make_inputs(size: tuple[int, int]) -> tuple[jax.Array, jax.Array]:
    rng = np.random.default_rng(0)
    return jnp.asarray(rng.normal(size=(2, *size, 3))), jnp.asarray(rng.normal(size=(4, 4, 3, 4)))


def assert_same(function: Callable[..., object], ours: Convolution, plain: Convolution,
                size: tuple[int, int]) -> None:
    """A function of (convolution, images, kernel) gives the same of both, to rounding."""
    with jax.enable_x64(True):
        inputs = make_inputs(size)
        found, expected = (jax.jit(lambda *xs, one=one: function(one, *xs))(*inputs) for one in (ours, plain))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10 * np.abs(other).max())


def penalty(convolution: Convolution, images: jax.Array, kernel: jax.Array) -> jax.Array:
    """As R1: the squared gradient, in the images, of a curved function of a convolution."""
    gradient = jax.grad(lambda x: (convolution(x, kernel) ** 3).sum())(images)
    return (gradient**2).sum()


def test_the_images_are_the_same(ours: Convolution, plain: Convolution, size: tuple[int, int]) -> None:
    assert_same(lambda convolution, *inputs: convolution(*inputs), ours, plain, size)


def test_the_first_derivatives_are_the_same(ours: Convolution, plain: Convolution,
                                            size: tuple[int, int]) -> None:
    assert_same(lambda convolution, *inputs: jax.grad(
        lambda *xs: (convolution(*xs) ** 3).sum(), (0, 1))(*inputs), ours, plain, size)


def test_the_derivatives_of_a_gradient_penalty_are_the_same(ours: Convolution, plain: Convolution,
                                                            size: tuple[int, int]) -> None:
    assert_same(lambda convolution, *inputs: jax.grad(
        lambda *xs: penalty(convolution, *xs), (0, 1))(*inputs), ours, plain, size)


def test_third_derivatives_are_the_same(ours: Convolution, plain: Convolution,
                                        size: tuple[int, int]) -> None:
    assert_same(lambda convolution, *inputs: jax.grad(lambda *xs: sum(
        (x**2).sum() for x in jax.grad(lambda *ys: penalty(convolution, *ys), (0, 1))(*xs)))(*inputs),
        ours, plain, size)
