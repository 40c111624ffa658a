"""Contents have a place and no scale."""

from collections.abc import Callable

import jax
import numpy as np

from handwriting_gan.networks.content_encoder import ContentEncoder


def test_contents_are_maps_that_know_neither_brightness_nor_contrast(random_params: Callable) -> None:
    network, images = ContentEncoder(4, 2), jax.random.normal(jax.random.key(0), (2, 28, 28, 1))
    params = random_params(network.init, images)
    apply = jax.jit(network.apply)
    contents = apply(params, images)
    assert contents.shape == (2, 7, 7, 16)
    assert not np.allclose(contents[0], contents[1])
    np.testing.assert_allclose(apply(params, 3.0 * images + 0.5), contents, atol=2e-3)
