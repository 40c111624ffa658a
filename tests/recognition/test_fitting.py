"""Minimisation by steps with known results."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from handwriting_gan.recognition.fitting import Params, minimise


def downhill(params: Params, key: jax.Array) -> jax.Array:
    """The gradient is 1 everywhere."""
    return params["x"].sum()


def noise(params: Params, key: jax.Array) -> jax.Array:
    """The gradient is a random number that the key determines."""
    return params["x"] * jax.random.normal(key)


def fitted(loss: object, start: float, steps: int, seed: int = 0, ema_decay: float = 0.0) -> float:
    params = minimise(loss, {"x": jnp.float32(start)}, optax.sgd(1.0), steps, seed, ema_decay, "fitting")
    return float(params["x"])


def test_every_step_descends_the_gradient() -> None:
    assert fitted(downhill, 10.0, steps=4) == 6.0


def test_the_result_is_the_moving_average() -> None:
    """The parameters are 8, 7, 6, 5; their averages at decay 0.5 are 8, 7.5, 6.75, 5.875."""
    assert fitted(downhill, 8.0, steps=3, ema_decay=0.5) == 5.875


def test_zero_steps_change_nothing() -> None:
    assert fitted(downhill, 8.0, steps=0) == 8.0


def test_the_key_of_a_step_depends_on_seed_and_number() -> None:
    keys = [jax.random.fold_in(jax.random.key(7), number) for number in range(3)]
    expected = -sum(float(jax.random.normal(key)) for key in keys)
    assert fitted(noise, 0.0, steps=3, seed=7) == pytest.approx(expected, rel=1e-5)


def test_only_equal_seeds_give_equal_results() -> None:
    assert fitted(noise, 0.0, steps=5, seed=1) == fitted(noise, 0.0, steps=5, seed=1)
    assert fitted(noise, 0.0, steps=5, seed=1) != fitted(noise, 0.0, steps=5, seed=2)


def test_the_optimizer_gets_the_parameters() -> None:
    """With weight decay alone and a constant loss, 4 shrinks to 2, then to 1."""
    optimizer = optax.chain(optax.add_decayed_weights(0.5), optax.sgd(1.0))
    found = minimise(lambda params, key: 0.0 * params["x"], {"x": jnp.float32(4.0)}, optimizer, 2, 0, 0.0, "")
    assert isinstance(found["x"], np.ndarray | np.generic)
    assert float(found["x"]) == 1.0
