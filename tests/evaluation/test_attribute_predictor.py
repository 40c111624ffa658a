"""Ridge regression of a target's attributes on those of the references."""

import numpy as np
import pytest

from handwriting_gan.evaluation.attribute_predictor import PENALTY, fit
from handwriting_gan.metrics.bootstrap import TooFewError

MIXING = np.array([[0.5, 0.0], [0.3, -1.0], [0.0, 2.0]])


def some_references(rng: np.random.Generator, count: int = 2_000, references: int = 3) -> np.ndarray:
    return rng.normal(size=(count, references, len(MIXING)))


def test_a_target_linear_in_the_mean_of_the_references_is_predicted(rng: np.random.Generator) -> None:
    references = some_references(rng)
    predictor = fit(references.mean(axis=1) @ MIXING + [3.0, -1.0], references)
    fresh = some_references(rng, 10)
    np.testing.assert_allclose(predictor.predict(fresh), fresh.mean(axis=1) @ MIXING + [3.0, -1.0], atol=0.02)


def test_a_single_attribute_follows_the_formula_of_ridge_regression() -> None:
    """Centred by the means 0 and 1, the products sum to 2 and 6, and the squares to 2 and 2."""
    references, targets = np.array([-1.0, 0.0, 1.0]), np.array([[-1.0], [1.0], [3.0]])
    predictor = fit(targets, references[:, None, None])
    slope = 4.0 / (2.0 + PENALTY)
    np.testing.assert_allclose(predictor.weights, [[slope], [1.0]])
    np.testing.assert_allclose(predictor.predict(np.array([[[2.0]]])), [[1.0 + 2.0 * slope]])


def test_the_intercept_has_no_penalty(rng: np.random.Generator) -> None:
    references, targets = some_references(rng, 30) + 5.0, rng.normal(size=(30, 2)) + 100.0
    predicted = fit(targets, references).predict(references)
    np.testing.assert_allclose(predicted.mean(axis=0), targets.mean(axis=0))


@pytest.mark.parametrize("references", [1, 3, 10])
def test_more_references_have_more_weight(references: int, rng: np.random.Generator) -> None:
    """Glyphs vary within a hand as hands vary, so the best weight of the mean of K glyphs is K / (K + 1)."""
    hands = rng.normal(size=(20_000, 1, 1))
    glyphs = hands + rng.normal(size=(20_000, references, 1))
    slope, constant = fit(hands[:, 0] + rng.normal(size=(20_000, 1)), glyphs).weights.ravel()
    assert slope == pytest.approx(references / (references + 1), abs=0.03)
    assert constant == pytest.approx(0.0, abs=0.03)


def test_the_order_of_the_references_does_not_matter(rng: np.random.Generator) -> None:
    references, targets = some_references(rng, 50), rng.normal(size=(50, 2))
    np.testing.assert_allclose(fit(targets, references[:, ::-1]).weights, fit(targets, references).weights)


def test_each_group_of_references_has_its_own_weights(rng: np.random.Generator) -> None:
    others, shown = some_references(rng), some_references(rng, references=1)
    targets = others.mean(axis=1) @ MIXING - 3.0 * shown[:, 0] @ MIXING
    predicted = fit(targets, others, shown).predict(others[:10], shown[:10])
    np.testing.assert_allclose(predicted, targets[:10], atol=0.03)


def test_blank_references_are_left_out(rng: np.random.Generator) -> None:
    references, targets = some_references(rng, 50, 2), rng.normal(size=(50, 2))
    blank = np.full((50, 1, 3), np.nan)
    padded = np.concatenate([references, blank], axis=1)
    predictor = fit(targets, references)
    np.testing.assert_allclose(fit(targets, padded).weights, predictor.weights)
    np.testing.assert_allclose(predictor.predict(padded), predictor.predict(references))


def test_blank_rows_are_not_used_in_fitting(rng: np.random.Generator) -> None:
    references, targets = some_references(rng, 50), rng.normal(size=(50, 2))
    expected = fit(targets[2:], references[2:]).weights
    references[0], targets[1] = np.nan, np.nan
    np.testing.assert_allclose(fit(targets, references).weights, expected)


def test_an_episode_without_a_reference_has_no_prediction(rng: np.random.Generator) -> None:
    references = some_references(rng, 50)
    predictor = fit(rng.normal(size=(50, 2)), references)
    references[3] = np.nan
    blank = np.isnan(predictor.predict(references))
    assert blank[3].all()
    assert blank.sum() == 2


@pytest.mark.parametrize("whole", [0, 4])
def test_fitting_needs_more_episodes_than_weights(whole: int, rng: np.random.Generator) -> None:
    references, targets = some_references(rng, 9), rng.normal(size=(9, 2))
    targets[whole:] = np.nan
    with pytest.raises(TooFewError, match=f"{whole} episodes are too few to fit 4 weights"):
        fit(targets, references)
