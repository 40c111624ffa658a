"""A score is of an image as its digit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.multi_task_discriminator import MultiTaskDiscriminator

IMAGES = jax.random.normal(jax.random.key(0), (3, 28, 28, 1))
DIGITS = jnp.array([4, 8, 1])


def test_a_score_hears_of_its_own_image_and_digit_alone(random_params: Callable) -> None:
    discriminator = MultiTaskDiscriminator(4, 10)
    params = random_params(discriminator.init, IMAGES, DIGITS)
    discriminate = jax.jit(discriminator.apply)
    before = discriminate(params, IMAGES, DIGITS)
    assert before.shape == (3,)
    for after in (discriminate(params, IMAGES.at[2].set(0.0), DIGITS),
                  discriminate(params, IMAGES, DIGITS.at[2].add(1))):
        np.testing.assert_allclose(before[:2], after[:2], atol=1e-6)
        assert jnp.abs(before[2] - after[2]) > 1e-3
