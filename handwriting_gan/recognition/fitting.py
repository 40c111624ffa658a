"""Gradient descent with an exponential moving average of the parameters."""

from collections.abc import Callable
from typing import Any

import jax
import optax
from rich.progress import track

Params = dict[str, Any]


def minimise(loss: Callable[[Params, jax.Array], jax.Array], params: Params,
             optimizer: optax.GradientTransformation, steps: int, seed: int, ema_decay: float,
             title: str) -> Params:
    """Minimises `loss(params, key)` from `params`; returns the averaged parameters as NumPy arrays.

    The loss samples its batch from the key, which is a function of seed and step.
    """

    @jax.jit
    def step(state: tuple, number: jax.Array) -> tuple:
        params, averaged, moments = state
        gradients = jax.grad(loss)(params, jax.random.fold_in(jax.random.key(seed), number))
        updates, moments = optimizer.update(gradients, moments, params)
        params = optax.apply_updates(params, updates)
        return params, optax.incremental_update(params, averaged, 1 - ema_decay), moments

    state = params, params, optimizer.init(params)
    for number in track(range(steps), title):
        state = step(state, number)
    return jax.device_get(state[1])
