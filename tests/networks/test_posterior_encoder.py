"""The posterior starts at the prior's width and looks at the glyph, its digit and the hand's style."""

import jax
import jax.numpy as jnp
import pytest

from handwriting_gan.networks.posterior_encoder import PosteriorEncoder

KEY = jax.random.key(0)
ENCODER = PosteriorEncoder(4, 3, 10)
INPUTS = [jax.random.normal(KEY, (2, 28, 28, 1)), jnp.array([4, 8]), jnp.zeros((2, 5))]
encode = jax.jit(ENCODER.apply)


@pytest.fixture(scope="module")
def untrained() -> dict:
    return jax.jit(ENCODER.init)(KEY, *INPUTS)


def test_an_untrained_posterior_is_as_wide_as_the_prior(untrained: dict) -> None:
    means, log_variances = encode(untrained, *INPUTS)
    assert means.shape == log_variances.shape == (2, 3)
    assert not log_variances.any()


def test_glyph_digit_and_style_each_matter(untrained: dict) -> None:
    before, _ = encode(untrained, *INPUTS)
    for place in range(len(INPUTS)):
        inputs = list(INPUTS)
        inputs[place] = inputs[place] + 1
        after, _ = encode(untrained, *inputs)
        assert jnp.abs(before - after).max() > 1e-3
