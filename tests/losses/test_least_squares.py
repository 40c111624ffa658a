"""The least-squares loss on worked examples."""

import jax.numpy as jnp
import pytest

from handwriting_gan.losses.least_squares import discriminator_loss, generator_loss

REAL = jnp.array([[1.0, 3.0]]), jnp.array([2.0])
FAKE = jnp.array([[0.0, -2.0]]), jnp.array([1.0])


def test_errors_are_means_within_a_scale_and_sums_over_scales() -> None:
    assert discriminator_loss(REAL, FAKE) == pytest.approx((0.0 + 4.0) / 2 + (0.0 + 4.0) / 2 + 1.0 + 1.0)
    assert generator_loss(FAKE) == pytest.approx((1.0 + 9.0) / 2 + 0.0)


def test_the_losses_are_0_at_their_targets() -> None:
    ones, zeros = (jnp.ones((2, 3)),), (jnp.zeros((2, 3)),)
    assert discriminator_loss(ones, zeros) == 0.0
    assert generator_loss(ones) == 0.0
