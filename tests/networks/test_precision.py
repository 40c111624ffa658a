"""Networks compute in bfloat16; inputs, outputs and gradients are float32."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.networks.layers import instance_norm
from handwriting_gan.networks.precision import apply_in, dtype_of
from handwriting_gan.networks.stargan_v2 import Discriminator
from handwriting_gan.networks.writer_guided import Beliefs, HandPooling

KEY = jax.random.key(0)
NETWORK = Discriminator(width=4, max_width=8, domains=10)
IMAGES, DIGITS = jax.random.normal(KEY, (4, 28, 28, 1)), jnp.arange(4)
HALF, FULL = dtype_of("bfloat16"), dtype_of("float32")


@pytest.fixture(scope="module")
def params(random_params: Callable) -> dict:
    return random_params(NETWORK.init, IMAGES, DIGITS)["params"]


def penalized(dtype: jnp.dtype, params: dict) -> jax.Array:
    """A loss with a gradient penalty, as a discriminator has."""

    def logits(images: jax.Array) -> jax.Array:
        return apply_in(dtype, NETWORK, params, images, DIGITS)

    slope = jax.grad(lambda images: logits(images).sum())(IMAGES)
    return logits(IMAGES).mean() + (slope**2).sum()


def test_every_convolution_has_the_chosen_precision(params: dict) -> None:
    lowered = jax.jit(lambda params: penalized(HALF, params)).lower(params).as_text()
    convolutions = [line for line in lowered.splitlines() if "stablehlo.convolution" in line]
    assert convolutions
    assert all(line.rpartition("->")[2].strip().endswith("bf16>") for line in convolutions)


def test_a_network_may_have_trees_as_inputs_and_outputs() -> None:
    """Booleans and integers keep their type."""
    beliefs, digits = Beliefs(*(jnp.full((2, 3), value) for value in (0.1, 0.2, 0.3, 0.4, 0.5))), jnp.array([4, 4])
    pooling, given = HandPooling(domains=10), jnp.ones((1, 2), bool)
    params = pooling.init(KEY, beliefs, digits, digits[:1], given)["params"]
    found, expected = (apply_in(dtype, pooling, params, beliefs, digits, digits[:1], given) for dtype in (HALF, FULL))
    assert {x.dtype for x in jax.tree.leaves(found)} == {FULL}
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=0.02), found, expected)
    assert not np.array_equal(found[0], expected[0])


@pytest.mark.slow  # compiles a network twice; test_configs traces it
def test_outputs_and_gradients_are_float32_and_near_those_in_float32(params: dict) -> None:
    gradient = jax.value_and_grad(penalized, argnums=1)
    found, expected = (jax.jit(gradient, static_argnums=0)(dtype, params) for dtype in (HALF, FULL))
    flat, whole = (np.concatenate([np.ravel(x) for x in jax.tree.leaves(tree)])
                   for tree in (found, expected))
    assert {x.dtype for x in jax.tree.leaves(found)} == {FULL}
    error = np.linalg.norm(flat - whole) / np.linalg.norm(whole)
    assert 1e-5 < error < 0.15  # rounded; some units of leaky ReLU turn over


def test_float32_is_what_the_network_itself_computes(params: dict) -> None:
    plain = NETWORK.apply({"params": params}, IMAGES, DIGITS)
    assert np.array_equal(apply_in(FULL, NETWORK, params, IMAGES, DIGITS), plain)


def test_statistics_are_taken_in_float32() -> None:
    """bfloat16 cannot represent 257: a sum of ones in it stays at 256."""
    images = jnp.ones((1, 28, 56, 1)).at[:, 0].set(3.0).astype(HALF)
    normalized = instance_norm(affine=False).apply({}, images)
    exact = np.asarray(images, np.float64)
    expected = (exact - exact.mean()) / np.sqrt(exact.var() + 1e-5)
    assert normalized.dtype == HALF
    np.testing.assert_allclose(np.asarray(normalized, np.float64), expected, rtol=1e-2)


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(InputError, match="float32, bfloat16"):
        dtype_of("float16")
