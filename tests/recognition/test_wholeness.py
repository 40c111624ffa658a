"""What is judged is what the classifier sees; the shipped weights know a whole digit from a half."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.recognition import digit_classifier, wholeness
from handwriting_gan.recognition.wholeness import WholenessNetwork, candidate_features
from handwriting_gan.writing.mnist_form import to_mnist_form


def test_what_is_seen_is_standardised_by_the_parameters() -> None:
    network, seen = WholenessNetwork(), jnp.arange(12.0).reshape(3, 4)
    params = network.init(jax.random.key(0), seen)["params"]
    moved = {**params, "mean": jnp.full(4, 2.0), "deviation": jnp.full(4, 5.0)}
    np.testing.assert_allclose(network.apply({"params": moved}, 5.0 * seen + 2.0),
                               network.apply({"params": params}, seen), rtol=1e-5, atol=1e-6)


def test_a_whole_digit_is_likelier_one_than_its_left_half(held_out: Glyphs) -> None:
    whole = held_out.images[::40]
    halves = np.stack([to_mnist_form(np.where(np.arange(28) < 14, image / 255.0, 0.0)) for image in whole])
    shapes = np.tile([[0.7, 1.0]], (len(whole), 1))
    reader, judge = digit_classifier.load(), wholeness.load()
    likely, unlikely = (judge.probabilities(candidate_features(*reader.probabilities_and_features(images), shapes))
                        for images in (whole, halves))
    assert np.median(likely) > 0.8
    assert (likely > unlikely).mean() > 0.85
    assert likely.shape == (len(whole),)


@pytest.mark.parametrize("count", [1, 3])
def test_candidates_are_seen_one_by_one(count: int, held_out: Glyphs) -> None:
    images, shapes = held_out.images[:count], np.ones((count, 2))
    seen = candidate_features(*digit_classifier.load().probabilities_and_features(images), shapes)
    assert seen.shape == (count, digit_classifier.FEATURES + 1 + 10 + 2)
    np.testing.assert_allclose(np.linalg.norm(seen[:, :digit_classifier.FEATURES], axis=1), 1.0, rtol=1e-3)
