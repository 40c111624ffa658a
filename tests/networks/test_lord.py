"""LORD's networks: which inputs each output depends on."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.lord import ClassModulatedGenerator, ContentCodeEncoder


def test_a_content_depends_on_its_own_image_and_on_positions() -> None:
    stroke = jnp.zeros((28, 28, 1)).at[4:12, 4:8].set(1.0)
    images = jnp.stack([stroke, jnp.roll(stroke, 12, axis=1), stroke])
    encoder = ContentCodeEncoder(4, 8, 5)
    params = encoder.init(jax.random.key(0), images)
    codes = encoder.apply(params, images)
    assert codes.shape == (3, 5)
    np.testing.assert_allclose(codes[0], codes[2], atol=1e-6)
    assert jnp.abs(codes[0] - codes[1]).max() > 1e-2


def test_class_and_content_each_change_the_image_which_is_within_1(random_params: Callable) -> None:
    network = ClassModulatedGenerator(8)
    contents = jax.random.normal(jax.random.key(0), (3, 6))
    codes = jax.random.normal(jax.random.key(1), (2, 8))[jnp.array([0, 0, 1])]
    params = random_params(network.init, codes[:1], contents[:1])
    apply = jax.jit(network.apply)
    images = apply(params, codes, contents.at[2].set(contents[1]))
    assert images.shape == (3, 28, 28, 1)
    assert float(jnp.abs(images).max()) <= 1.0
    assert not np.allclose(images[0], images[1])  # another content
    assert not np.allclose(images[1], images[2])  # another class


def test_a_pixel_near_paper_still_has_a_gradient(random_params: Callable) -> None:
    network, codes, contents = ClassModulatedGenerator(8), jnp.ones((1, 8)), jnp.ones((1, 6))
    params = random_params(network.init, codes, contents)["params"]

    def mean(bias: jax.Array) -> jax.Array:
        return network.apply({"params": {**params, "Conv_0": {"kernel": 0.1 * params["Conv_0"]["kernel"],
                                                              "bias": bias}}}, codes, contents).mean()

    value, slope = jax.jit(jax.value_and_grad(mean))(jnp.array([-3.0]))
    assert float(value) < -0.9
    assert float(slope[0]) > 1e-3
