"""One iteration of any method: its phases in order, the averages, the terms.

Written for one device's share of the batch; `axis_name` names the axis over which gradients are averaged.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

from handwriting_gan.methods.method import Method, Params, Phase
from handwriting_gan.training import shards
from handwriting_gan.training.train_state import TrainState

Terms = dict[str, jax.Array]  # {phase/term: scalar}
TrainStep = Callable[[TrainState, Any, jax.Array], tuple[TrainState, Terms]]


def make_train_step(method: Method, optimizers: dict[str, optax.GradientTransformation],
                    averaging: float, seed: int, axis_name: str, micro_batches: int = 1) -> TrainStep:
    """Builds `train_step(state, pool, examples)`.

    `examples` int32 `[B]` are the places of this device's share in the whole batch: an example's draw
    and noise are addressed by (seed, step, repeat, example), so that how devices share it does not matter,
    nor in how many micro-batches, one after the other, a device takes its share.
    """

    def share_gradients(phase: Phase, repeat: int, params: Params, pool: Any, step: jax.Array,
                        examples: jax.Array) -> tuple[Params, Terms]:
        draw_keys, noise_keys = example_keys(seed, step, repeat, examples)
        return phase_gradients(phase, params, method.examples.draw(pool, draw_keys), noise_keys, step)

    def train_step(state: TrainState, pool: Any,
                   examples: jax.Array) -> tuple[TrainState, Terms]:
        count = jax.lax.axis_size(axis_name)
        params, opt_states = dict(state.params), dict(state.opt_states)
        terms: Terms = {}
        for phase in method.phases:
            for repeat in range(phase.repeats):
                gradients_of = functools.partial(share_gradients, phase, repeat, params, pool, state.step)
                gradients, phase_terms = mean_over_micro_batches(gradients_of, examples, micro_batches)
                moving = {name: params[name] for name in phase.updates}
                (own_gradients, own_terms), place = shards.own_of_mean((gradients, phase_terms), axis_name)
                moved = shards.own(moving, place, count)
                for name in phase.updates:
                    updates, opt_states[name] = optimizers[name].update(
                        own_gradients[name], opt_states[name], moved[name])
                    moved[name] = optax.apply_updates(moved[name], updates)
                moved, phase_terms = shards.whole((moved, own_terms), (moving, phase_terms), axis_name)
                params |= moved
                terms |= {f"{phase.name}/{term}": value for term, value in phase_terms.items()}
        share = share_of_newest(averaging, state.step)
        averaged = {name: optax.incremental_update(shards.own(params[name], place, count), average, share)
                    for name, average in state.averaged.items()}
        return TrainState(state.step + 1, params, averaged, opt_states), terms

    return train_step


def share_of_newest(averaging: float, step: jax.Array) -> jax.Array:
    """What the parameters after a step, counted from 0, weigh in their moving average.

    The average is of the steps alone, as Adam's corrected moments are (Kingma & Ba 2015, section 3): without
    the correction the initial parameters, which are noise, make up half of it after 334 steps at 0.998.
    """
    return (1.0 - averaging) / (1.0 - averaging**(step + 1.0))


def phase_gradients(phase: Phase, params: Params, batch: Any, keys: jax.Array,
                    step: jax.Array) -> tuple[Params, Terms]:
    """Gradients of a phase's loss in the networks that it moves, the others held constant; its terms."""

    def loss(moved: Params) -> tuple[jax.Array, Terms]:
        return phase.loss({**params, **moved}, batch, keys, step)

    return jax.grad(loss, has_aux=True)({name: params[name] for name in phase.updates})


def mean_over_micro_batches(function: Callable[[jax.Array], Any], examples: jax.Array, count: int) -> Any:
    """The mean of a function's pytrees of floats over `count` equal parts of the examples `[B]`.

    A loop, so that one part at a time is in memory: parts written out side by side XLA interleaves, barriers
    or not. In a loop a CPU's convolutions are ten times slower, but memory is what an accelerator lacks.
    """
    if count == 1:
        return function(examples)
    parts = jnp.asarray(examples).reshape(count, -1)
    nothing = jax.tree.map(jnp.zeros_like, jax.eval_shape(function, parts[0]))
    total, _ = jax.lax.scan(
        lambda total, part: (jax.tree.map(jnp.add, total, function(part)), None), nothing, parts)
    return jax.tree.map(lambda x: x / count, total)


def example_keys(seed: int, step: ArrayLike, repeat: int,
                 examples: ArrayLike) -> tuple[jax.Array, jax.Array]:
    """Keys `[B]` for the draw and `[B]` for the noise of the examples int32 `[B]` of one iteration."""
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), step), repeat)
    keys = jax.vmap(lambda example: jax.random.split(jax.random.fold_in(key, example)))(
        jnp.asarray(examples))
    return keys[:, 0], keys[:, 1]
