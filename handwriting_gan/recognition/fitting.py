"""How the judges are fitted: Adam with a cosine decay, and the moving average of the parameters kept."""

from collections.abc import Callable
from typing import Any

import jax
import optax
from rich.progress import track

Params = dict[str, Any]


def minimise(loss: Callable[[Params, jax.Array], jax.Array], params: Params,
             optimizer: optax.GradientTransformation, steps: int, seed: int, averaging: float,
             title: str) -> Params:
    """Moves `params` against the gradient of `loss(params, key)`; the averaged parameters.

    The loss draws its own batch from the key, which is a function of seed and step alone.
    """

    @jax.jit
    def step(state: tuple, number: jax.Array) -> tuple:
        params, averaged, moments = state
        gradients = jax.grad(loss)(params, jax.random.fold_in(jax.random.key(seed), number))
        updates, moments = optimizer.update(gradients, moments, params)
        params = optax.apply_updates(params, updates)
        return params, optax.incremental_update(params, averaged, 1 - averaging), moments

    state = params, params, optimizer.init(params)
    for number in track(range(steps), title):
        state = step(state, number)
    return jax.device_get(state[1])
