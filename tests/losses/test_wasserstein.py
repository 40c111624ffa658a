"""The Wasserstein loss on worked examples."""

import jax.numpy as jnp
import pytest

from handwriting_gan.losses.wasserstein import critic_loss, generator_loss

REAL, FAKE = jnp.array([[1.0, 3.0], [2.0, 2.0]]), jnp.array([[-1.0, 0.0], [4.0, -7.0]])


def test_the_critics_loss_is_the_mean_difference_of_fakes_and_reals() -> None:
    assert critic_loss(REAL, FAKE) == pytest.approx(-1.0 - 2.0)
    assert critic_loss(REAL, REAL) == 0.0
    assert critic_loss(FAKE, REAL) == -critic_loss(REAL, FAKE)


def test_a_constant_added_to_all_scores_changes_only_the_generators_loss() -> None:
    assert critic_loss(REAL + 5.0, FAKE + 5.0) == pytest.approx(float(critic_loss(REAL, FAKE)))
    assert generator_loss(FAKE + 5.0) == pytest.approx(float(generator_loss(FAKE)) - 5.0)
