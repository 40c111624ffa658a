"""One style for each digit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.label_style import LabelStyle


def test_the_style_is_the_digits_whatever_the_latents_are(random_params: Callable) -> None:
    network, digits = LabelStyle(6, 10), jnp.array([3, 3, 7])
    latents = jax.random.normal(jax.random.key(0), (3, 4))
    params = random_params(network.init, latents, digits)
    apply = jax.jit(network.apply)
    styles = apply(params, latents, digits)
    assert styles.shape == (3, 6)
    np.testing.assert_array_equal(styles[0], styles[1])
    assert not np.allclose(styles[0], styles[2])
    np.testing.assert_array_equal(styles, apply(params, 2.0 * latents, digits))
    np.testing.assert_array_equal(apply(params, latents, jnp.int32(7)), [styles[2]] * 3)
