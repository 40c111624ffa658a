"""A conditional DCGAN's discriminator: what each logit hears of."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.label_discriminator import LabelDiscriminator, drop

DIGITS = jnp.array([4, 8])
IMAGES = jax.random.normal(jax.random.key(0), (2, 28, 28, 1))


def test_a_logit_hears_of_its_own_image_and_digit_alone(random_params: Callable) -> None:
    discriminator = LabelDiscriminator(8, 10)
    params = random_params(discriminator.init, IMAGES, DIGITS)
    discriminate = jax.jit(discriminator.apply)
    before = discriminate(params, IMAGES, DIGITS)
    assert before.shape == (2,)
    for after in (discriminate(params, -IMAGES.at[0].multiply(-1.0), DIGITS),
                  discriminate(params, IMAGES, DIGITS.at[1].add(1))):
        np.testing.assert_allclose(before[0], after[0], atol=1e-6)
        assert jnp.abs(before[1] - after[1]) > 1e-3


def test_what_is_dropped_is_each_images_own(random_params: Callable) -> None:
    discriminator = LabelDiscriminator(8, 10)
    params = random_params(discriminator.init, IMAGES, DIGITS)
    keys = jax.random.split(jax.random.key(2), 2)
    discriminate = jax.jit(discriminator.apply)
    whole, some, other = (discriminate(params, IMAGES, DIGITS, given) for given in (
        None, keys, keys.at[1].set(jax.random.key(3))))
    assert (jnp.abs(whole - some) > 1e-3).all()
    np.testing.assert_allclose(some[0], other[0], atol=1e-6)
    assert jnp.abs(some[1] - other[1]) > 1e-3


def test_dropping_keeps_the_mean_and_the_share() -> None:
    x = drop(jnp.ones((4, 5_000)), jax.random.split(jax.random.key(0), 4), 0.4)
    np.testing.assert_allclose(np.unique(x), [0.0, 1.0 / 0.6], rtol=1e-6)
    np.testing.assert_allclose((x > 0).mean(axis=1), 0.6, atol=0.03)
    assert (x[0] != x[1]).any()
