"""L1, worked out."""

import jax.numpy as jnp
import pytest

from handwriting_gan.losses.reconstruction import mean_absolute_error


def test_the_mean_is_over_all_elements() -> None:
    one, other = jnp.array([[1.0, 2.0], [3.0, 4.0]]), jnp.array([[1.0, 0.0], [4.0, 8.0]])
    assert mean_absolute_error(one, other) == pytest.approx((0 + 2 + 1 + 4) / 4)
    assert mean_absolute_error(other, one) == mean_absolute_error(one, other)
    assert mean_absolute_error(one, one) == 0.0
