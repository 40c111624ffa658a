"""The digit and the style both decide."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.domain_decoder import DomainDecoder


def test_one_content_is_drawn_as_any_digit_in_any_style(random_params: Callable) -> None:
    network = DomainDecoder(width=4, blocks=1, perceptron_width=8, domains=10)
    contents = jnp.tile(jax.random.normal(jax.random.key(0), (1, 7, 7, 16)), (3, 1, 1, 1))
    styles = jax.random.normal(jax.random.key(1), (2, 5))[jnp.array([0, 0, 1])]
    digits = jnp.array([3, 4, 3])
    params = random_params(network.init, contents, styles, digits)
    apply = jax.jit(network.apply)
    images = np.asarray(apply(params, contents, styles, digits))
    assert images.shape == (3, 28, 28, 1)
    assert np.abs(images).max() <= 1.0
    assert not np.allclose(images[0], images[1])
    assert not np.allclose(images[0], images[2])


def test_a_digit_is_heard_at_a_style_of_nothing(random_params: Callable) -> None:
    """As encoders make styles shorter than the prior's, what a digit does must not fade with them."""
    network = DomainDecoder(width=4, blocks=1, perceptron_width=8, domains=10)
    contents = jnp.tile(jax.random.normal(jax.random.key(0), (1, 7, 7, 16)), (2, 1, 1, 1))
    params = random_params(network.init, contents, jnp.zeros((2, 5)), jnp.array([3, 4]))
    apply = jax.jit(network.apply)
    images = apply(params, contents, jnp.zeros((2, 5)), jnp.array([3, 4]))
    assert jnp.abs(images[0] - images[1]).max() > 0.1
