"""One iteration of any method: its phases in order, then the moving averages.

The step runs on every device with its part of the batch; `axis_name` names the axis of devices.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from handwriting_gan.methods.method import Method, Params, Phase
from handwriting_gan.training.train_state import TrainState

Terms = dict[str, jax.Array]  # {phase/term: scalar}
TrainStep = Callable[[TrainState, Any, jax.Array], tuple[TrainState, Terms]]


def make_train_step(method: Method, optimizers: dict[str, optax.GradientTransformation],
                    ema_decay: float, seed: int, axis_name: str, micro_batches: int = 1,
                    rate_scale: Callable[[jax.Array], jax.Array] | None = None) -> TrainStep:
    """Builds `train_step(state, pool, examples) -> (state, terms)`.

    `examples` int32 `[B]` are the indices of this device's examples in the whole batch. A device processes them
    in `micro_batches` equal parts, one after the other. The data and the noise of an example are functions of
    (seed, step, repeat, index), so the numbers of devices and of parts change the result only by rounding.
    `rate_scale` is the factor of all updates as a function of the step; None is 1.
    """

    def gradients_of(phase: Phase, repeat: int, params: Params, pool: Any, step: jax.Array,
                     examples: jax.Array) -> tuple[Params, Terms]:
        batch_keys, noise_keys = example_keys(seed, step, repeat, examples)
        return phase_gradients(phase, params, method.examples.sample(pool, batch_keys), noise_keys, step)

    def train_step(state: TrainState, pool: Any, examples: jax.Array) -> tuple[TrainState, Terms]:
        params, opt_states = dict(state.params), dict(state.opt_states)
        terms: Terms = {}
        for phase in method.phases:
            for repeat in range(phase.repeats):
                gradients, phase_terms = mean_over_micro_batches(
                    functools.partial(gradients_of, phase, repeat, params, pool, state.step),
                    examples, micro_batches)
                gradients, phase_terms = jax.lax.pmean((gradients, phase_terms), axis_name)
                for name in phase.updates:
                    updates, opt_states[name] = optimizers[name].update(
                        gradients[name], opt_states[name], params[name])
                    if rate_scale is not None:
                        updates = optax.tree.scale(rate_scale(state.step), updates)
                    params[name] = optax.apply_updates(params[name], updates)
                terms |= {f"{phase.name}/{term}": value for term, value in phase_terms.items()}
        weight = ema_weight(ema_decay, state.step)
        averaged = {name: optax.incremental_update(params[name], average, weight)
                    for name, average in state.averaged.items()}
        return TrainState(state.step + 1, params, averaged, opt_states), terms

    return train_step


def ema_weight(decay: float, step: jax.Array) -> jax.Array:
    """Weight of the parameters after a step, counted from 0, in their exponential moving average.

    It corrects the bias as Adam does (Kingma & Ba 2015, section 3), so the initial parameters have no weight.
    Without the correction their weight is still one half after 346 steps at a decay of 0.998.
    """
    return (1.0 - decay) / (1.0 - decay**(step + 1.0))


def phase_gradients(phase: Phase, params: Params, batch: Any, keys: jax.Array,
                    step: jax.Array) -> tuple[Params, Terms]:
    """The gradients of a phase's loss with respect to the networks that it updates, and its terms."""

    def loss(updated: Params) -> tuple[jax.Array, Terms]:
        return phase.loss({**params, **updated}, batch, keys, step)

    return jax.grad(loss, has_aux=True)({name: params[name] for name in phase.updates})


def mean_over_micro_batches(function: Callable[[jax.Array], Any], examples: jax.Array, count: int) -> Any:
    """The mean of a function's pytrees of floats over `count` equal parts of the examples `[B]`.

    A loop keeps one part at a time in memory; XLA would interleave unrolled parts. On a CPU, convolutions
    inside a loop are ten times slower, but micro-batches are for accelerators, which run out of memory first.
    """
    if count == 1:
        return function(examples)
    parts = jnp.asarray(examples).reshape(count, -1)
    zeros = jax.tree.map(jnp.zeros_like, jax.eval_shape(function, parts[0]))
    total, _ = jax.lax.scan(
        lambda total, part: (jax.tree.map(jnp.add, total, function(part)), None), zeros, parts)
    return jax.tree.map(lambda x: x / count, total)


def example_keys(seed: int, step: jax.Array, repeat: int,
                 examples: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Keys `[B]` for the data and `[B]` for the noise of the examples int32 `[B]` of one iteration."""
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), step), repeat)
    keys = jax.vmap(lambda example: jax.random.split(jax.random.fold_in(key, example)))(
        jnp.asarray(examples))
    return keys[:, 0], keys[:, 1]
