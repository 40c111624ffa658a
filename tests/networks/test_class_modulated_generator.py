"""The content lays out, the class modulates, and paper is reached."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.class_modulated_generator import ClassModulatedGenerator


def test_both_the_class_and_the_content_decide_within_the_range_of_glyphs(random_params: Callable) -> None:
    network = ClassModulatedGenerator(8, 8, 10)
    contents = jax.random.normal(jax.random.key(0), (3, 6))
    params = random_params(network.init, jnp.zeros((1,), jnp.int32), contents[:1])
    apply = jax.jit(network.apply)
    images = apply(params, jnp.array([2, 2, 7]), contents.at[2].set(contents[1]))
    assert images.shape == (3, 28, 28, 1)
    assert float(jnp.abs(images).max()) <= 1.0
    assert not np.allclose(images[0], images[1])  # another content
    assert not np.allclose(images[1], images[2])  # another class
