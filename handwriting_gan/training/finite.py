"""Refusing to go on, or to save, once a loss, a parameter or an average is not finite."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from handwriting_gan.errors import InputError


def check_terms(step: int, terms: Mapping[str, float]) -> None:
    """Refuses the terms `{phase/term: value}` of a step if one is not finite.

    Raises:
      InputError: naming the phase, the term and the step.
    """
    for name, value in terms.items():
        if not np.isfinite(value):
            phase, term = name.split("/")
            raise _diverged(f"the term {term} of phase {phase} is {value} at step {step}")


def check_params(step: int, params: Mapping[str, Any], averaged: Mapping[str, Any]) -> None:
    """Refuses the parameters `{network: arrays}` and averages after a step if one is not finite.

    Raises:
      InputError: naming the network and the step.
    """
    for what, networks in (("a parameter", params), ("the moving average", averaged)):
        for network, tree in networks.items():
            if not all(np.isfinite(array).all() for array in jax.tree.leaves(tree)):
                raise _diverged(f"{what} of the {network} is not finite after step {step}")


def _diverged(what: str) -> InputError:
    return InputError(f"{what}; the last good checkpoint is kept. Try a smaller learning rate, or smaller "
                      "weights of the losses, in a new --workdir")
