"""The divergence against its integral and on worked examples."""

import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.losses.variational import kl_divergence, kl_to_standard_normal, mean_of_squares


def test_the_divergence_of_the_prior_is_0() -> None:
    assert kl_to_standard_normal(jnp.zeros((3, 4)), jnp.zeros((3, 4))) == 0.0


@pytest.mark.parametrize(("prior_mean", "prior_variance"), [(0.0, 1.0), (-1.2, 2.5), (0.9, 0.2)])
def test_it_equals_its_defining_integral(prior_mean: float, prior_variance: float) -> None:
    x = np.linspace(-12.0, 12.0, 100_001)

    def density(mean: float, variance: float) -> np.ndarray:
        return np.exp(-(x - mean)**2 / (2 * variance)) / np.sqrt(2 * np.pi * variance)

    mean, variance = 0.7, 0.3
    posterior, prior = density(mean, variance), density(prior_mean, prior_variance)
    expected = np.trapezoid(
        posterior * (np.log(np.maximum(posterior, 1e-300)) - np.log(np.maximum(prior, 1e-300))), x)
    found = kl_divergence(*(jnp.array([[value]]) for value in (
        mean, np.log(variance), prior_mean, np.log(prior_variance))))
    assert found == pytest.approx(expected, rel=1e-4)


def test_the_divergence_from_a_standard_normal_prior_is_the_general_one() -> None:
    means, log_variances = jnp.array([[0.7, -2.0]]), jnp.array([[0.3, -1.0]])
    zeros = jnp.zeros_like(means)
    assert kl_to_standard_normal(means, log_variances) == pytest.approx(
        float(kl_divergence(means, log_variances, zeros, zeros)), rel=1e-6)


def test_it_does_not_depend_on_the_scale_of_the_latent() -> None:
    means, prior_means = jnp.array([[1.0, 2.0]]), jnp.array([[0.5, -1.0]])
    zeros, doubled = jnp.zeros_like(means), jnp.full_like(means, np.log(4.0))
    assert kl_divergence(2 * means, doubled, 2 * prior_means, doubled) == pytest.approx(
        float(kl_divergence(means, zeros, prior_means, zeros)), rel=1e-6)


def test_it_sums_over_the_latent_and_averages_over_the_batch() -> None:
    means = jnp.array([[1.0, 2.0], [0.0, 0.0]])
    assert kl_to_standard_normal(means, jnp.zeros((2, 2))) == pytest.approx((0.5 + 2.0) / 2)


def test_the_mean_of_squares_is_twice_the_divergence_per_element_at_variance_1() -> None:
    codes = jnp.array([[1.0, -2.0, 0.5], [0.0, 3.0, 1.0]])
    assert mean_of_squares(codes) == pytest.approx((1.0 + 4.0 + 0.25 + 9.0 + 1.0) / 6)
    divergence = kl_to_standard_normal(codes, jnp.zeros_like(codes))
    assert mean_of_squares(codes) == pytest.approx(2 * float(divergence) / 3)
