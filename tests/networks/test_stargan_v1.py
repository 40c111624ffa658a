"""StarGAN's networks: shapes, and which inputs each output depends on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.stargan_v1 import (
    ClassifyingDiscriminator,
    LabelGenerator,
    MultiTaskDiscriminator,
)

GENERATOR = LabelGenerator(4, 1, 10)
IMAGES, DIGITS = jax.random.normal(jax.random.key(0), (3, 28, 28, 1)), jnp.array([4, 8, 1])
translate = jax.jit(GENERATOR.apply)


@pytest.fixture(scope="module")
def params() -> dict:
    return jax.jit(GENERATOR.init)(jax.random.key(1), IMAGES, DIGITS)


def test_images_are_as_large_as_their_sources_and_within_1(params: dict) -> None:
    images = translate(params, IMAGES, DIGITS)
    assert images.shape == IMAGES.shape
    assert -1.0 <= images.min() < images.max() <= 1.0


def test_source_and_digit_each_change_their_own_image_alone(params: dict) -> None:
    before = translate(params, IMAGES, DIGITS)
    other = IMAGES.at[1].set(jax.random.normal(jax.random.key(2), IMAGES.shape[1:]))
    for after in (translate(params, other, DIGITS), translate(params, IMAGES, DIGITS.at[1].add(1))):
        np.testing.assert_allclose(before[0], after[0], atol=1e-5)
        assert jnp.abs(before[1] - after[1]).max() > 0.01


def test_it_halves_twice_and_doubles_as_often(params: dict) -> None:
    kernels = [leaf.shape for leaf in jax.tree.leaves(params) if leaf.ndim == 4]
    assert sorted(kernels) == sorted([
        (7, 7, 11, 4), (4, 4, 4, 8), (4, 4, 8, 16), (3, 3, 16, 16), (3, 3, 16, 16), (4, 4, 16, 8),
        (4, 4, 8, 4), (7, 7, 4, 1)])


def test_an_image_has_one_score_and_ten_class_logits_of_its_own() -> None:
    discriminator = ClassifyingDiscriminator(4, 10)
    params = jax.jit(discriminator.init)(jax.random.key(1), IMAGES)
    discriminate = jax.jit(discriminator.apply)
    scores, classes = discriminate(params, IMAGES)
    assert scores.shape == (3, 1, 1)
    assert classes.shape == (3, 10)
    for before, after in zip((scores, classes), discriminate(params, IMAGES.at[2].set(0.0)), strict=True):
        np.testing.assert_allclose(before[:2], after[:2], atol=1e-6)
        assert jnp.abs(before[2] - after[2]).max() > 1e-3


def test_a_multi_task_score_depends_on_its_own_image_and_digit_alone() -> None:
    discriminator = MultiTaskDiscriminator(4, 10)
    params = jax.jit(discriminator.init)(jax.random.key(1), IMAGES, DIGITS)
    discriminate = jax.jit(discriminator.apply)
    before = discriminate(params, IMAGES, DIGITS)
    assert before.shape == (3,)
    for after in (discriminate(params, IMAGES.at[2].set(0.0), DIGITS),
                  discriminate(params, IMAGES, DIGITS.at[2].add(1))):
        np.testing.assert_allclose(before[:2], after[:2], atol=1e-6)
        assert jnp.abs(before[2] - after[2]) > 1e-3
