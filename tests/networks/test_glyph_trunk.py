"""Folding loses nothing; the trunk knows the digit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.glyph_trunk import GlyphTrunk, fold

KEY = jax.random.key(0)


def test_folding_gathers_each_square_of_two_by_two() -> None:
    image = jnp.arange(16).reshape(1, 4, 4, 1)
    np.testing.assert_array_equal(fold(image)[0], [[[0, 1, 4, 5], [2, 3, 6, 7]],
                                                   [[8, 9, 12, 13], [10, 11, 14, 15]]])


def test_folding_keeps_every_pixel_of_every_channel() -> None:
    image = jax.random.normal(KEY, (2, 6, 4, 3))
    folded = fold(image)
    assert folded.shape == (2, 3, 2, 12)
    np.testing.assert_array_equal(jnp.sort(folded.reshape(2, -1)), jnp.sort(image.reshape(2, -1)))


def test_the_trunk_ends_in_four_times_its_width_and_hears_of_the_digit(random_params: Callable) -> None:
    trunk, images = GlyphTrunk(4, 10), jax.random.normal(KEY, (3, 28, 28, 1))
    params = random_params(trunk.init, images, jnp.zeros(3, jnp.int32))
    apply = jax.jit(trunk.apply)
    features = apply(params, images, jnp.array([7, 7, 2]))
    assert features.shape == (3, 16)
    others = apply(params, images, jnp.array([7, 2, 2]))
    np.testing.assert_allclose(features[0], others[0], rtol=1e-5)
    assert not np.allclose(features[1], others[1])
