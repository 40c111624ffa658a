"""The Fréchet distance: known values, laws, and its derivative in the weight of a glyph or a writer."""

import numpy as np
import pytest
import scipy.linalg

from handwriting_gan.metrics.bootstrap import TooFewError, resample
from handwriting_gan.metrics.frechet_distance import (
    Statistics,
    distance_and_influence,
    frechet_estimate,
    statistics,
    symmetric_root,
)

WIDTH = 6
WRITERS = np.repeat(np.arange(60), 10)


def gaussian(mean: list[float], variances: list[float]) -> Statistics:
    return Statistics(np.array(mean), np.diag(variances))


def some_features(rng: np.random.Generator, count: int = 400) -> np.ndarray:
    """Correlated features with a mean that is not 0."""
    mixing, mean = rng.normal(size=(WIDTH, WIDTH)), rng.normal(size=WIDTH)
    return rng.normal(size=(count, WIDTH)) @ mixing + mean


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The distance of features `[N, F]` and `[M, F]`; a single writer needs no resamples."""
    return frechet_estimate(one, other, np.zeros(len(one))).value


def influence(fakes: np.ndarray, real: Statistics) -> np.ndarray:
    return distance_and_influence(fakes, real, symmetric_root(real.covariance))[1]


def naive(one: Statistics, other: Statistics) -> float:
    """The distance by the formula with a matrix square root."""
    root = scipy.linalg.sqrtm(one.covariance @ other.covariance).real
    return float(np.sum((one.mean - other.mean) ** 2)
                 + np.trace(one.covariance + other.covariance - 2 * root))


def sample(gaussian: Statistics) -> np.ndarray:
    """Features with exactly the given mean and variances."""
    values = np.random.default_rng(0).normal(size=(50, len(gaussian.mean)))
    values -= values.mean(axis=0)
    white = values @ np.linalg.inv(np.linalg.cholesky(np.cov(values.T).reshape([len(gaussian.mean)] * 2))).T
    return gaussian.mean + white * np.sqrt(np.diag(gaussian.covariance))


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
    assert frechet_distance(sample(one), sample(other)) == pytest.approx(distance)


def test_statistics_are_the_mean_and_the_unbiased_covariance() -> None:
    found = statistics(np.array([[0, 1], [2, 3], [4, -1]], np.float32))
    np.testing.assert_allclose(found.mean, [2.0, 1.0])
    np.testing.assert_allclose(found.covariance, [[4.0, -2.0], [-2.0, 4.0]])


def test_a_single_feature_has_a_one_by_one_covariance() -> None:
    assert statistics(np.array([[0.0], [2.0], [4.0]])).covariance.tolist() == [[4.0]]


@pytest.mark.parametrize("count", [2, WIDTH])
def test_a_covariance_needs_more_rows_than_features(count: int, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="too few"):
        statistics(some_features(rng, count))


def test_the_distance_equals_the_formula_with_a_matrix_root(rng: np.random.Generator) -> None:
    one, other = some_features(rng), some_features(rng)
    assert frechet_distance(one, other) == pytest.approx(naive(statistics(one), statistics(other)), rel=1e-8)


def test_the_distance_is_symmetric(rng: np.random.Generator) -> None:
    one, other = some_features(rng), some_features(rng)
    assert frechet_distance(one, other) == pytest.approx(frechet_distance(other, one), rel=1e-10)


def test_the_distance_of_equal_sets_is_0(rng: np.random.Generator) -> None:
    own = some_features(rng)
    assert frechet_distance(own, own) == pytest.approx(0.0, abs=1e-8)


def test_constant_features_are_allowed(rng: np.random.Generator) -> None:
    """Dead units of a network make the covariance singular."""
    features = some_features(rng)
    features[:, ::2] = 0.0
    one, other = features, features + 2.0
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(one, other) == pytest.approx(4.0 * WIDTH, rel=1e-6)


def test_the_distance_is_invariant_to_rotation(rng: np.random.Generator) -> None:
    one, other = some_features(rng), some_features(rng)
    turn, _ = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))
    before = frechet_distance(one, other)
    after = frechet_distance(one @ turn, other @ turn)
    assert after == pytest.approx(before, rel=1e-8)


def test_the_distance_of_a_shift_is_its_squared_length(rng: np.random.Generator) -> None:
    features = some_features(rng)
    for length in (0.5, 1.0, 2.0):
        moved = features + length * np.eye(WIDTH)[0]
        assert frechet_distance(features, moved) == pytest.approx(length**2, rel=1e-6)


def test_the_distance_grows_with_noise(rng: np.random.Generator) -> None:
    features = some_features(rng)
    noise = rng.normal(size=features.shape)
    distances = [frechet_distance(features, features + level * noise)
                 for level in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert (np.diff(distances) > 0).all()


def of_writers(rng: np.random.Generator, shift: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Fakes `[600, F]` by 60 writers who differ as much as their glyphs do, and reals `[600, F]`."""
    fakes = some_features(rng, 60)[WRITERS] + some_features(rng, 600) + shift
    return fakes, some_features(rng, 600)


def weighted(fakes: np.ndarray, weights: np.ndarray) -> Statistics:
    return Statistics(np.average(fakes, axis=0, weights=weights), np.cov(fakes.T, aweights=weights, ddof=0))


def test_the_influence_in_one_dimension() -> None:
    """0, 2 and 4, of mean 2 and variance 4, against mean 1 and variance 1: to first order a glyph x moves
    (m - 1)^2 by 2 (x - 2) and (s - 1)^2 by (x - 2)^2 / 2, less their mean 4 / 3.
    """
    found = influence(np.array([[0.0], [2.0], [4.0]]), gaussian([1.0], [1.0]))
    np.testing.assert_allclose(found, np.array([-4 + 2, 0, 4 + 2]) - 4 / 3)


def test_influence_is_the_derivative_of_the_distance_in_the_glyphs_weight(rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng)
    real, found, step = statistics(reals), influence(fakes, statistics(reals)), 1e-3
    for glyph in (0, 17, int(np.argmax(found)), int(np.argmin(found))):
        bump = step * len(fakes) * (np.arange(len(fakes)) == glyph)
        more, less = (naive(weighted(fakes, 1 + sign * bump), real) for sign in (1, -1))
        assert (more - less) / (2 * step) == pytest.approx(found[glyph], rel=0.01, abs=0.01 * found.std())


def test_the_mean_influence_is_0(rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng)
    found = influence(fakes, statistics(reals))
    assert found.std() > 1.0
    assert found.mean() == pytest.approx(0.0, abs=1e-9)


def test_equal_sets_have_influence_0(rng: np.random.Generator) -> None:
    fakes, _ = of_writers(rng)
    np.testing.assert_allclose(influence(fakes, statistics(fakes)), 0.0, atol=1e-8)


@pytest.mark.parametrize("reals_vary", [False, True])
def test_a_constant_feature_of_the_fakes_has_no_influence(
        reals_vary: bool, rng: np.random.Generator) -> None:
    """Whether the reals vary in it or not, and in any rotated basis."""
    fakes, reals = of_writers(rng)
    reals = np.tile(reals, (2, 1))
    feature = reals_vary * np.repeat([[1.0], [-1.0]], 600, axis=0)
    turn, _ = np.linalg.qr(rng.normal(size=(WIDTH + 1, WIDTH + 1)))
    found = influence(np.pad(fakes, ((0, 0), (0, 1))) @ turn, statistics(np.hstack([reals, feature]) @ turn))
    np.testing.assert_allclose(found, influence(fakes, statistics(reals)), atol=1e-4)


def test_the_estimate_is_the_distance(rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng)
    found = frechet_estimate(fakes, reals, WRITERS)
    assert found.value == pytest.approx(naive(statistics(reals), statistics(fakes)))
    assert found.interval[0] < found.value < found.interval[1]


@pytest.mark.parametrize("shift", [0.3, 1.0])
def test_the_interval_has_about_the_width_of_a_full_bootstrap(
        shift: float, rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng, shift)
    low, high = frechet_estimate(fakes, reals, WRITERS).interval
    real, times = statistics(reals), resample(60, 500)[:, WRITERS].astype(int)
    values = [naive(real, statistics(np.repeat(fakes, row, axis=0))) for row in times]
    assert high - low == pytest.approx(np.diff(np.quantile(values, [0.025, 0.975]))[0], rel=0.2)


def test_more_glyphs_of_the_same_writers_do_not_change_the_interval(rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng)
    once, twice = (frechet_estimate(np.tile(fakes, (times, 1)), reals, np.tile(WRITERS, times)).interval
                   for times in (1, 2))
    assert twice == pytest.approx(once, rel=0.02)


def test_fewer_than_ten_writers_have_no_interval(rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng)
    assert frechet_estimate(fakes, reals, WRITERS % 9).interval is None


def test_the_estimate_of_groups_is_the_mean_distance(rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng)
    groups, real_groups = np.arange(600) % 3, rng.integers(0, 3, 600)
    own = [naive(statistics(reals[real_groups == group]), statistics(fakes[groups == group]))
           for group in range(3)]
    found = frechet_estimate(fakes, reals, WRITERS, groups, real_groups)
    assert found.value == pytest.approx(np.mean(own))


def test_equal_groups_have_the_interval_of_one(rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng)
    whole = frechet_estimate(fakes, reals, WRITERS)
    groups = np.repeat([4, 7], 600)
    both = frechet_estimate(np.tile(fakes, (2, 1)), np.tile(reals, (2, 1)), np.tile(WRITERS, 2), groups, groups)
    assert (both.value, *both.interval) == pytest.approx((whole.value, *whole.interval))


def test_a_group_and_its_reals_can_differ_in_number(rng: np.random.Generator) -> None:
    fakes, reals = of_writers(rng)
    groups, real_groups = np.arange(600) % 4 + 10, np.arange(600) % 2
    found = frechet_estimate(fakes, reals, WRITERS, groups, real_groups, lambda group: group % 2)
    own = [naive(statistics(reals[real_groups == group % 2]), statistics(fakes[groups == group]))
           for group in range(10, 14)]
    assert found.value == pytest.approx(np.mean(own))


@pytest.mark.parametrize(("few_fakes", "few_reals"), [(True, False), (False, True)])
def test_a_group_needs_more_glyphs_than_features(
        few_fakes: bool, few_reals: bool, rng: np.random.Generator) -> None:
    few, half = np.arange(600) < WIDTH, np.arange(600) % 2
    fakes, reals = of_writers(rng)
    with pytest.raises(TooFewError, match=f"{WIDTH} sets of {WIDTH} features are too few"):
        frechet_estimate(fakes, reals, WRITERS, few if few_fakes else half, few if few_reals else half)
