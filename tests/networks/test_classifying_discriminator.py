"""StarGAN v1's discriminator: a score, and which digit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.classifying_discriminator import ClassifyingDiscriminator

IMAGES = jax.random.normal(jax.random.key(0), (3, 28, 28, 1))


def test_an_image_has_one_score_and_ten_class_logits_of_its_own(random_params: Callable) -> None:
    discriminator = ClassifyingDiscriminator(4, 10)
    params = random_params(discriminator.init, IMAGES)
    discriminate = jax.jit(discriminator.apply)
    scores, classes = discriminate(params, IMAGES)
    assert scores.shape == (3, 1, 1)
    assert classes.shape == (3, 10)
    for before, after in zip((scores, classes), discriminate(params, IMAGES.at[2].set(0.0)), strict=True):
        np.testing.assert_allclose(before[:2], after[:2], atol=1e-6)
        assert jnp.abs(before[2] - after[2]).max() > 1e-3
