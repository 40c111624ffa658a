"""L1, and the mean and the sum of squares, on worked examples."""

import jax.numpy as jnp
import pytest

from handwriting_gan.losses.reconstruction import mean_absolute_error, mean_squared_error, sum_of_squared_errors


def test_the_mean_is_over_all_elements() -> None:
    one, other = jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([[1.0, 0.0], [4.0, 8.0]])
    assert mean_absolute_error(one, other) == pytest.approx((0 + 2 + 1 + 4) / 4)
    assert mean_absolute_error(other, one) == mean_absolute_error(one, other)
    assert mean_absolute_error(one, one) == 0.0


def test_the_mean_of_squares_is_over_all_elements() -> None:
    one, other = jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([[1.0, 0.0], [4.0, 8.0]])
    assert mean_squared_error(one, other) == pytest.approx((0 + 4 + 1 + 16) / 4)
    assert mean_squared_error(other, one) == mean_squared_error(one, other)
    assert mean_squared_error(one, one) == 0.0


def test_squares_are_summed_over_an_image_and_averaged_over_the_batch() -> None:
    one, other = jnp.zeros((2, 2, 2, 1)), jnp.array([[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 0.0, 3.0]])
    other = other.reshape(2, 2, 2, 1)
    assert sum_of_squared_errors(one, other) == pytest.approx((1 + 4 + 9) / 2)
    assert sum_of_squared_errors(other, one) == sum_of_squared_errors(one, other)
    assert sum_of_squared_errors(one, one) == 0.0
