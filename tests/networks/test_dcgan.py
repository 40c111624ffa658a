"""The conditional DCGAN's networks: which inputs each output depends on; dropout."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.dcgan import LabelDiscriminator, LabelToImage, dropout

GENERATOR, DIGITS = LabelToImage(8, 10), jnp.array([4, 8])
LATENTS = jax.random.normal(jax.random.key(0), (2, 5))
IMAGES = jax.random.normal(jax.random.key(0), (2, 28, 28, 1))
generate = jax.jit(GENERATOR.apply)


@pytest.fixture(scope="module")
def params() -> dict:
    return jax.jit(GENERATOR.init)(jax.random.key(1), LATENTS, DIGITS)


def test_an_image_depends_on_its_own_latent_and_digit_alone(params: dict) -> None:
    before = generate(params, LATENTS, DIGITS)
    assert before.shape == (2, 28, 28, 1)
    for after in (generate(params, LATENTS.at[1].multiply(-1.0), DIGITS),
                  generate(params, LATENTS, DIGITS.at[1].add(1))):
        np.testing.assert_allclose(before[0], after[0], atol=1e-6)
        assert jnp.abs(before[1] - after[1]).max() > 1e-3


def test_images_are_within_1(params: dict) -> None:
    images = generate(params, 1e3 * LATENTS, DIGITS)
    assert -1.0 <= images.min() < images.max() <= 1.0


def test_a_logit_depends_on_its_own_image_and_digit_alone() -> None:
    discriminator = LabelDiscriminator(8, 10)
    params = jax.jit(discriminator.init)(jax.random.key(1), IMAGES, DIGITS)
    discriminate = jax.jit(discriminator.apply)
    before = discriminate(params, IMAGES, DIGITS)
    assert before.shape == (2,)
    for after in (discriminate(params, -IMAGES.at[0].multiply(-1.0), DIGITS),
                  discriminate(params, IMAGES, DIGITS.at[1].add(1))):
        np.testing.assert_allclose(before[0], after[0], atol=1e-6)
        assert jnp.abs(before[1] - after[1]) > 1e-3


def test_dropout_is_each_images_own() -> None:
    discriminator = LabelDiscriminator(8, 10)
    params = jax.jit(discriminator.init)(jax.random.key(1), IMAGES, DIGITS)
    keys = jax.random.split(jax.random.key(2), 2)
    whole, some, other = (discriminator.apply(params, IMAGES, DIGITS, given) for given in (
        None, keys, keys.at[1].set(jax.random.key(3))))
    assert (jnp.abs(whole - some) > 1e-3).all()
    np.testing.assert_allclose(some[0], other[0], atol=1e-6)
    assert jnp.abs(some[1] - other[1]) > 1e-3


def test_dropout_keeps_the_mean_at_its_rate() -> None:
    x = dropout(jnp.ones((4, 5_000)), jax.random.split(jax.random.key(0), 4), 0.4)
    np.testing.assert_allclose(np.unique(x), [0.0, 1.0 / 0.6], rtol=1e-6)
    np.testing.assert_allclose((x > 0).mean(axis=1), 0.6, atol=0.03)
    assert (x[0] != x[1]).any()
