"""The state of a run. It holds arrays only, so a checkpoint is one pytree."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from handwriting_gan.methods.method import Method

INIT_STEP = 2**32 - 1  # the step that addresses the randomness of the initial parameters


class TrainState(struct.PyTreeNode):
    """The arrays that training changes. State, config and data determine the rest of the run."""

    step: jax.Array  # int32, iterations done
    params: dict[str, Any]  # {network: parameters}
    averaged: dict[str, Any]  # {network: moving average of its parameters}, for some networks
    opt_states: dict[str, Any]  # {network: optimizer state}


def create(method: Method, optimizers: dict[str, optax.GradientTransformation],
           seed: int) -> TrainState:
    """The state before the first step; the averages start as copies of the initial networks."""
    params = method.init(jax.random.fold_in(jax.random.key(seed), INIT_STEP))
    return TrainState(
        step=jnp.int32(0),
        params=params,
        averaged={name: params[name] for name in method.averaged},
        opt_states={name: optimizers[name].init(params[name]) for name in method.networks},
    )
