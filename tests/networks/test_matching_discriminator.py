"""One look at an image, a logit for each style that it is shown with."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.matching_discriminator import MatchingDiscriminator

KEY = jax.random.key(0)
DISCRIMINATOR = MatchingDiscriminator(4, 10)
IMAGES, DIGITS = jax.random.normal(KEY, (3, 28, 28, 1)), jnp.array([4, 8, 1])
STYLES = jax.random.normal(jax.random.key(1), (2, 3, 5))
discriminate = jax.jit(DISCRIMINATOR.apply)


@pytest.fixture(scope="module")
def params(random_params: Callable) -> dict:
    return random_params(DISCRIMINATOR.init, IMAGES, DIGITS, STYLES)


def test_each_row_of_styles_is_judged_as_if_alone(params: dict) -> None:
    both = discriminate(params, IMAGES, DIGITS, STYLES)
    assert both.shape == (2, 3)
    for row, styles in enumerate(STYLES):
        alone, = discriminate(params, IMAGES, DIGITS, styles[None])
        np.testing.assert_allclose(both[row], alone, rtol=1e-4, atol=1e-5)
    assert jnp.abs(both[0] - both[1]).min() > 1e-4


def test_each_image_has_a_logit_of_its_own_digit_and_style(params: dict) -> None:
    before = discriminate(params, IMAGES, DIGITS, STYLES)
    for inputs in ((IMAGES.at[1].add(0.5), DIGITS, STYLES), (IMAGES, DIGITS.at[1].set(5), STYLES),
                   (IMAGES, DIGITS, STYLES.at[:, 1].add(1.0))):
        after = discriminate(params, *inputs)
        np.testing.assert_allclose(before[:, ::2], after[:, ::2], rtol=1e-4, atol=1e-5)
        assert jnp.abs(before[:, 1] - after[:, 1]).min() > 1e-4
