"""The identities, in float64, derivatives too: against a mirrored pad and JAX's own convolution."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from handwriting_gan.networks.layers import double
from handwriting_gan.networks.mirrored_convolution import (
    double_then_mirrored_conv,
    mirrored_conv,
    unpadded_conv,
)

KEY = jax.random.key(0)
Convolution = Callable[[jax.Array, jax.Array], jax.Array]


def doubled(images: jax.Array, kernel: jax.Array) -> jax.Array:
    """The images doubled, then mirrored, then a convolution that pads nothing."""
    images = jnp.pad(double(images), ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    return lax.conv_general_dilated(images, kernel, (1, 1), "VALID",
                                    dimension_numbers=("NHWC", "HWIO", "NHWC"))


def gradients(convolution: Convolution, images: jax.Array, kernel: jax.Array) -> tuple[jax.Array, ...]:
    """Those of a curved function of it."""
    return jax.grad(lambda *inputs: (convolution(*inputs) ** 3).sum(), (0, 1))(images, kernel)


def of_every_order(convolution: Convolution, images: jax.Array, kernel: jax.Array) -> tuple[jax.Array, ...]:
    """Itself, its gradients and those of a penalty."""
    return (convolution(images, kernel), *gradients(convolution, images, kernel),
            *gradients_of_a_penalty(convolution, images, kernel))


def gradients_of_a_penalty(convolution: Convolution, images: jax.Array,
                           kernel: jax.Array) -> tuple[jax.Array, ...]:
    """Those of a squared gradient, as R1 has them."""
    return jax.grad(lambda *inputs: sum((x**2).sum() for x in gradients(convolution, *inputs)), (0, 1))(
        images, kernel)


@pytest.mark.parametrize("size", [(7, 7), (3, 2)])
def test_a_doubled_and_mirrored_convolution_is_the_same(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        inputs = jnp.asarray(rng.normal(size=(2, *size, 3))), jnp.asarray(rng.normal(size=(5, 5, 3, 4)))
        found, expected = (jax.jit(lambda *inputs, one=one: of_every_order(one, *inputs))(*inputs)
                           for one in (double_then_mirrored_conv, doubled))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-10 * np.abs(other).max())


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
@pytest.mark.parametrize(("size", "dtype"), [((7, 7), "float32"), ((14, 7), "float32"), ((7, 7), "bfloat16")])
def test_a_mirrored_convolution_is_the_same_however_it_is_done(
        size: tuple[int, int], dtype: str, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    images, kernel = (jax.random.normal(KEY, shape, dtype) for shape in ((2, *size, 3), (3, 3, 3, 4)))
    expected = lax.conv_general_dilated(jnp.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect"),
                                        kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    np.testing.assert_allclose(np.float32(mirrored_conv(images, kernel)), np.float32(expected), atol=1e-4)


@pytest.mark.parametrize(("backend", "dtype", "products"), [
    ("cpu", "float32", True), ("gpu", "float32", False), ("cpu", "bfloat16", False)])
def test_only_a_cpu_takes_the_products_and_never_in_half_precision(
        backend: str, dtype: str, products: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    inputs = jnp.zeros((2, 7, 7, 3), dtype), jnp.zeros((3, 3, 3, 4), dtype)
    traced = str(jax.make_jaxpr(lambda *inputs: mirrored_conv(*inputs))(*inputs))  # itself is traced once
    assert ("conv_general_dilated" not in traced) == products


@pytest.mark.parametrize(("kernel", "strides"), [
    ((1, 1, 3, 4), 1), ((3, 3, 3, 4), 1), ((4, 4, 3, 4), 2), ((7, 7, 1, 4), 1), ((7, 7, 3, 1), 1)])
def test_an_unpadded_convolution_is_laxs_with_both_derivatives(kernel: tuple[int, ...],
                                                               strides: int) -> None:
    images, weights = (jax.random.normal(KEY, shape) for shape in ((2, 9, 8, kernel[2]), kernel))
    (theirs, their_pull), (ours, our_pull) = (
        jax.vjp(lambda *args, convolve=convolve: convolve(
            *args, (strides, strides), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")), images, weights)
        for convolve in (lax.conv_general_dilated, unpadded_conv))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    cotangent = jax.random.normal(KEY, theirs.shape)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, atol=1e-4),
                 our_pull(cotangent), their_pull(cotangent))
