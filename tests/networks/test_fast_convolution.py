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


def of_every_order(convolution: Convolution) -> Callable[..., object]:
    """Itself, its derivatives, those of a gradient penalty such as R1, and third derivatives."""

    def slopes(images: jax.Array, kernel: jax.Array) -> tuple[jax.Array, ...]:
        return jax.grad(lambda *xs: (convolution(*xs) ** 3).sum(), (0, 1))(images, kernel)

    def penalty(images: jax.Array, kernel: jax.Array) -> jax.Array:
        return (slopes(images, kernel)[0] ** 2).sum()

    def slopes_of_penalty(images: jax.Array, kernel: jax.Array) -> tuple[jax.Array, ...]:
        return jax.grad(penalty, (0, 1))(images, kernel)

    def third(images: jax.Array, kernel: jax.Array) -> jax.Array:
        return jax.grad(lambda *xs: sum((x**2).sum() for x in slopes_of_penalty(*xs)))(images, kernel)

    return lambda *xs: {"images": convolution(*xs), "first": slopes(*xs),
                        "gradient penalty": slopes_of_penalty(*xs), "third": third(*xs)}


@pytest.mark.parametrize("size", [(6, 9), (7, 4)])  # even and odd along either axis
@pytest.mark.parametrize(("ours", "plain"), PAIRS.values(), ids=PAIRS)
def test_images_and_derivatives_are_the_same(ours: Convolution, plain: Convolution,
                                             size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        inputs = jnp.asarray(rng.normal(size=(2, *size, 3))), jnp.asarray(rng.normal(size=(4, 4, 3, 4)))
        found, expected = (jax.jit(of_every_order(one))(*inputs) for one in (ours, plain))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10 * np.abs(other).max())
