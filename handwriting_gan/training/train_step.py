"""One iteration of any method: its phases in order, the averages, the terms.

Written for one device's share of the batch; `axis_name` names the axis over which gradients are averaged.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from handwriting_gan.data.batches import Pool, draw
from handwriting_gan.methods.method import Method
from handwriting_gan.training.train_state import TrainState

Terms = dict[str, jax.Array]  # {phase/term: scalar}
TrainStep = Callable[[TrainState, Pool, jax.Array], tuple[TrainState, Terms]]


def make_train_step(method: Method, optimizers: dict[str, optax.GradientTransformation],
                    averaging: float, seed: int, axis_name: str) -> TrainStep:
    """Builds `train_step(state, pool, examples)`.

    `examples` int32 `[B]` are the places of this device's share in the whole batch: an example's draw and noise
    are addressed by (seed, step, repeat, example), so the batch does not depend on how devices share it.
    """

    def train_step(state: TrainState, pool: Pool,
                   examples: jax.Array) -> tuple[TrainState, Terms]:
        params, opt_states = dict(state.params), dict(state.opt_states)
        terms = {}
        for phase in method.phases:
            for repeat in range(phase.repeats):
                draw_keys, noise_keys = example_keys(seed, state.step, repeat, examples)
                batch = draw(pool, draw_keys)

                def loss(moved: dict, phase=phase, batch=batch, keys=noise_keys) -> tuple:
                    return phase.loss({**params, **moved}, batch, keys, state.step)

                moved = {name: params[name] for name in phase.updates}
                gradients, phase_terms = jax.grad(loss, has_aux=True)(moved)
                gradients = jax.lax.pmean(gradients, axis_name)
                for name in phase.updates:
                    updates, opt_states[name] = optimizers[name].update(
                        gradients[name], opt_states[name], params[name])
                    params[name] = optax.apply_updates(params[name], updates)
                terms |= {f"{phase.name}/{term}": value for term, value in phase_terms.items()}

        averaged = {name: optax.incremental_update(params[name], average, 1.0 - averaging)
                    for name, average in state.averaged.items()}
        state = TrainState(state.step + 1, params, averaged, opt_states)
        return state, jax.lax.pmean(terms, axis_name)

    return train_step


def example_keys(seed: int, step: jax.Array, repeat: int,
                 examples: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Keys `[B]` for the draw and `[B]` for the noise of the examples int32 `[B]` of one iteration."""
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), step), repeat)
    keys = jax.vmap(lambda example: jax.random.split(jax.random.fold_in(key, example)))(
        jnp.asarray(examples))
    return keys[:, 0], keys[:, 1]
