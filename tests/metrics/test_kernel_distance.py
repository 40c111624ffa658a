"""The kernel distance: known values, loops over all pairs, and laws."""

import numpy as np
import pytest

from handwriting_gan.metrics import kernel_distance as measured
from handwriting_gan.metrics.bootstrap import TooFewError, resample
from handwriting_gan.metrics.kernel_distance import kernel_estimate

WIDTH = 6
WRITERS = np.repeat(np.arange(12), 3)


def kernel_distance(one: np.ndarray, other: np.ndarray) -> float:
    """The value of the estimate; a single writer needs no resamples."""
    return kernel_estimate(one, other, np.zeros(len(one))).value


def naive(one: np.ndarray, other: np.ndarray) -> float:
    """The mean over different pairs within each set, minus twice the mean over pairs across."""
    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    within = [np.mean([kernel(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j])
              for rows in (one, other)]
    return float(sum(within) - 2 * np.mean([kernel(x, y) for x in one for y in other]))


def test_the_distance_of_two_pairs_of_numbers() -> None:
    """Within (0 1 + 1)^3 = 1 and (1 2 + 1)^3 = 27; across 1, 1, 8 and 27, of mean 9.25."""
    assert kernel_distance(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])) == pytest.approx(28 - 2 * 9.25)


def test_the_distance_is_the_double_sum_over_pairs(rng: np.random.Generator) -> None:
    one, other = rng.normal(size=(7, WIDTH)), rng.normal(1.0, 2.0, (5, WIDTH))
    assert kernel_distance(one, other) == pytest.approx(naive(one, other))


def test_the_distance_is_symmetric(rng: np.random.Generator) -> None:
    one, other = rng.normal(size=(40, WIDTH)), rng.normal(1.0, 2.0, (30, WIDTH))
    assert kernel_distance(one, other) == pytest.approx(kernel_distance(other, one))


def test_equal_distributions_have_distance_0_on_average(rng: np.random.Generator) -> None:
    """For any number of glyphs; about half of the distances are negative."""
    for count in (3, 30):
        found = np.array([kernel_distance(*rng.normal(size=(2, count, WIDTH))) for _ in range(1_000)])
        assert abs(found.mean()) < 4 * found.std() / np.sqrt(1_000)
        assert 0.25 < np.mean(found < 0) < 0.75


def test_more_glyphs_reduce_only_the_variance(rng: np.random.Generator) -> None:
    few, many = (np.array([kernel_distance(one, other + 0.5) for one, other in
                           rng.normal(size=(200, 2, count, WIDTH))]) for count in (10, 100))
    assert few.mean() == pytest.approx(many.mean(), rel=0.2)
    assert few.std() > 2 * many.std()


def test_equal_features_have_a_negative_distance(rng: np.random.Generator) -> None:
    """The mean across includes each row with itself, which has the largest kernel."""
    one = rng.normal(size=(50, WIDTH))
    assert kernel_distance(one, one) < 0.0
    assert kernel_distance(np.ones((5, WIDTH)), np.ones((9, WIDTH))) == pytest.approx(0.0)


def test_the_distance_grows_with_a_shift_and_with_noise(rng: np.random.Generator) -> None:
    one, other, noise = rng.normal(size=(3, 200, WIDTH))
    for altered in ([other + shift for shift in (0.0, 0.5, 1.0, 2.0)],
                    [other + level * noise for level in (0.0, 1.0, 2.0, 4.0)]):
        assert (np.diff([kernel_distance(one, each) for each in altered]) > 0).all()


def test_the_distance_is_invariant_to_rotation(rng: np.random.Generator) -> None:
    one, other = rng.normal(size=(40, WIDTH)), rng.normal(1.0, 2.0, (30, WIDTH))
    turn, _ = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))
    assert kernel_distance(one @ turn, other @ turn) == pytest.approx(kernel_distance(one, other))


def test_repeating_every_feature_changes_nothing(rng: np.random.Generator) -> None:
    one, other = rng.normal(size=(2, 20, WIDTH))
    assert kernel_distance(np.tile(one, 3), np.tile(other, 3)) == pytest.approx(kernel_distance(one, other))


def test_the_order_of_rows_does_not_matter(rng: np.random.Generator) -> None:
    one, other = rng.normal(size=(2, 20, WIDTH))
    assert kernel_distance(one[::-1], other[::-1]) == pytest.approx(kernel_distance(one, other))


@pytest.mark.parametrize("kind", [np.uint8, np.float16, np.float32])
def test_float16_features_are_summed_in_float64(kind: type, rng: np.random.Generator) -> None:
    one, other = rng.integers(0, 200, (2, 20, WIDTH))
    found = kernel_distance(one.astype(kind), other.astype(kind))
    assert found == pytest.approx(kernel_distance(one, other))


def test_one_glyph_is_too_few(rng: np.random.Generator) -> None:
    one, many = rng.normal(size=(1, WIDTH)), rng.normal(size=(9, WIDTH))
    for fakes, reals in ((one, many), (many, one)):
        with pytest.raises(TooFewError, match="two glyphs"):
            kernel_estimate(fakes, reals, np.arange(len(fakes)))


def test_the_estimate_is_the_distance_and_is_inside_its_interval(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(0.5, 1.0, (len(WRITERS), WIDTH)), rng.normal(size=(50, WIDTH))
    found = kernel_estimate(fakes, reals, WRITERS)
    assert found.value == pytest.approx(naive(fakes, reals))
    assert found.interval[0] < found.value < found.interval[1]


def test_a_weight_is_the_number_of_repetitions_of_a_writer(
        rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes, reals = rng.normal(0.5, 1.0, (len(WRITERS), WIDTH)), rng.normal(size=(50, WIDTH))
    weights = resample(12, 5)
    expected = [naive(np.repeat(fakes, row[WRITERS].astype(int), axis=0), reals) for row in weights]
    monkeypatch.setattr(measured, "estimate", lambda statistic, writers: statistic)
    np.testing.assert_allclose(kernel_estimate(fakes, reals, WRITERS)(weights), expected)


def test_four_times_the_writers_halve_the_interval_of_a_distance(rng: np.random.Generator) -> None:
    reals, fakes = rng.normal(size=(100, WIDTH)), rng.normal(1.0, 1.0, (800, WIDTH))
    few, many = (np.ptp(kernel_estimate(fakes[:count], reals, np.arange(count) // 4).interval)
                 for count in (200, 800))
    assert few / many == pytest.approx(2.0, rel=0.3)


def test_one_writer_has_a_distance_without_an_interval(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(size=(2, 20, WIDTH))
    assert kernel_estimate(fakes, reals, np.full(20, -1)).interval is None
