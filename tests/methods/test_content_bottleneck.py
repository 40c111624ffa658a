"""The bottleneck: noise on the content in training only, and a penalty on its squares."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from configs import content_bottleneck as config_file
from handwriting_gan.data.batches import Batch
from handwriting_gan.methods import content_bottleneck, stargan_v2
from handwriting_gan.methods.content_bottleneck import ContentBottleneck
from handwriting_gan.methods.method import Method


def small_config() -> ConfigDict:
    """`tiny` with a generator that compiles fast."""
    config = config_file.get_config("tiny")
    config.networks.update({"levels": 1, "bottleneck_blocks": 1})
    return config


@pytest.fixture(scope="module")
def method() -> Method:
    config = small_config()
    config.losses.content = 0.3
    return content_bottleneck.build(config)


@pytest.fixture(scope="module")
def model(method: Method) -> ContentBottleneck:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method, random_params: Callable) -> dict[str, Any]:
    return random_params(method.init)


def without_noise(method: Method, noise: float = 0.0, **losses: float) -> Method:
    config = small_config()
    config.content_noise = noise
    config.losses.update({"content": 0.3, **losses})
    return content_bottleneck.build(config)


def test_content_and_decoder_compose_to_the_generator(
        model: ContentBottleneck, params: dict, batch: Batch) -> None:
    styles = model.encode_style(params, batch.references, batch.reference_digits)
    content = model.content(params, batch.sources)
    assert content.shape[:3] == (4, 14, 14)
    np.testing.assert_allclose(model.decode(params, content, styles),
                               model.translate(params, batch.sources, styles), rtol=1e-5, atol=1e-6)


@pytest.mark.slow  # compiles two losses with derivatives
def test_without_noise_it_is_stargan_v2_plus_the_mean_square_of_the_content(
        method: Method, model: ContentBottleneck, params: dict, batch: Batch, keys: jax.Array) -> None:
    plain = stargan_v2.build(small_config())
    for own, whole in zip(without_noise(method).phases, plain.phases, strict=True):
        total, terms = own.loss(params, batch, keys, jnp.int32(3))
        expected, named = whole.loss(params, batch, keys, jnp.int32(3))
        if own.name.startswith("generator"):
            content = float(np.square(model.content(params, batch.sources)).mean())
            assert float(terms.pop("content")) == pytest.approx(content, rel=1e-4)
            expected = expected + 0.3 * content
        assert {name: float(term) for name, term in terms.items()} == pytest.approx(
            {name: float(term) for name, term in named.items()}, rel=1e-4, abs=1e-6)
        assert float(total) == pytest.approx(float(expected), rel=1e-4)


def test_the_noise_has_its_deviation_and_depends_on_the_examples_key(
        model: ContentBottleneck, params: dict, batch: Batch, keys: jax.Array) -> None:
    """With a decoder that returns its content."""

    class Exposed(ContentBottleneck):
        def decode(self, params: dict, content: jax.Array, styles: jax.Array) -> jax.Array:
            return content

    exposed = Exposed(model.networks, model.latent_dim, model.style_dim, {}, 1, 1.0, noise=2.0)
    content = model.content(params, batch.sources)
    noise = np.asarray(exposed._translate_in_training(params, batch.sources, None, keys) - content)
    assert noise.std() == pytest.approx(2.0, rel=0.05)
    assert not np.allclose(noise[0], noise[1])
    alone = exposed._translate_in_training(params, batch.sources[2:], None, keys[2:]) - content[2:]
    np.testing.assert_allclose(noise[2:], alone, atol=1e-5)


def test_synthesis_has_no_noise(
        method: Method, params: dict, batch: Batch, synthesise: Callable) -> None:
    plain = stargan_v2.build(small_config())
    np.testing.assert_array_equal(*(
        synthesise(each.synthesis["reference"], params, batch.sources, batch.reference_digits, batch.references)
        for each in (method, plain)))
