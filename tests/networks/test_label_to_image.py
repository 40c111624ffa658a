"""A conditional DCGAN's generator: what each image hears of."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.label_to_image import LabelToImage

GENERATOR, DIGITS = LabelToImage(8, 10), jnp.array([4, 8])
LATENTS = jax.random.normal(jax.random.key(0), (2, 5))
generate = jax.jit(GENERATOR.apply)


@pytest.fixture(scope="module")
def params(random_params: Callable) -> dict:
    return random_params(GENERATOR.init, LATENTS, DIGITS)


def test_an_image_hears_of_its_own_latent_and_digit_alone(params: dict) -> None:
    before = generate(params, LATENTS, DIGITS)
    assert before.shape == (2, 28, 28, 1)
    for after in (generate(params, LATENTS.at[1].multiply(-1.0), DIGITS),
                  generate(params, LATENTS, DIGITS.at[1].add(1))):
        np.testing.assert_allclose(before[0], after[0], atol=1e-6)
        assert jnp.abs(before[1] - after[1]).max() > 1e-3


def test_images_are_within_1(params: dict) -> None:
    images = generate(params, 1e3 * LATENTS, DIGITS)
    assert -1.0 <= images.min() < images.max() <= 1.0
