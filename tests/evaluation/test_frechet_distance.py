"""The Fréchet distance where it is known, and its laws."""

import numpy as np
import pytest
import scipy.linalg

from handwriting_gan.evaluation.frechet_distance import Statistics, frechet_distance, statistics

WIDTH = 6


def gaussian(mean: list[float], variances: list[float]) -> Statistics:
    return Statistics(np.array(mean), np.diag(variances))


def some_features(rng: np.random.Generator, count: int = 400) -> np.ndarray:
    """Correlated features away from zero."""
    mixing, mean = rng.normal(size=(WIDTH, WIDTH)), rng.normal(size=WIDTH)
    return rng.normal(size=(count, WIDTH)) @ mixing + mean


@pytest.mark.parametrize(("one", "other", "distance"), [
    # (1 - 4)^2 + (2 - 3)^2
    (gaussian([1.0], [4.0]), gaussian([4.0], [9.0]), 10.0),
    # 3^2 + 4^2 + (1 - 3)^2 + (2 - 4)^2
    (gaussian([0.0, 0.0], [1.0, 4.0]), gaussian([3.0, 4.0], [9.0, 16.0]), 33.0),
    # one point against a standard normal: its variance
    (gaussian([5.0], [0.0]), gaussian([5.0], [1.0]), 1.0),
])
def test_independent_gaussians_differ_by_means_and_deviations(
        one: Statistics, other: Statistics, distance: float) -> None:
    assert frechet_distance(one, other) == pytest.approx(distance)


def test_statistics_are_the_mean_and_the_unbiased_covariance() -> None:
    found = statistics(np.array([[0, 1], [2, 3], [4, -1]], np.float32))
    np.testing.assert_allclose(found.mean, [2.0, 1.0])
    np.testing.assert_allclose(found.covariance, [[4.0, -2.0], [-2.0, 4.0]])


def test_a_single_feature_has_a_one_by_one_covariance() -> None:
    assert statistics(np.array([[0.0], [2.0], [4.0]])).covariance.tolist() == [[4.0]]


@pytest.mark.parametrize("count", [2, WIDTH])
def test_as_many_rows_as_features_are_too_few(count: int, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="too few"):
        statistics(some_features(rng, count))


def test_the_distance_equals_the_formula_with_a_matrix_root(rng: np.random.Generator) -> None:
    one, other = statistics(some_features(rng)), statistics(some_features(rng))
    root = scipy.linalg.sqrtm(one.covariance @ other.covariance).real
    expected = np.sum((one.mean - other.mean) ** 2) + np.trace(
        one.covariance + other.covariance - 2 * root)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-8)


def test_the_distance_is_symmetric(rng: np.random.Generator) -> None:
    one, other = statistics(some_features(rng)), statistics(some_features(rng))
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one), rel=1e-10)


def test_nothing_is_away_from_itself(rng: np.random.Generator) -> None:
    own = statistics(some_features(rng))
    assert frechet_distance(own, own) == pytest.approx(0.0, abs=1e-8)


def test_features_that_never_vary_do_no_harm(rng: np.random.Generator) -> None:
    """Dead units of a network make the covariance singular."""
    features = some_features(rng)
    features[:, ::2] = 0.0
    one, other = statistics(features), statistics(features + 2.0)
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(one, other) == pytest.approx(4.0 * WIDTH, rel=1e-6)


def test_turning_both_sets_changes_nothing(rng: np.random.Generator) -> None:
    one, other = some_features(rng), some_features(rng)
    turn, _ = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))
    before = frechet_distance(statistics(one), statistics(other))
    after = frechet_distance(statistics(one @ turn), statistics(other @ turn))
    assert after == pytest.approx(before, rel=1e-8)


def test_a_shift_costs_its_squared_length(rng: np.random.Generator) -> None:
    features = some_features(rng)
    own = statistics(features)
    for length in (0.5, 1.0, 2.0):
        moved = statistics(features + length * np.eye(WIDTH)[0])
        assert frechet_distance(own, moved) == pytest.approx(length**2, rel=1e-6)


def test_the_distance_grows_with_noise(rng: np.random.Generator) -> None:
    features = some_features(rng)
    noise = rng.normal(size=features.shape)
    distances = [frechet_distance(statistics(features), statistics(features + level * noise))
                 for level in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert (np.diff(distances) > 0).all()
