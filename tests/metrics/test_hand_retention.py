"""Correlations and spreads: known values and laws."""

import numpy as np
import pytest

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate, TooFewError, resample
from handwriting_gan.metrics.hand_retention import LEAST_EPISODES, lead, retention, spread, spread_ratio

WRITERS = np.repeat(np.arange(30), 4)


def pairs(rng: np.random.Generator, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """An attribute of 120 glyphs by 30 writers, and the same with noise."""
    real = rng.normal(size=len(WRITERS))
    return real + noise * rng.normal(size=len(WRITERS)), real


def test_retention_is_the_correlation() -> None:
    """From (1, 2, 3, 4) and (2, 1, 4, 3): products 4 x 0.75 over squares 2 x (2.25 + 0.25)."""
    generated, real = np.tile([1.0, 2.0, 3.0, 4.0], 10), np.tile([2.0, 1.0, 4.0, 3.0], 10)
    assert retention(generated, real, np.arange(40)).value == pytest.approx(0.6)


def test_equal_values_have_retention_1_and_opposite_values_minus_1(rng: np.random.Generator) -> None:
    real = pairs(rng)[1]
    for generated, expected in ((3 * real + 2, 1.0), (-real, -1.0)):
        found = retention(generated, real, WRITERS)
        assert (found.value, *found.interval) == pytest.approx((expected,) * 3)


def test_independent_values_have_retention_0(rng: np.random.Generator) -> None:
    low, high = retention(rng.normal(size=120), rng.normal(size=120), WRITERS).interval
    assert low < 0.0 < high


def test_retention_is_symmetric_and_invariant_to_units(rng: np.random.Generator) -> None:
    generated, real = pairs(rng)
    expected = retention(generated, real, WRITERS).interval
    assert retention(real, generated, WRITERS).interval == pytest.approx(expected)
    assert retention(100 + 7 * generated, real / 9 - 4, WRITERS).interval == pytest.approx(expected)


def test_retention_decreases_with_noise_as_in_theory(rng: np.random.Generator) -> None:
    """Noise s on a variance of 1 leaves 1 / sqrt(1 + s^2)."""
    real, noise = rng.normal(size=(2, 4_000))
    for level in (0.0, 0.5, 1.0, 3.0):
        found = retention(real + level * noise, real, np.arange(4_000) // 100)
        assert found.value == pytest.approx(1 / np.hypot(1, level), abs=0.03)


def test_weighted_retention_is_the_correlation_of_repeated_writers(
        rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "estimate", lambda statistic, writers: statistic)
    generated, real = pairs(rng)
    weights = resample(30, 5)
    repeats = [row[WRITERS].astype(int) for row in weights]
    expected = [np.corrcoef(np.repeat(generated, row), np.repeat(real, row))[0, 1] for row in repeats]
    np.testing.assert_allclose(retention(generated, real, WRITERS)(weights), expected)


def test_pairs_without_a_value_are_left_out(rng: np.random.Generator) -> None:
    generated, real = pairs(rng)
    generated[:8], real[50:57] = np.nan, np.nan
    whole = np.isfinite(generated + real)
    for measure in (retention, spread):
        assert measure(generated, real, WRITERS) == measure(generated[whole], real[whole], WRITERS[whole])


def test_a_constant_attribute_has_no_correlation(rng: np.random.Generator) -> None:
    real = pairs(rng)[1]
    for constant in (0.0, 0.1, 1e6):
        with pytest.raises(TooFewError, match="not defined"):
            retention(np.full(120, constant), real, WRITERS)
        with pytest.raises(TooFewError, match="not defined"):
            retention(real, np.full(120, constant), WRITERS)


def test_too_few_pairs_have_no_value_and_too_few_writers_no_interval(rng: np.random.Generator) -> None:
    for measure in (retention, spread):
        assert measure(*rng.normal(size=(2, LEAST_EPISODES)), np.arange(LEAST_EPISODES)).interval
        with pytest.raises(TooFewError, match="19 pairs"):
            measure(*rng.normal(size=(2, 19)), np.arange(19))
        assert measure(*rng.normal(size=(2, 90)), np.arange(90) % 9).interval is None


def test_spread_is_the_root_mean_square_of_differences() -> None:
    """Half of the differences are 3 and half 4: the root of (9 + 16) / 2."""
    one = np.arange(20.0)
    other = one + np.tile([3.0, -4.0], 10)
    assert spread(one, other, np.arange(20)).value == pytest.approx(np.sqrt(12.5))


def test_equal_tries_have_spread_0(rng: np.random.Generator) -> None:
    one = rng.normal(size=120)
    assert spread(one, one, WRITERS) == Estimate(0.0, (0.0, 0.0))


def test_spread_is_symmetric_and_grows_with_the_differences(rng: np.random.Generator) -> None:
    one, other = pairs(rng)
    expected = spread(one, other, WRITERS)
    assert spread(other, one, WRITERS) == expected
    assert spread(3 * one, 3 * other, WRITERS).value == pytest.approx(3 * expected.value)
    assert spread(one, one + 0.7, WRITERS).value == pytest.approx(0.7)


def test_weighted_spread_is_the_spread_of_repeated_writers(
        rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "estimate", lambda statistic, writers: statistic)
    one, other = pairs(rng)
    weights = resample(30, 5)
    expected = [np.sqrt(np.mean(np.repeat(one - other, row[WRITERS].astype(int)) ** 2)) for row in weights]
    np.testing.assert_allclose(spread(one, other, WRITERS)(weights), expected)


def test_a_lead_is_the_difference_of_two_retentions_over_the_same_writers(rng: np.random.Generator) -> None:
    (one, real), noise = pairs(rng, noise=0.5), rng.normal(size=120)
    other = real + noise
    found = lead(one, other, real, WRITERS)
    alone = [retention(each, real, WRITERS).value for each in (one, other)]
    assert found.value == pytest.approx(alone[0] - alone[1])
    assert found.interval[0] < found.value < found.interval[1]
    same = lead(one, 2 * one + 1, real, WRITERS)
    assert (same.value, *same.interval) == pytest.approx((0.0, 0.0, 0.0), abs=1e-9)


def test_a_lead_uses_glyphs_with_all_three_values(rng: np.random.Generator) -> None:
    one, real = pairs(rng)
    other = real + rng.normal(size=120)
    one[:5], other[10:15] = np.nan, np.nan
    whole = np.isfinite(one + other)
    assert lead(one, other, real, WRITERS) == lead(one[whole], other[whole], real[whole], WRITERS[whole])


def test_a_spread_ratio_is_the_quotient_of_two_spreads(rng: np.random.Generator) -> None:
    one, other = pairs(rng)
    real, twin = pairs(rng, noise=0.7)
    found = spread_ratio(one, other, real, twin, WRITERS)
    assert found.value == pytest.approx(spread(one, other, WRITERS).value / spread(real, twin, WRITERS).value)
    same = spread_ratio(one, one + 3 * (real - twin), real, twin, WRITERS)
    assert (same.value, *same.interval) == pytest.approx((3.0, 3.0, 3.0))


def test_a_ratio_to_spread_0_is_refused(rng: np.random.Generator) -> None:
    one, other = pairs(rng)
    with pytest.raises(TooFewError, match="not defined"):
        spread_ratio(one, other, one, one, WRITERS)
