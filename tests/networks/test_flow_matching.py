"""The reference encoder: what a condition depends on; the U-Net: shapes, sizes, and which inputs it depends on."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.flow_matching import (
    ModulatedBlock,
    ReferenceEncoder,
    VelocityNetwork,
    sinusoids,
)

KEY = jax.random.key(0)
DOMAINS, STYLE = 10, 3
READ, TARGETS = jnp.array([0, 1, 1, 7, 9]), jnp.array([1, 8])  # two references show the first target's digit
REFERENCES = jax.random.normal(KEY, (len(READ), 28, 28, 1))
ALL = jnp.ones((len(TARGETS), len(READ)), bool)
ENCODER, VELOCITY = ReferenceEncoder(4, STYLE, DOMAINS), VelocityNetwork(4, DOMAINS)
INPUTS = (jax.random.normal(KEY, (3, 28, 28, 1)), sinusoids(jnp.array([0.0, 0.4, 1.0])), jnp.array([4, 8, 1]),
          jax.random.normal(jax.random.key(1), (3, 4 * STYLE)))


# The reference encoder.


@pytest.fixture(scope="module")
def encoder_params(random_params: Callable) -> dict[str, Any]:
    return random_params(ENCODER.init, REFERENCES, READ, TARGETS, ALL)


@pytest.fixture(scope="module")
def encode(encoder_params: dict[str, Any]) -> Callable[..., np.ndarray]:
    """`encode(references, read, targets, given)`: the means and the log precisions `[..., T, 2, 2, style]`."""
    apply = jax.jit(ENCODER.apply)

    def call(references: jax.Array = REFERENCES, read: jax.Array = READ, targets: jax.Array = TARGETS,
             given: jax.Array = ALL) -> np.ndarray:
        conditions = apply(encoder_params, references, read, targets, given)
        return np.asarray(conditions).reshape(*conditions.shape[:-1], 2, 2, STYLE)

    return call


def assert_close(one: np.ndarray, other: np.ndarray) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_the_order_of_the_references_does_not_matter(encode: Callable) -> None:
    order = jnp.array([3, 1, 4, 0, 2])
    assert_close(encode(REFERENCES[order], READ[order]), encode())


def test_references_that_are_not_given_do_not_count(encode: Callable) -> None:
    found = encode(given=ALL.at[:, 2:].set(False))
    assert_close(found, encode(REFERENCES[:2], READ[:2], given=ALL[:, :2]))
    assert not np.allclose(found, encode(), atol=0.01)


def test_without_references_means_and_log_precisions_are_zero(encode: Callable) -> None:
    assert not encode(given=~ALL).any()


def test_the_second_half_comes_from_the_references_that_show_the_targets_digit_alone(encode: Callable) -> None:
    means, log_precisions = np.moveaxis(encode(), -3, 0)
    assert not means[1, 1].any()  # no reference shows an 8
    assert not log_precisions[1, 1].any()
    shown = np.moveaxis(encode(REFERENCES[1:3], READ[1:3], given=ALL[:, 1:3]), -3, 0)
    assert_close(means[0, 1], shown[0][0, 1])
    assert np.abs(means[0, 0] - shown[0][0, 0]).max() > 0.01  # the first half is from all of them


def test_leading_axes_are_independent(encode: Callable) -> None:
    rng = np.random.default_rng(0)
    references = rng.normal(size=(2, 3, 5, 28, 28, 1)).astype(np.float32)
    read, targets = rng.integers(0, DOMAINS, (2, 3, 5)), rng.integers(0, DOMAINS, (2, 3, 2))
    given = rng.random((2, 3, 2, 5)) < 0.5
    whole = encode(references, read, targets, given)
    assert whole.shape == (2, 3, 2, 2, 2, STYLE)
    assert_close(whole[1, 2], encode(references[1, 2], read[1, 2], targets[1, 2], given[1, 2]))


def test_an_untrained_encoder_is_equally_sure_of_every_glyph() -> None:
    params = ENCODER.init(KEY, REFERENCES, READ, TARGETS, ALL)
    conditions = ENCODER.apply(params, REFERENCES, READ, TARGETS, ALL).reshape(len(TARGETS), 2, 2, STYLE)
    np.testing.assert_allclose(jnp.exp(conditions[:, 1]), [[[6.0] * 3, [3.0] * 3], [[6.0] * 3, [1.0] * 3]], rtol=1e-5)


# The velocity.


@pytest.fixture(scope="module")
def velocity_params(random_params: Callable) -> dict[str, Any]:
    return random_params(VELOCITY.init, *INPUTS)


velocity = jax.jit(VELOCITY.apply)


def test_an_untrained_velocity_is_zero() -> None:
    velocities, _ = jax.jit(VELOCITY.init_with_output)(KEY, *INPUTS)
    assert velocities.shape == (3, 28, 28, 1)
    assert not velocities.any()


@pytest.mark.parametrize("changed", range(4))
def test_image_time_digit_and_condition_change_their_own_velocity_alone(
        changed: int, velocity_params: dict[str, Any]) -> None:
    inputs = list(INPUTS)
    before = velocity(velocity_params, *inputs)
    inputs[changed] = inputs[changed].at[1].add(1)
    after = velocity(velocity_params, *inputs)
    np.testing.assert_allclose(before[::2], after[::2], atol=1e-4)
    assert jnp.abs(before[1] - after[1]).max() > 0.01


def test_every_pixel_sees_every_other_pixel(velocity_params: dict[str, Any]) -> None:
    """A digit's ends have to agree: the corner of the velocity depends on the opposite corner of the image."""

    def corner(images: jax.Array) -> jax.Array:
        return VELOCITY.apply(velocity_params, images, *(each[:1] for each in INPUTS[1:]))[0, 0, 0, 0]

    slopes = jax.jit(jax.grad(corner))(INPUTS[0][:1])
    assert slopes[0, -3:, -3:].all()


def test_an_untrained_block_is_its_shortcut() -> None:
    x, w = jax.random.normal(KEY, (2, 7, 7, 8)), jax.random.normal(KEY, (2, 5))
    same, _ = ModulatedBlock(8).init_with_output(KEY, x, w)
    np.testing.assert_array_equal(same, x)
    wider, variables = ModulatedBlock(12).init_with_output(KEY, x, w)
    shortcut = max(variables["params"], key=lambda name: (name.startswith("Conv"), name))
    np.testing.assert_allclose(wider, x @ variables["params"][shortcut]["kernel"][0, 0], rtol=1e-4, atol=1e-5)


def test_sinusoids_tell_near_times_apart() -> None:
    features = sinusoids(jnp.linspace(0.0, 1.0, 101))
    assert features.shape == (101, 32)
    assert jnp.abs(features).max() <= 1.0
    distances = jnp.linalg.norm(features[:, None] - features, axis=-1)
    assert (distances + 9.0 * jnp.eye(101)).min() > 0.5
