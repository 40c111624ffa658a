"""Fitting by steps worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from handwriting_gan.recognition.fitting import Params, minimise


def downhill(params: Params, key: jax.Array) -> jax.Array:
    """A slope of 1 everywhere."""
    return params["x"].sum()


def noise(params: Params, key: jax.Array) -> jax.Array:
    """A slope that is the batch's own random number."""
    return params["x"] * jax.random.normal(key)


def fitted(loss: object, start: float, steps: int, seed: int = 0, averaging: float = 0.0) -> float:
    params = minimise(loss, {"x": jnp.float32(start)}, optax.sgd(1.0), steps, seed, averaging, "fitting")
    return float(params["x"])


def test_every_step_goes_against_the_gradient() -> None:
    assert fitted(downhill, 10.0, steps=4) == 6.0


def test_what_is_kept_is_the_moving_average() -> None:
    """From 8 to 7, 6, 5; half of the old average and half of the new: 7.5, 6.75, 5.875."""
    assert fitted(downhill, 8.0, steps=3, averaging=0.5) == 5.875


def test_without_a_step_nothing_moves() -> None:
    assert fitted(downhill, 8.0, steps=0) == 8.0


def test_a_steps_key_is_that_of_its_seed_and_number() -> None:
    keys = [jax.random.fold_in(jax.random.key(7), number) for number in range(3)]
    away = -sum(float(jax.random.normal(key)) for key in keys)
    assert fitted(noise, 0.0, steps=3, seed=7) == pytest.approx(away, rel=1e-5)


def test_the_same_seed_fits_the_same_and_another_does_not() -> None:
    assert fitted(noise, 0.0, steps=5, seed=1) == fitted(noise, 0.0, steps=5, seed=1)
    assert fitted(noise, 0.0, steps=5, seed=1) != fitted(noise, 0.0, steps=5, seed=2)


def test_the_optimizer_is_told_the_parameters() -> None:
    """Weight decay alone, on a loss without a slope: 4 shrinks to 2, to 1."""
    optimizer = optax.chain(optax.add_decayed_weights(0.5), optax.sgd(1.0))
    flat = minimise(lambda params, key: 0.0 * params["x"], {"x": jnp.float32(4.0)}, optimizer, 2, 0, 0.0, "")
    assert isinstance(flat["x"], np.ndarray | np.generic)
    assert float(flat["x"]) == 1.0
