"""What it reads is the same whatever digit it is told."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from handwriting_gan.networks.latent_encoder import LatentEncoder


def test_a_latent_is_read_from_the_image_alone(random_params: Callable) -> None:
    network, images = LatentEncoder(4, 8, 5), jax.random.normal(jax.random.key(0), (2, 28, 28, 1))
    params = random_params(network.init, images, jnp.array([1, 2]))
    apply = jax.jit(network.apply)
    latents = apply(params, images, jnp.array([1, 2]))
    assert latents.shape == (2, 5)
    assert not np.allclose(latents[0], latents[1])
    np.testing.assert_array_equal(latents, apply(params, images, jnp.array([8, 9])))
