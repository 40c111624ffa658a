"""Diversity and its decay."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.losses.diversity import diversity, linear_decay, mode_seeking


def test_only_the_first_image_has_a_gradient() -> None:
    one, other = jnp.array([1.0, 5.0]), jnp.array([2.0, 3.0])
    assert diversity(one, other) == pytest.approx(1.5)
    gradients = jax.grad(diversity, argnums=(0, 1))(one, other)
    np.testing.assert_allclose(gradients[0], [-0.5, 0.5])
    np.testing.assert_allclose(gradients[1], [0.0, 0.0])


@pytest.mark.parametrize(("step", "weight"), [(0, 2.0), (25, 1.5), (50, 1.0), (100, 0.0), (999, 0.0)])
def test_the_weight_decreases_linearly_to_0_and_stays_0(step: int, weight: float) -> None:
    assert linear_decay(2.0, 100, jnp.int32(step)) == pytest.approx(weight)


def test_mode_seeking_is_the_ratio_of_latent_to_image_differences() -> None:
    images, others = jnp.array([[1.0, 5.0]]), jnp.array([[2.0, 3.0]])  # mean difference 1.5
    latents, other_latents = jnp.array([[0.0, 1.0]]), jnp.array([[0.5, 0.0]])  # mean difference 0.75
    loss = mode_seeking(images, others, latents, other_latents)
    assert loss == pytest.approx(0.5, rel=1e-4)
    assert mode_seeking(images, 2 * others, latents, other_latents) < loss
    assert mode_seeking(images, others, latents, 2 * other_latents) > loss
    assert np.isfinite(mode_seeking(images, images, latents, other_latents))
