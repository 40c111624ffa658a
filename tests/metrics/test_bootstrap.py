"""Bootstrap intervals over writers: coverage, width and resampling."""

import numpy as np
import pytest

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import (
    LEAST_WRITERS,
    TooFewError,
    by_writer,
    estimate,
    mean,
    resample,
    writer_indices,
)


def of_writers(count: int, rng: np.random.Generator, each: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Values and writers of glyphs; the standard deviation is 1 between writers and 0.3 within a writer."""
    writers = np.repeat(np.arange(count), each)
    return rng.normal(size=count)[writers] + 0.3 * rng.normal(size=len(writers)), writers


def width(found: bootstrap.Estimate) -> float:
    return found.interval[1] - found.interval[0]


def test_every_resample_has_the_number_of_writers() -> None:
    weights = resample(12, 50)
    assert weights.shape == (50, 12)
    assert (weights.sum(axis=1) == 12).all()
    assert np.array_equal(weights, weights.astype(int))
    assert np.array_equal(weights, resample(12, 50))


def test_every_writer_is_sampled_once_on_average() -> None:
    np.testing.assert_allclose(resample(10, 4_000).mean(axis=0), 1.0, atol=0.06)


def test_values_are_summed_by_writer() -> None:
    indices, count = writer_indices(np.array([70, 3, 70, 70]))
    assert (indices.tolist(), count) == ([1, 0, 1, 1], 2)
    assert by_writer(np.array([1.0, 2.0, 4.0, 8.0]), indices, count).tolist() == [2.0, 13.0]
    assert by_writer(np.eye(4), indices, count).tolist() == [[0, 1, 0, 0], [1, 0, 1, 1]]


def test_the_mean_leaves_out_nan() -> None:
    """Twelve writers of 0 and 1, and one with glyphs of 2, 2 and none: (6 + 2 + 2) / 14."""
    values = np.array([*[0.0, 1.0] * 6, 2.0, np.nan, 2.0])
    assert mean(values, np.array([*range(12), 12, 12, 12])).value == pytest.approx(10 / 14)


def test_a_weighted_mean_is_the_mean_of_repeated_writers(
        rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "estimate", lambda statistic, writers: statistic)
    values, writers = of_writers(12, rng, each=3)
    weights = resample(12, 5)
    repeated = [np.repeat(values, row[writers].astype(int)).mean() for row in weights]
    np.testing.assert_allclose(mean(values, writers)(weights), repeated)


def test_the_interval_contains_95_percent_of_the_resamples_shifted_to_the_value(rng: np.random.Generator) -> None:
    values, writers = of_writers(30, rng)
    weights = np.sort(resample(30) @ values / 30)
    found = mean(values, writers)
    low, high = np.array(found.interval) - found.value + weights.mean()
    assert np.mean(weights < low) == pytest.approx(0.025, abs=0.002)
    assert np.mean(weights > high) == pytest.approx(0.025, abs=0.002)


def test_the_interval_of_a_mean_is_about_two_standard_errors_wide(rng: np.random.Generator) -> None:
    values, writers = of_writers(100, rng)
    assert width(mean(values, writers)) == pytest.approx(2 * 1.96 * values.std() / 10, rel=0.1)


def test_four_times_the_writers_halve_the_interval(rng: np.random.Generator) -> None:
    widths = [np.mean([width(mean(*of_writers(count, rng))) for _ in range(10)]) for count in (20, 80, 320)]
    assert widths[0] / widths[1] == pytest.approx(2.0, rel=0.2)
    assert widths[1] / widths[2] == pytest.approx(2.0, rel=0.2)


def test_equal_glyphs_have_equal_intervals(rng: np.random.Generator) -> None:
    values, writers = of_writers(20, rng)
    assert mean(values, writers) == mean(values, writers)
    assert mean(values, writers) == mean(values, 7 * writers + 100)


def test_the_coverage_of_the_interval_is_about_its_level(rng: np.random.Generator) -> None:
    intervals = np.array([mean(*of_writers(40, rng, each=4)).interval for _ in range(200)])
    covered = (intervals[:, 0] <= 0) & (intervals[:, 1] >= 0)
    assert 0.89 <= covered.mean() <= 0.99


def test_more_glyphs_of_the_same_writers_do_not_shrink_the_interval(rng: np.random.Generator) -> None:
    values, writers = of_writers(20, rng, each=2)
    twice = mean(np.repeat(values, 5), np.repeat(writers, 5))
    assert twice.interval == pytest.approx(mean(values, writers).interval)
    assert width(twice) > 2 * width(mean(np.repeat(values, 5), np.arange(200)))


def test_the_interval_shifts_and_scales_with_the_values(rng: np.random.Generator) -> None:
    values, writers = of_writers(20, rng)
    low, high = mean(values, writers).interval
    assert mean(3 * values + 5, writers).interval == pytest.approx((3 * low + 5, 3 * high + 5))


def test_equal_values_have_an_interval_of_width_0() -> None:
    found = mean(np.full(20, 0.25), np.arange(20))
    assert (found.value, *found.interval) == pytest.approx((0.25,) * 3)


def test_the_value_is_inside_if_resampling_biases_the_statistic() -> None:
    """A resample contains only about 63 % of the writers."""
    found = estimate(lambda weights: (weights > 0).mean(axis=1), 40)
    assert found.value == 1.0
    assert found.interval[0] < 1.0 < found.interval[1]
    assert width(found) < 0.3


def test_resamples_without_a_statistic_are_left_out() -> None:
    """The count of the first writer in resamples that contain the writer: 1 to 4, with mean 1 / 0.63."""
    found = estimate(lambda weights: np.where(weights[:, 0] > 0, weights[:, 0], np.nan), 40)
    assert found.value == 1.0
    assert found.interval == pytest.approx((1 - 0.58, 1 + 2.42), abs=0.05)


@pytest.mark.parametrize("writers", [1, LEAST_WRITERS - 1])
def test_fewer_than_ten_writers_have_a_value_without_an_interval(
        writers: int, rng: np.random.Generator) -> None:
    values = rng.normal(size=90)
    found = mean(values, np.arange(90) % writers)
    assert (found.value, found.interval) == (pytest.approx(values.mean()), None)


@pytest.mark.parametrize("count", [0, 5])
def test_the_mean_of_nan_is_refused(count: int) -> None:
    with pytest.raises(TooFewError, match="no glyph"):
        mean(np.full(count, np.nan), np.arange(count))


def test_writers_without_a_value_do_not_count(rng: np.random.Generator) -> None:
    values = rng.normal(size=LEAST_WRITERS)
    assert mean(values, np.arange(LEAST_WRITERS)).interval
    values[0] = np.nan
    assert mean(values, np.arange(LEAST_WRITERS)).interval is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_undefined_statistic_is_refused(value: float) -> None:
    with pytest.raises(TooFewError, match="not defined"):
        estimate(lambda weights: np.full(len(weights), value), 20)
