"""A content in, a logit for each domain out."""

from collections.abc import Callable

import jax
import numpy as np

from handwriting_gan.networks.content_discriminator import ContentDiscriminator


def test_there_is_a_logit_for_each_domain_of_each_content(random_params: Callable) -> None:
    network, contents = ContentDiscriminator(10), jax.random.normal(jax.random.key(0), (3, 7, 7, 8))
    params = random_params(network.init, contents)
    apply = jax.jit(network.apply)
    logits = apply(params, contents)
    assert logits.shape == (3, 10)
    assert not np.allclose(logits[0], logits[1])
    np.testing.assert_allclose(apply(params, contents[1:2])[0], logits[1], atol=1e-5)
