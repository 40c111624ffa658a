"""The state of a run: arrays only, so that saving it is saving one pytree."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import struct

from handwriting_gan.methods.method import Method
from handwriting_gan.training import shards

NO_STEP = 2**32 - 1  # where the initial parameters' key stands among those of the steps


class TrainState(struct.PyTreeNode):
    """Everything that changes in training; with the seed it determines all that follows."""

    step: jax.Array  # int32, iterations done
    params: dict[str, Any]  # {network: parameters}
    averaged: dict[str, Any]  # moving averages of some networks; a device has its own parts of them
    opt_states: dict[str, Any]  # {network: optimizer state}, of moments likewise


def create(method: Method, optimizers: dict[str, optax.GradientTransformation],
           seed: int) -> TrainState:
    """The state before the first step; the averages start as copies of the initial networks."""
    params = method.init(jax.random.fold_in(jax.random.key(seed), NO_STEP))
    return TrainState(
        step=jnp.int32(0),
        params=params,
        averaged={name: params[name] for name in method.averaged},
        opt_states={name: optimizers[name].init(params[name]) for name in method.networks},
    )


def part(state: TrainState, optimizers: dict[str, optax.GradientTransformation], index: int,
         count: int) -> TrainState:
    """A whole state as device `index` of `count` has it: averages and moments in parts."""

    def own(array: jax.Array) -> jax.Array:
        return shards.cut(array, count)[index]

    return state.replace(
        averaged=jax.tree.map(own, state.averaged),
        opt_states={name: optax.tree_map_params(optimizers[name], own, opt_state)
                    for name, opt_state in state.opt_states.items()})


def shapes_on_device(state: TrainState, optimizers: dict[str, optax.GradientTransformation],
                     count: int) -> TrainState:
    """The shapes of what one of `count` devices has of a whole state."""
    return jax.eval_shape(lambda state: part(state, optimizers, 0, count), state)
