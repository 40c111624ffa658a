"""The DCGAN is unconditional: neither its images nor its losses depend on a digit."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from configs import dcgan as config_file
from handwriting_gan.data.batches import Batch
from handwriting_gan.methods import dcgan


def test_digits_have_no_effect(
        batch: Batch, keys: jax.Array, random_params: Callable, synthesise: Callable) -> None:
    method = dcgan.build(config_file.get_config("tiny"))
    params = random_params(method.init)
    other = batch._replace(source_digits=9 - batch.source_digits, reference_digits=9 - batch.reference_digits)
    for phase in method.phases:
        assert phase.loss(params, batch, keys, jnp.int32(0))[0] == phase.loss(
            params, other, keys, jnp.int32(0))[0]
    images = [synthesise(method.synthesis["latent"], params, each.sources, each.reference_digits)
              for each in (batch, other)]
    np.testing.assert_array_equal(*images)
    assert not np.allclose(images[0][0], images[0][1])  # because of their latents
