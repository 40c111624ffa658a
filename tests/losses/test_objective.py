"""A phase's objective: the terms in it, and the terms that are not computed."""

import jax
import jax.numpy as jnp
import pytest

from handwriting_gan.losses.objective import weighted_sum

TERMS = {"near": jnp.float32(2.0), "far": jnp.float32(-3.0), "omitted": jnp.float32(jnp.nan)}


def test_the_objective_is_the_weighted_sum_of_the_terms_with_a_weight() -> None:
    total, named = weighted_sum(TERMS, {"near": 0.5, "far": 2.0, "another phase's": 9.0})
    assert total == pytest.approx(0.5 * 2.0 + 2.0 * -3.0)
    assert named == {"near": 2.0, "far": -3.0}


def test_an_omitted_term_is_not_computed() -> None:
    def flops(*names: str) -> float:
        def total(x: jax.Array) -> jax.Array:
            return weighted_sum({"cheap": x.sum(), "expensive": (x @ x @ x).sum()}, dict.fromkeys(names, 1.0))[0]

        return jax.jit(total).lower(jnp.ones((32, 32))).compile().cost_analysis()["flops"]

    assert flops("cheap") < 0.1 * flops("cheap", "expensive")
