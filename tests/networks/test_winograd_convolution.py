"""That the products are a convolution: in float64 exactly, with derivatives; in float32 nearly."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from handwriting_gan.networks.winograd_convolution import POINTS, along_line, winograd_conv

Convolution = Callable[[jax.Array, jax.Array], jax.Array]


def padded(mode: str) -> Convolution:
    """JAX's own, of images padded by a pixel in that mode."""
    return lambda images, kernel: lax.conv_general_dilated(
        jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode=mode), kernel, (1, 1), "VALID",
        dimension_numbers=("NHWC", "HWIO", "NHWC"))


def with_derivatives(convolution: Convolution, images: jax.Array, kernel: jax.Array) -> tuple[jax.Array, ...]:
    """Itself, the derivatives of a curved function of it, and those of their squares, as R1 has them."""

    def gradients(*inputs: jax.Array) -> tuple[jax.Array, ...]:
        return jax.grad(lambda *inputs: (convolution(*inputs) ** 3).sum(), (0, 1))(*inputs)

    penalty = jax.grad(lambda *inputs: sum((x**2).sum() for x in gradients(*inputs)), (0, 1))
    return convolution(images, kernel), *gradients(images, kernel), *penalty(images, kernel)


@pytest.mark.parametrize("mode", ["reflect", "edge", "constant"])
@pytest.mark.parametrize("size", [(7, 7), (3, 2), (8, 9)])
def test_in_float64_it_is_the_convolution(size: tuple[int, int], mode: str) -> None:
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        inputs = jnp.asarray(rng.normal(size=(2, *size, 3))), jnp.asarray(rng.normal(size=(3, 3, 3, 4)))
        ours, theirs = (
            jax.jit(lambda *inputs, one=one: with_derivatives(one, *inputs))(*inputs)
            for one in (lambda images, kernel: winograd_conv(images, kernel, mode), padded(mode)))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10 * np.abs(other).max())


def test_in_float32_it_errs_by_few_millionths_of_what_is_typical() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(8, 7, 7, 64)).astype(np.float32)
    kernel = rng.normal(size=(3, 3, 64, 64)).astype(np.float32)
    exact = padded("reflect")(images, kernel)
    error = winograd_conv(images, kernel, "reflect") - exact
    assert error.std() < 5e-6 * exact.std()
    assert np.abs(error).max() < 1e-4 * exact.std()


def test_taps_become_the_values_of_their_polynomial() -> None:
    taps = np.array([2.0, -1.0, 3.0])
    values = along_line(7, "reflect").taps @ taps
    np.testing.assert_allclose(values[:-1], 2.0 - POINTS + 3.0 * POINTS**2)
    assert values[-1] == 3.0  # at infinity


def test_a_line_takes_six_products_for_four_outputs() -> None:
    line = along_line(7, "reflect")
    assert line.pixels.shape == (6, 2, 7)
    assert line.products.shape == (7, 6, 2)
