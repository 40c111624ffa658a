"""A batch with keys; guided synthesis; which parameters of a phase have a gradient."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from jax.extend.core import Literal

from handwriting_gan.data.batches import Batch, make_pool, sample_batch
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.methods.method import Guided, Phase
from handwriting_gan.training.train_step import phase_gradients


@pytest.fixture(scope="session")
def batch(glyphs: Glyphs) -> Batch:
    return jax.jit(sample_batch)(make_pool(glyphs), jax.random.split(jax.random.key(1), 4))


@pytest.fixture(scope="session")
def keys() -> jax.Array:
    return jax.random.split(jax.random.key(2), 4)


@pytest.fixture(scope="session")
def synthesise() -> Callable[..., jax.Array]:
    """`synthesise(guided, params, sources, digits, references, seed)`: images of a guided mode `[B, 28, 28, 1]`."""

    def call(guided: Guided, params: dict, sources: jax.Array, digits: jax.Array,
             references: jax.Array | None = None, seed: int = 0) -> jax.Array:
        codes = [guided.style(params, references, digits)] if guided.style else []
        if guided.latent_dim:
            codes.append(guided.sample_latents(jax.random.key(seed), len(digits)))
        return guided.decode(params, guided.content(params, sources), *codes, digits)

    return call


@pytest.fixture(scope="session")
def moved_by() -> Callable[..., dict[str, Any]]:
    """`moved_by(phase, params, batch, keys)`: for each parameter that the phase updates, whether it can change.

    A gradient that depends on no input is a constant zero. Tracing shows this in a tenth of the time of compiling.
    """

    def trace(phase: Phase, *inputs: Any) -> dict[str, Any]:
        def gradients(*inputs: Any) -> dict[str, Any]:
            return phase_gradients(phase, *inputs, jnp.int32(0))[0]

        closed, shapes = jax.make_jaxpr(gradients, return_shape=True)(*inputs)
        depending = set(closed.jaxpr.invars)
        for equation in closed.jaxpr.eqns:
            if any(x in depending for x in equation.invars if not isinstance(x, Literal)):
                depending.update(equation.outvars)
        return jax.tree.unflatten(jax.tree.structure(shapes), [
            not isinstance(x, Literal) and x in depending for x in closed.jaxpr.outvars])

    return trace
