"""The adversarial loss against binary cross-entropy written out."""

import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    matching_aware_loss,
    relativistic_loss,
)


def test_both_losses_equal_binary_cross_entropy() -> None:
    real, fake = np.array([2.0, -1.0]), np.array([0.5, 3.0])
    real_odds, fake_odds = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    expected = -np.log(real_odds).mean() - np.log(1 - fake_odds).mean()
    assert discriminator_loss(jnp.array(real), jnp.array(fake)) == pytest.approx(expected, rel=1e-6)
    assert generator_loss(jnp.array(fake)) == pytest.approx(-np.log(fake_odds).mean(), rel=1e-6)


def test_zero_logits_cost_two_bits() -> None:
    assert discriminator_loss(jnp.zeros(3), jnp.zeros(3)) == pytest.approx(2 * np.log(2))


def test_the_losses_are_finite_and_monotone_for_large_logits() -> None:
    logits = jnp.array([-1e4, -10.0, 0.0, 10.0, 1e4])
    losses = np.array([generator_loss(logit[None]) for logit in logits])
    assert np.isfinite(losses).all()
    assert (np.diff(losses) <= 0).all()
    assert losses[0] == pytest.approx(1e4)


def test_mismatched_reals_are_half_of_the_negatives() -> None:
    real, fake, mismatched = (jnp.array(logits) for logits in ([2.0, -1.0], [0.5, 3.0], [-0.3, 1.0]))
    expected = (np.log1p(np.exp(-real)).mean()
                + (np.log1p(np.exp(fake)).mean() + np.log1p(np.exp(mismatched)).mean()) / 2)
    assert matching_aware_loss(real, fake, mismatched) == pytest.approx(expected, rel=1e-6)


def test_the_relativistic_loss_compares_each_real_logit_with_its_fake() -> None:
    real, fake = jnp.array([2.0, -1.0]), jnp.array([0.5, 3.0])
    assert relativistic_loss(real, fake) == pytest.approx((np.log1p(np.exp(-1.5)) + np.log1p(np.exp(4.0))) / 2)
    assert relativistic_loss(fake, real) == pytest.approx((np.log1p(np.exp(1.5)) + np.log1p(np.exp(-4.0))) / 2)
    assert relativistic_loss(real, real) == pytest.approx(np.log(2.0))


def test_the_relativistic_loss_ignores_a_common_shift_but_not_the_pairing() -> None:
    real, fake = jnp.array([2.0, -1.0]), jnp.array([0.5, 3.0])
    assert relativistic_loss(real + 7.0, fake + 7.0) == pytest.approx(float(relativistic_loss(real, fake)), rel=1e-6)
    assert abs(relativistic_loss(real, fake[::-1]) - relativistic_loss(real, fake)) > 0.1
