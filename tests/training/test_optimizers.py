"""Adam with coupled L2, compared with PyTorch's update."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from ml_collections import ConfigDict

from handwriting_gan.training import optimizers

RATE, BETA1, BETA2, L2 = 0.01, 0.5, 0.9, 0.1


def naive_adam(weight: float, gradients: list[float], beta1: float) -> float:
    """PyTorch's Adam with `weight_decay`, for one weight."""
    mean = square = 0.0
    for count, gradient in enumerate(gradients, start=1):
        gradient = gradient + L2 * weight
        mean = beta1 * mean + (1 - beta1) * gradient
        square = BETA2 * square + (1 - BETA2) * gradient**2
        weight -= RATE * (mean / (1 - beta1**count)) / (np.sqrt(square / (1 - BETA2**count)) + 1e-8)
    return weight


@pytest.mark.parametrize("beta1", [0.0, BETA1])
def test_the_update_equals_that_of_pytorch(beta1: float) -> None:
    gradients = [1.0, -0.3, 0.02]
    optimizer = optimizers.adam_with_l2(RATE, beta1, BETA2, L2)
    weight = jnp.float32(2.0)
    state = optimizer.init(weight)
    for gradient in gradients:
        update, state = optimizer.update(jnp.float32(gradient), state, weight)
        weight = optax.apply_updates(weight, update)
    assert weight == pytest.approx(naive_adam(2.0, gradients, beta1), rel=1e-5)


def test_l2_passes_through_the_moments_unlike_in_adamw() -> None:
    optimizer = optimizers.adam_with_l2(RATE, BETA1, BETA2, L2)
    update, _ = optimizer.update(jnp.float32(0.0), optimizer.init(jnp.float32(2.0)), jnp.float32(2.0))
    assert update == pytest.approx(-RATE, rel=1e-4)  # normalised to a full step


def test_each_network_has_its_own_learning_rate() -> None:
    config = ConfigDict({"learning_rates": {"slow": 1e-6, "fast": 1e-2},
                         "adam": {"beta1": 0.0, "beta2": 0.99, "l2": 0.0}})
    updates = {}
    for name, optimizer in optimizers.build(config).items():
        weight = jnp.float32(1.0)
        updates[name], _ = optimizer.update(jnp.float32(3.0), optimizer.init(weight), weight)
    assert updates == pytest.approx({"slow": -1e-6, "fast": -1e-2}, rel=1e-3)


def test_a_gradient_above_its_networks_largest_norm_is_scaled_down_before_l2_and_adam() -> None:
    config = ConfigDict({"learning_rates": {"clipped": RATE, "free": RATE}, "max_gradient_norms": {"clipped": 5.0},
                         "adam": {"beta1": BETA1, "beta2": BETA2, "l2": L2}})
    gradients = [jnp.array([30.0, 40.0]), jnp.array([0.3, -0.4]), jnp.array([0.0, 10.0])]
    scaled = [jnp.array([3.0, 4.0]), jnp.array([0.3, -0.4]), jnp.array([0.0, 5.0])]
    plain = optimizers.adam_with_l2(RATE, BETA1, BETA2, L2)
    for name, seen in (("clipped", scaled), ("free", gradients)):
        found, expected = (moved(optimizer, steps) for optimizer, steps in (
            (optimizers.build(config)[name], gradients), (plain, seen)))
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def moved(optimizer: optax.GradientTransformation, gradients: list[jax.Array]) -> jax.Array:
    """Weights after these gradients."""
    weights = jnp.array([2.0, -1.0])
    state = optimizer.init(weights)
    for gradient in gradients:
        update, state = optimizer.update(gradient, state, weights)
        weights = optax.apply_updates(weights, update)
    return weights


@pytest.mark.parametrize(("steps", "decay", "expected"), [
    (5, 0.4, [1, 1, 1, 1, 0.5]), (4, 1.0, [1, 0.75, 0.5, 0.25])])
def test_the_rate_decreases_linearly_in_the_last_fraction_of_the_steps(
        steps: int, decay: float, expected: list[float]) -> None:
    scale = optimizers.rate_scale(ConfigDict({"steps": steps, "rate_decay": decay}))
    assert [float(scale(jnp.int32(step))) for step in range(steps)] == pytest.approx(expected)


@pytest.mark.parametrize("fields", [{"steps": 100}, {"steps": 100, "rate_decay": 0.0}, {"steps": 1, "rate_decay": 0.4}])
def test_without_a_step_of_decay_the_rates_are_constant(fields: dict[str, float]) -> None:
    assert optimizers.rate_scale(ConfigDict(fields)) is None


def test_the_state_has_no_first_moment_if_beta1_is_zero() -> None:
    weight = jnp.ones((50, 50))
    with_moment, without_moment = (sum(x.size for x in jax.tree.leaves(optimizers.adam_with_l2(
        RATE, beta1, BETA2, L2).init(weight))) for beta1 in (BETA1, 0.0))
    assert with_moment - without_moment == weight.size
