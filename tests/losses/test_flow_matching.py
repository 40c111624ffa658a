"""The optimal-transport path at its ends, and its velocity as a derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.losses.flow_matching import SIGMA_MIN, optimal_transport_path

NOISE, IMAGES = jax.random.normal(jax.random.key(0), (2, 3, 4, 4, 1))


def test_a_path_leads_from_noise_to_an_image_with_little_noise() -> None:
    start, _ = optimal_transport_path(NOISE, IMAGES, jnp.zeros(3))
    end, _ = optimal_transport_path(NOISE, IMAGES, jnp.ones(3))
    np.testing.assert_array_equal(start, NOISE)
    np.testing.assert_allclose(end, IMAGES + SIGMA_MIN * NOISE, atol=1e-6)


def test_each_image_has_its_own_time() -> None:
    times = jnp.array([0.0, 0.25, 1.0])
    points, velocities = optimal_transport_path(NOISE, IMAGES, times)
    for index, time in enumerate(times):
        expected = (1 - (1 - SIGMA_MIN) * time) * NOISE[index] + time * IMAGES[index]
        np.testing.assert_allclose(points[index], expected, atol=1e-6)
        np.testing.assert_allclose(velocities[index], IMAGES[index] - (1 - SIGMA_MIN) * NOISE[index], atol=1e-6)


@pytest.mark.parametrize("time", [0.0, 0.3, 1.0])
def test_the_velocity_is_the_derivative_of_the_point_and_constant(time: float) -> None:
    def points(time: jax.Array) -> jax.Array:
        return optimal_transport_path(NOISE, IMAGES, jnp.full(3, time))[0]

    _, derivative = jax.jvp(points, (jnp.float32(time),), (jnp.float32(1.0),))
    np.testing.assert_allclose(derivative, optimal_transport_path(NOISE, IMAGES, jnp.zeros(3))[1], atol=1e-6)
