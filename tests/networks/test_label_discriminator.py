"""A conditional DCGAN's discriminator: what each logit hears of."""

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.label_discriminator import LabelDiscriminator

DIGITS = jnp.array([4, 8])
IMAGES = jax.random.normal(jax.random.key(0), (2, 28, 28, 1))


def test_a_logit_hears_of_its_own_image_and_digit_alone() -> None:
    discriminator = LabelDiscriminator(8, 10)
    params = jax.jit(discriminator.init)(jax.random.key(1), IMAGES, DIGITS)
    discriminate = jax.jit(discriminator.apply)
    before = discriminate(params, IMAGES, DIGITS)
    assert before.shape == (2,)
    for after in (discriminate(params, -IMAGES.at[0].multiply(-1.0), DIGITS),
                  discriminate(params, IMAGES, DIGITS.at[1].add(1))):
        np.testing.assert_allclose(before[0], after[0], atol=1e-6)
        assert jnp.abs(before[1] - after[1]) > 1e-3
