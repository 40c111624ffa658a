"""The wholeness judge standardises its features, and separates whole digits from halves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.recognition import digit_classifier, wholeness
from handwriting_gan.recognition.wholeness import WholenessNetwork, candidate_features
from handwriting_gan.writing.mnist_form import to_mnist_form


def test_features_are_standardised_by_the_parameters() -> None:
    network, features = WholenessNetwork(), jnp.arange(12.0).reshape(3, 4)
    params = network.init(jax.random.key(0), features)["params"]
    moved = {**params, "mean": jnp.full(4, 2.0), "deviation": jnp.full(4, 5.0)}
    np.testing.assert_allclose(network.apply({"params": moved}, 5.0 * features + 2.0),
                               network.apply({"params": params}, features), rtol=1e-5, atol=1e-6)


def test_a_whole_digit_has_a_higher_probability_than_its_left_half(held_out: Glyphs) -> None:
    whole = held_out.images[::40]
    halves = np.stack([to_mnist_form(np.where(np.arange(28) < 14, image / 255.0, 0.0)) for image in whole])
    shapes = np.tile([[0.7, 1.0]], (len(whole), 1))
    reader, judge = digit_classifier.load(), wholeness.load()
    of_whole, of_halves = (judge.probabilities(candidate_features(*reader.probabilities_and_features(images), shapes))
                        for images in (whole, halves))
    assert np.median(of_whole) > 0.8
    assert (of_whole > of_halves).mean() > 0.85
    assert of_whole.shape == (len(whole),)


@pytest.mark.parametrize("count", [1, 3])
def test_features_have_normalised_hidden_layers(count: int, held_out: Glyphs) -> None:
    images, shapes = held_out.images[:count], np.ones((count, 2))
    features = candidate_features(*digit_classifier.load().probabilities_and_features(images), shapes)
    assert features.shape == (count, digit_classifier.FEATURES + 1 + 10 + 2)
    np.testing.assert_allclose(np.linalg.norm(features[:, :digit_classifier.FEATURES], axis=1), 1.0, rtol=1e-3)
