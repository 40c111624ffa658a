"""That both ways along rows are a plain convolution, in float64, with both derivatives."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from handwriting_gan.networks.row_convolution import conv_of_rows, conv_to_one

Convolution = Callable[[jax.Array, jax.Array], jax.Array]
Padding = tuple[tuple[int, int], tuple[int, int]]


def with_gradients(convolution: Convolution, images: jax.Array, kernel: jax.Array) -> tuple[jax.Array, ...]:
    """Itself, and the derivatives of a curved function of it."""
    return convolution(images, kernel), *jax.grad(
        lambda *inputs: (convolution(*inputs) ** 3).sum(), (0, 1))(images, kernel)


def plain(strides: tuple[int, int], padding: Padding) -> Convolution:
    """JAX's own."""
    return lambda images, kernel: lax.conv_general_dilated(images, kernel, strides, padding,
                                                           dimension_numbers=("NHWC", "HWIO", "NHWC"))


def assert_same(ours: Convolution, theirs: Convolution, kernel: tuple[int, ...]) -> None:
    """Both give the same images and the same gradients, to rounding."""
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        inputs = jnp.asarray(rng.normal(size=(2, 9, 8, kernel[2]))), jnp.asarray(rng.normal(size=kernel))
        found, expected = (jax.jit(lambda *inputs, one=one: with_gradients(one, *inputs))(*inputs)
                           for one in (ours, theirs))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10 * np.abs(other).max())


@pytest.mark.parametrize("kernel", [(7, 7, 1, 4), (4, 3, 3, 2)])
@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 2), (0, 1))])
def test_a_convolution_of_gathered_rows_is_the_same(kernel: tuple[int, ...], strides: tuple[int, int],
                                                    padding: Padding) -> None:
    assert_same(lambda images, kernel: conv_of_rows(images, kernel, strides, padding),
                plain(strides, padding), kernel)


@pytest.mark.parametrize("kernel", [(7, 7, 3, 1), (2, 3, 1, 1)])
def test_a_convolution_of_rows_added_up_is_the_same(kernel: tuple[int, ...]) -> None:
    assert_same(conv_to_one, plain((1, 1), ((0, 0), (0, 0))), kernel)
