"""StarGAN v1's generator: a source and a digit to an image."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.label_generator import LabelGenerator

GENERATOR = LabelGenerator(4, 1, 10)
IMAGES, DIGITS = jax.random.normal(jax.random.key(0), (2, 28, 28, 1)), jnp.array([4, 8])
translate = jax.jit(GENERATOR.apply)


@pytest.fixture(scope="module")
def params(random_params: Callable) -> dict:
    return random_params(GENERATOR.init, IMAGES, DIGITS)


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
