"""Two scales of patches, each judged as its digit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.patch_discriminator import PatchDiscriminator


@pytest.fixture
def images() -> jax.Array:
    return jax.random.normal(jax.random.key(0), (2, 28, 28, 1))


def test_scores_are_maps_at_two_scales_by_the_digits_own_map(
        images: jax.Array, random_params: Callable) -> None:
    network = PatchDiscriminator(4, 10)
    params = random_params(network.init, images, jnp.array([3, 4]))
    apply = jax.jit(network.apply)
    scores = apply(params, images, jnp.array([3, 4]))
    assert [score.shape for score in scores] == [(2, 3, 3), (2, 1, 1)]
    others = apply(params, images, jnp.array([3, 9]))
    for one, other in zip(scores, others, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        assert not np.allclose(one[1], other[1])


def test_a_patch_is_judged_by_itself(images: jax.Array, random_params: Callable) -> None:
    network, digits = PatchDiscriminator(4, 10), jnp.array([3, 4])
    params = random_params(network.init, images, digits)
    apply = jax.jit(network.apply)
    fine, _ = apply(params, images, digits)
    changed, _ = apply(params, images.at[:, :4].set(0.0), digits)
    assert not np.allclose(fine[:, 0], changed[:, 0])
    np.testing.assert_allclose(fine[:, 2:], changed[:, 2:], atol=1e-6)
