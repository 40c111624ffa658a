"""The layers against their formulas."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from handwriting_gan.networks.layers import (
    AdaptiveInstanceNorm,
    AdaptiveResidualBlock,
    ConvTranspose,
    DomainDense,
    ResidualBlock,
    domain_embedding,
    double,
    fold,
    halve,
    he_normal,
    instance_norm,
    leaky_relu,
    of_domain,
)

KEY = jax.random.key(0)


def assert_near(one: jax.Array, other: jax.Array) -> None:
    """Equal but for rounding."""
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_halving_averages_and_drops_an_odd_row_and_column() -> None:
    image = jnp.arange(25.0).reshape(1, 5, 5, 1)
    np.testing.assert_allclose(halve(image)[0, :, :, 0], [[3.0, 5.0], [13.0, 15.0]])


def test_doubling_repeats_and_halving_undoes_it() -> None:
    image = jax.random.normal(KEY, (2, 3, 3, 4))
    assert double(image).shape == (2, 6, 6, 4)
    np.testing.assert_allclose(halve(double(image)), image, rtol=1e-6)


def test_folding_gathers_each_square_of_two_by_two() -> None:
    image = jnp.arange(16).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(fold(image)[0], [[[0, 1, 4, 5], [2, 3, 6, 7]],
                                                   [[8, 9, 12, 13], [10, 11, 14, 15]]])


def test_folding_keeps_every_pixel_of_every_channel() -> None:
    image = jax.random.normal(KEY, (2, 6, 4, 3))
    folded = fold(image)
    assert folded.shape == (2, 3, 2, 12)
    np.testing.assert_array_equal(jnp.sort(folded.reshape(2, -1)), jnp.sort(image.reshape(2, -1)))


def test_leaky_relu_has_slope_one_fifth_below_zero() -> None:
    np.testing.assert_allclose(leaky_relu(jnp.array([-5.0, 5.0])), [-1.0, 5.0])


def test_instance_norm_uses_the_biased_variance_of_each_channel() -> None:
    image = jax.random.normal(KEY, (2, 4, 4, 3)) * 5.0 + 2.0
    normalized = instance_norm(affine=False).apply({}, image)
    mean, variance = image.mean(axis=(1, 2), keepdims=True), image.var(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(normalized, (image - mean) / jnp.sqrt(variance + 1e-5), atol=1e-5)


def test_instance_norm_is_accurate_where_the_mean_is_ten_deviations() -> None:
    image = jax.random.normal(KEY, (2, 7, 7, 3)) + 10.0
    exact = np.asarray(image, np.float64)
    exact = (exact - exact.mean(axis=(1, 2), keepdims=True)) / np.sqrt(exact.var(axis=(1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(instance_norm(affine=False).apply({}, image), exact, atol=1e-4)


@pytest.mark.parametrize("use_bias", [True, False])
def test_a_transposed_convolution_equals_flaxs_with_its_parameters(use_bias: bool) -> None:
    x = jax.random.normal(jax.random.key(0), (2, 5, 6, 3))
    ours = ConvTranspose(4, use_bias=use_bias)
    theirs = nn.ConvTranspose(4, (4, 4), (2, 2), use_bias=use_bias)
    (found, params), (expected, other) = (jax.jit(layer.init_with_output)(jax.random.key(1), x)
                                          for layer in (ours, theirs))
    jax.tree.map(assert_near, params, other)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_adaptive_norm_scales_by_one_plus_gamma_and_adds_beta() -> None:
    norm = AdaptiveInstanceNorm()
    image, style = jax.random.normal(KEY, (1, 4, 4, 2)), jnp.ones((1, 1))
    params = {"Dense_0": {"kernel": jnp.array([[1.0, -1.0, 3.0, 4.0]]), "bias": jnp.zeros(4)}}
    plain = instance_norm(affine=False).apply({}, image)
    np.testing.assert_allclose(norm.apply({"params": params}, image, style),
                               plain * jnp.array([2.0, 0.0]) + jnp.array([3.0, 4.0]), atol=1e-5)


def test_a_residual_block_convolves_its_shortcut_only_where_the_width_changes() -> None:
    image = jnp.zeros((1, 8, 8, 4))
    same, wider = (jax.eval_shape(ResidualBlock(width).init, KEY, image)["params"] for width in (4, 6))
    assert len(same) == 2
    assert len(wider) == 3
    assert wider["Conv_2"].keys() == {"kernel"}


def test_a_residual_block_keeps_the_variance_of_its_two_branches() -> None:
    image = jax.random.normal(KEY, (1, 8, 8, 4))
    params = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype),
                          jax.eval_shape(ResidualBlock(4).init, KEY, image))
    np.testing.assert_allclose(jax.jit(ResidualBlock(4).apply)(params, image), image / np.sqrt(2), rtol=1e-6)


def test_a_halving_block_halves_after_its_first_convolution(random_params: Callable) -> None:
    image = jax.random.normal(KEY, (2, 8, 8, 4))
    params = random_params(ResidualBlock(6, halves=True).init, image)["params"]
    residual = halve(apply_conv(params["Conv_0"], leaky_relu(image)))
    residual = apply_conv(params["Conv_1"], leaky_relu(residual))
    expected = (halve(apply_conv(params["Conv_2"], image)) + residual) / np.sqrt(2)
    found = jax.jit(ResidualBlock(6, halves=True).apply)({"params": params}, image)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_doubling_block_doubles_before_its_first_convolution(random_params: Callable) -> None:
    image, style = jax.random.normal(KEY, (2, 4, 4, 6)), jax.random.normal(KEY, (2, 5))
    block = AdaptiveResidualBlock(3, doubles=True)
    params = random_params(block.init, image, style)["params"]

    def normalize(index: int, x: jax.Array) -> jax.Array:
        norm = {"params": params[f"AdaptiveInstanceNorm_{index}"]}
        return leaky_relu(AdaptiveInstanceNorm().apply(norm, x, style))

    residual = apply_conv(params["Conv_0"], double(normalize(0, image)))
    residual = apply_conv(params["Conv_1"], normalize(1, residual))
    expected = (apply_conv(params["Conv_2"], double(image)) + residual) / np.sqrt(2)
    np.testing.assert_allclose(jax.jit(block.apply)({"params": params}, image, style), expected,
                               rtol=1e-4, atol=1e-5)


@jax.jit
def apply_conv(params: dict, image: jax.Array) -> jax.Array:
    """A convolution of the same size, as plain as can be."""
    convolved = jax.lax.conv_general_dilated(image, params["kernel"], (1, 1), "SAME",
                                             dimension_numbers=("NHWC", "HWIO", "NHWC"))
    return convolved + params.get("bias", 0.0)


@pytest.fixture(scope="module")
def heads() -> tuple[DomainDense, dict]:
    layer = DomainDense(features=3, domains=10)
    return layer, jax.jit(layer.init)(KEY, jnp.zeros((1, 5)), jnp.zeros((1,), jnp.int32))


def test_each_example_passes_its_own_domains_head(heads: tuple[DomainDense, dict]) -> None:
    layer, params = heads
    params = jax.tree.map(lambda x: jax.random.normal(KEY, x.shape), params)
    x, domains = jax.random.normal(KEY, (4, 5)), jnp.array([3, 0, 9, 3])
    kernel, bias = params["params"]["kernel"], params["params"]["bias"]
    naive = [x[row] @ kernel[domain] + bias[domain] for row, domain in enumerate(domains)]
    np.testing.assert_allclose(jax.jit(layer.apply)(params, x, domains), naive, rtol=1e-5)


def test_one_domain_for_all_is_that_domain_for_each(heads: tuple[DomainDense, dict]) -> None:
    layer, params = heads
    x = jax.random.normal(KEY, (4, 5))
    for domain in (0, 7):
        np.testing.assert_allclose(layer.apply(params, x, domain),
                                   layer.apply(params, x, jnp.full(4, domain)), rtol=1e-5)


def test_one_domain_for_all_costs_one_heads_work(heads: tuple[DomainDense, dict]) -> None:
    layer, params = heads
    cost = jax.jit(layer.apply).lower(params, jnp.zeros((8, 5)), 3).compile().cost_analysis()
    one_head = 2 * 8 * 5 * 3
    assert cost["flops"] < 3 * one_head


def test_only_the_heads_in_use_receive_a_gradient(heads: tuple[DomainDense, dict]) -> None:
    layer, params = heads
    gradient = jax.jit(jax.grad(lambda p: layer.apply(p, jnp.ones((2, 5)), jnp.array([1, 7])).sum()))(params)
    moved = np.flatnonzero(np.abs(gradient["params"]["kernel"]).sum(axis=(1, 2)))
    assert moved.tolist() == [1, 7]


def test_a_heads_gradient_is_that_of_a_head_picked_for_each_example(heads: tuple[DomainDense, dict]) -> None:
    layer, params = heads
    x, domains = jax.random.normal(KEY, (4, 5)), jnp.array([3, 0, 9, 3])

    def picked(params: dict, x: jax.Array) -> jax.Array:
        kernel, bias = params["params"]["kernel"][domains], params["params"]["bias"][domains]
        return jnp.einsum("bi,bio->bo", x, kernel) + bias

    found, expected = (jax.jit(jax.grad(lambda *inputs, f=f: (f(*inputs) ** 2).sum(), (0, 1)))(params, x)
                       for f in (lambda params, x: layer.apply(params, x, domains), picked))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_weights_are_he_normal_over_one_heads_fan_in() -> None:
    layer = DomainDense(features=200, domains=10)
    params = jax.jit(layer.init)(KEY, jnp.zeros((1, 100)), jnp.zeros((1,), jnp.int32))["params"]
    assert params["kernel"].std() == pytest.approx(np.sqrt(2 / 100), rel=0.02)
    assert not params["bias"].any()


def test_he_normal_is_not_truncated() -> None:
    weights = he_normal(KEY, (3, 3, 100, 100)) / np.sqrt(2 / 900)
    assert weights.std() == pytest.approx(1.0, rel=0.02)
    assert jnp.abs(weights).max() > 3.5


@pytest.mark.parametrize("between", [(), (1,), (2, 3)])
def test_each_example_gets_its_own_domains_entry(between: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(3, *between, 10)).astype(np.float32)
    picked = of_domain(jnp.asarray(x), jnp.array([4, 8, 1]))
    np.testing.assert_array_equal(picked, np.stack([x[0, ..., 4], x[1, ..., 8], x[2, ..., 1]]))


def test_a_domains_embedding_is_its_own_and_has_unit_variance() -> None:
    embed = domain_embedding(10, 500)
    codes = embed.apply(embed.init(KEY, jnp.arange(10)), jnp.array([3, 3, 4]))
    np.testing.assert_array_equal(codes[0], codes[1])
    assert not np.allclose(codes[0], codes[2])
    assert float(codes.std()) == pytest.approx(1.0, abs=0.1)
