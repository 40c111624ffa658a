"""Logistic regression of a target's trait on the embeddings of the references."""

import numpy as np
import pytest
from scipy import special

from handwriting_gan.evaluation.trait_predictor import LEAST, features_of, fit
from handwriting_gan.metrics.bootstrap import TooFewError

WEIGHTS = np.array([2.0, -1.0, 0.0])


def sample(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of unequal scale, and traits with known log odds."""
    standard = rng.normal(size=(count, len(WEIGHTS)))
    traits = rng.random(count) < special.expit(standard @ WEIGHTS - 1.0)
    return standard * [1.0, 10.0, 0.1] + [0.0, 5.0, -3.0], traits.astype(float)


def test_the_probabilities_are_those_of_the_model_that_made_the_traits(rng: np.random.Generator) -> None:
    predictor = fit(*sample(rng, 20_000))
    features, _ = sample(rng, 200)
    log_odds = (features - [0.0, 5.0, -3.0]) / [1.0, 10.0, 0.1] @ WEIGHTS - 1.0
    np.testing.assert_allclose(predictor.predict(features), special.expit(log_odds), atol=0.04)


def test_features_without_information_predict_the_rate(rng: np.random.Generator) -> None:
    traits = (rng.random(500) < 0.3).astype(float)
    predicted = fit(np.ones((500, 2)), traits).predict(np.ones((4, 2)))
    np.testing.assert_allclose(predicted, traits.mean(), atol=1e-3)


def test_the_penalty_shrinks_weights_but_not_the_constant(rng: np.random.Generator) -> None:
    few, many = (fit(*sample(rng, count)).weights for count in (40, 20_000))
    assert np.abs(few[:-1]).sum() < np.abs(many[:-1]).sum()


@pytest.mark.parametrize("traits", [np.ones(LEAST), np.tile([0.0, 1.0], LEAST // 2)[1:]])
def test_one_kind_or_too_few_episodes_are_refused(traits: np.ndarray) -> None:
    with pytest.raises(TooFewError, match="too few to fit"):
        fit(np.zeros((len(traits), 2)), traits)


def test_references_of_the_own_digit_have_features_of_their_own() -> None:
    embeddings = np.array([[[1.0], [3.0], [10.0]], [[1.0], [2.0], [6.0]]])
    own = np.array([[False, False, True], [False, False, False]])
    np.testing.assert_allclose(features_of(embeddings, own), [[2.0, 10.0], [3.0, 0.0]])
