"""The objective of a phase: the weighted sum of its terms."""

import functools
import operator
from collections.abc import Mapping

import jax

Terms = dict[str, jax.Array]


def weighted_sum(terms: Terms, weights: Mapping[str, float | jax.Array]) -> tuple[jax.Array, Terms]:
    """The scalar to minimise, and its terms; terms without a weight are omitted.

    `jit` removes the computation of omitted terms. Weights without a term belong to another phase.
    """
    named = {name: term for name, term in terms.items() if name in weights}
    return functools.reduce(operator.add, (weights[name] * term for name, term in named.items())), named
