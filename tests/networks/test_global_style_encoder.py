"""A style has no place, and knows contrast."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.global_style_encoder import GlobalStyleEncoder


def test_a_style_is_of_the_whole_image(random_params: Callable) -> None:
    network = GlobalStyleEncoder(4, 8)
    glyph = jnp.zeros((1, 28, 28, 1)).at[:, 8:16, 8:16].set(1.0)
    params = random_params(network.init, glyph)
    apply = jax.jit(network.apply)
    style = apply(params, glyph)
    assert style.shape == (1, 8)
    moved = apply(params, jnp.roll(glyph, 4, axis=2))  # by one of the last maps' pixels
    np.testing.assert_allclose(moved, style, atol=1e-5)
    assert not np.allclose(apply(params, 3.0 * glyph), style)
