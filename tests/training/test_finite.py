"""A value that is not finite stops the run; the error names it."""

import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.training.finite import check_params, check_terms

PARAMS = {"generator": {"w": np.ones(3)}, "discriminator": {"w": np.ones(3), "b": np.zeros(2)}}


def test_finite_terms_and_parameters_pass() -> None:
    check_terms(3, {"generator_latent/cycle": 0.5, "discriminator_latent/r1": 0.0})
    check_params(3, PARAMS, {"generator": PARAMS["generator"]})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_error_names_phase_term_and_step(value: float) -> None:
    with pytest.raises(InputError, match=r"term cycle of phase generator_latent is .* at step 7;"):
        check_terms(7, {"discriminator_latent/r1": 1.0, "generator_latent/cycle": value})


def test_the_error_names_the_network() -> None:
    diverged = PARAMS | {"discriminator": {"w": np.ones(3), "b": np.array([0.0, np.nan])}}
    with pytest.raises(InputError, match="parameter of the discriminator is not finite after step 9"):
        check_params(9, diverged, {})


def test_an_average_that_is_not_finite_is_an_error() -> None:
    with pytest.raises(InputError, match="moving average of the generator is not finite after step 9"):
        check_params(9, PARAMS, {"generator": {"w": np.array([1.0, np.inf])}})
