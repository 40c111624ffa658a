"""Checks that losses, parameters and moving averages are finite. A run stops before it saves any that is not."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from handwriting_gan.errors import InputError


def check_terms(step: int, terms: Mapping[str, float]) -> None:
    """Checks the terms `{phase/term: value}` of a step.

    Raises:
      InputError: if one is not finite; it names the phase, the term and the step.
    """
    for name, value in terms.items():
        if not np.isfinite(value):
            phase, term = name.split("/")
            raise _diverged(f"the term {term} of phase {phase} is {value} at step {step}")


def check_params(step: int, params: Mapping[str, Any], averaged: Mapping[str, Any]) -> None:
    """Checks the parameters and their averages, `{network: arrays}`, after a step.

    Raises:
      InputError: if one is not finite; it names the network and the step.
    """
    for kind, networks in (("a parameter", params), ("the moving average", averaged)):
        for network, tree in networks.items():
            if not all(np.isfinite(array).all() for array in jax.tree.leaves(tree)):
                raise _diverged(f"{kind} of the {network} is not finite after step {step}")


def _diverged(reason: str) -> InputError:
    return InputError(f"{reason}; the last good checkpoint is kept. Try a smaller learning rate or smaller "
                      "loss weights in a new --workdir")
