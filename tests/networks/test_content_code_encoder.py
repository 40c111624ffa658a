"""A code tells where the strokes lie."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.content_code_encoder import ContentCodeEncoder


def test_a_code_is_of_its_own_image_and_hears_where_a_stroke_lies(random_params: Callable) -> None:
    stroke = jnp.zeros((28, 28, 1)).at[4:12, 4:8].set(1.0)
    images = jnp.stack([stroke, jnp.roll(stroke, 12, axis=1), stroke])
    encoder = ContentCodeEncoder(4, 8, 5)
    params = random_params(encoder.init, images)
    apply = jax.jit(encoder.apply)
    codes = apply(params, images)
    assert codes.shape == (3, 5)
    np.testing.assert_allclose(codes[0], codes[2], atol=1e-6)
    assert jnp.abs(codes[0] - codes[1]).max() > 1e-2
