"""A content in, a logit for each domain out."""

import jax
import numpy as np

from handwriting_gan.networks.content_discriminator import ContentDiscriminator


def test_there_is_a_logit_for_each_domain_of_each_content() -> None:
    network, contents = ContentDiscriminator(10), jax.random.normal(jax.random.key(0), (3, 7, 7, 8))
    params = network.init(jax.random.key(1), contents)
    logits = network.apply(params, contents)
    assert logits.shape == (3, 10)
    assert not np.allclose(logits[0], logits[1])
    np.testing.assert_allclose(network.apply(params, contents[1:2])[0], logits[1], atol=1e-5)
