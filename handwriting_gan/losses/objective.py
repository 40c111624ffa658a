"""The objective of a phase: its terms, weighted and summed."""

import functools
import operator
from collections.abc import Mapping

import jax

Terms = dict[str, jax.Array]


def weighted_sum(terms: Terms, weights: Mapping[str, float | jax.Array]) -> tuple[jax.Array, Terms]:
    """The scalar to minimise, and the terms in it; one without a weight is left out.

    Under `jit` such a term is never computed. Weights without a term are another phase's.
    """
    named = {name: term for name, term in terms.items() if name in weights}
    return functools.reduce(operator.add, (weights[name] * term for name, term in named.items())), named
