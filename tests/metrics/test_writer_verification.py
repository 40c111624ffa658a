"""Areas and error rates: known values, loops over all trials, and laws."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import TooFewError, resample
from handwriting_gan.metrics.writer_verification import (
    area_under_curve,
    equal_error_rate,
    share_above_chance,
)

WRITERS = np.repeat(np.arange(12), 3)
OTHERS = WRITERS[:, None] != WRITERS
MEASURES = (area_under_curve, equal_error_rate)


def some_scores(rng: np.random.Generator, separation: float = 0.1, writers: np.ndarray = WRITERS) -> np.ndarray:
    """Scores with standard deviation 0.1, genuine ones higher by `separation`; steps of 0.01 give ties."""
    scores = rng.normal(0.0, 0.1, (len(writers), len(writers))) + separation * np.eye(len(writers))
    return np.clip(np.rint(100 * scores) / 100, -1, 1)


def naive_area(genuine: np.ndarray, against: np.ndarray) -> float:
    return float(np.mean([(mine > other) + (mine == other) / 2 for mine in genuine for other in against]))


def naive_error(genuine: np.ndarray, against: np.ndarray) -> float:
    """The mean of the two error rates at the threshold where they differ least."""
    errors = [(np.mean(genuine <= threshold), np.mean(against > threshold))
              for threshold in np.unique(np.concatenate([genuine, against]))]
    return float(np.mean(min(errors, key=lambda pair: abs(pair[0] - pair[1]))))


def trials(scores: np.ndarray, impostor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.diagonal(scores), scores[impostor]


def test_ties_count_half() -> None:
    """Impostors score 0.2. Half of the genuine scores are 0.5, a quarter 0.2, a quarter 0: 0.5 + 0.25 / 2."""
    scores = np.full((12, 12), 0.2)
    np.fill_diagonal(scores, [0.5] * 6 + [0.2] * 3 + [0.0] * 3)
    assert area_under_curve(scores, ~np.eye(12, dtype=bool), np.arange(12)).value == pytest.approx(0.625)


def test_equal_rates_of_both_errors_are_the_error_rate() -> None:
    """3 of 12 genuine trials and 9 of 12 impostor trials score low, the others high."""
    scores, impostor = np.full((12, 12), -0.5), np.roll(np.eye(12, dtype=bool), 1, axis=1)
    np.fill_diagonal(scores, [0.5] * 9 + [-0.5] * 3)
    scores[impostor] = [0.5] * 3 + [-0.5] * 9
    assert equal_error_rate(scores, impostor, np.arange(12)).value == pytest.approx(0.25)


def test_the_area_is_the_fraction_of_correctly_ordered_pairs(rng: np.random.Generator) -> None:
    scores, impostor = some_scores(rng), OTHERS & (rng.random(OTHERS.shape) < 0.7)
    expected = naive_area(*trials(scores, impostor))
    assert area_under_curve(scores, impostor, WRITERS).value == pytest.approx(expected)


def test_the_error_rate_is_at_equal_errors(rng: np.random.Generator) -> None:
    for separation in (0.0, 0.05, 0.2, 0.4):
        scores = some_scores(rng, separation)
        expected = naive_error(*trials(scores, OTHERS))
        assert equal_error_rate(scores, OTHERS, WRITERS).value == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("measure", "naive", "slack"), [
    (area_under_curve, naive_area, 1e-9), (equal_error_rate, naive_error, 0.01)])
def test_a_weight_is_the_number_of_repetitions_of_a_query(
        measure: Callable, naive: Callable, slack: float, rng: np.random.Generator,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "estimate", lambda statistic, writers: statistic)
    scores, weights = some_scores(rng) + np.linspace(-0.2, 0.2, len(WRITERS))[:, None], resample(12, 4)
    impostor = OTHERS & (rng.random(OTHERS.shape) < 0.7)
    repeats = [np.repeat(np.arange(len(WRITERS)), row[WRITERS].astype(int)) for row in weights]
    expected = [naive(np.diagonal(scores)[rows], scores[rows][impostor[rows]]) for rows in repeats]
    np.testing.assert_allclose(measure(scores, impostor, WRITERS)(weights), expected, atol=slack)


@pytest.mark.parametrize("separation", [0.05, 0.1, 0.2])
def test_normal_scores_have_the_rates_of_signal_detection(separation: float, rng: np.random.Generator) -> None:
    """At a separation of d standard deviations the area is Phi(d / sqrt 2), the error rate Phi(-d / 2)."""
    writers = np.arange(720) // 20
    scores, impostor = some_scores(rng, separation, writers), writers[:, None] != writers
    area, error = (measure(scores, impostor, writers).value for measure in MEASURES)
    assert area == pytest.approx(norm.cdf(separation / 0.1 / np.sqrt(2)), abs=0.03)
    assert error == pytest.approx(norm.cdf(-separation / 0.1 / 2), abs=0.03)


def test_separated_scores_have_no_error(rng: np.random.Generator) -> None:
    scores = some_scores(rng, separation=1.0)
    found, error = (metric(scores, OTHERS, WRITERS) for metric in (area_under_curve, equal_error_rate))
    assert (found.value, found.interval) == (1.0, pytest.approx((1.0, 1.0)))
    assert (error.value, error.interval) == (0.0, pytest.approx((0.0, 0.0)))


def test_inverted_scores_have_error_rate_1() -> None:
    scores = 1.0 - 2.0 * np.eye(len(WRITERS))
    assert area_under_curve(scores, OTHERS, WRITERS).value == 0.0
    assert equal_error_rate(scores, OTHERS, WRITERS).value >= 0.5


@pytest.mark.parametrize("score", [-1.0, 0.0, 0.7, 1.0])
def test_equal_scores_are_at_chance(score: float) -> None:
    scores = np.full(OTHERS.shape, score)
    assert area_under_curve(scores, OTHERS, WRITERS).value == pytest.approx(0.5)
    assert equal_error_rate(scores, OTHERS, WRITERS).value == pytest.approx(0.5)


def test_random_scores_are_at_chance(rng: np.random.Generator) -> None:
    scores = rng.uniform(-1, 1, OTHERS.shape)
    for measure in MEASURES:
        low, high = measure(scores, OTHERS, WRITERS).interval
        assert low < 0.5 < high


def test_better_separation_gives_better_rates(rng: np.random.Generator) -> None:
    noise = some_scores(rng, separation=0.0)
    scores = [noise + separation * np.eye(len(noise)) for separation in (0.0, 0.1, 0.2, 0.3)]
    assert (np.diff([area_under_curve(each, OTHERS, WRITERS).value for each in scores]) > 0).all()
    assert (np.diff([equal_error_rate(each, OTHERS, WRITERS).value for each in scores]) < 0).all()


def test_only_the_order_of_scores_matters(rng: np.random.Generator) -> None:
    scores = some_scores(rng)
    area, error = (measure(scores, OTHERS, WRITERS).value for measure in MEASURES)
    assert area_under_curve(np.tanh(2 * scores), OTHERS, WRITERS).value == pytest.approx(area)
    assert equal_error_rate(np.tanh(2 * scores), OTHERS, WRITERS).value == pytest.approx(error)
    assert area_under_curve(-scores, OTHERS, WRITERS).value == pytest.approx(1 - area)


def test_scores_outside_the_trials_do_not_matter(rng: np.random.Generator) -> None:
    scores, impostor = some_scores(rng), OTHERS & (rng.random(OTHERS.shape) < 0.5)
    altered = np.where(impostor | np.eye(len(WRITERS), dtype=bool), scores, rng.uniform(-1, 1, scores.shape))
    for measure in MEASURES:
        assert measure(altered, impostor, WRITERS) == measure(scores, impostor, WRITERS)


def test_rates_do_not_depend_on_the_order_and_on_writer_ids(rng: np.random.Generator) -> None:
    scores, order = some_scores(rng), rng.permutation(len(WRITERS))
    for measure in MEASURES:
        found = measure(scores[order][:, order], OTHERS[order][:, order], 3 * WRITERS[order] + 40)
        expected = measure(scores, OTHERS, WRITERS)
        assert (found.value, *found.interval) == pytest.approx((expected.value, *expected.interval))


def test_without_impostors_there_are_no_rates(rng: np.random.Generator) -> None:
    for measure in MEASURES:
        with pytest.raises(TooFewError, match="not defined"):
            measure(some_scores(rng), np.zeros_like(OTHERS), WRITERS)


def test_no_episodes_have_no_rates() -> None:
    none = np.zeros((0, 0))
    for measure in MEASURES:
        with pytest.raises(TooFewError, match="not defined"):
            measure(none, none.astype(bool), WRITERS[:0])


def test_too_few_writers_have_rates_without_intervals(rng: np.random.Generator) -> None:
    few = WRITERS < 9
    for measure in MEASURES:
        found = measure(some_scores(rng)[few][:, few], OTHERS[few][:, few], WRITERS[few])
        assert 0.0 < found.value < 1.0
        assert found.interval is None


def test_the_ratio_above_chance(rng: np.random.Generator) -> None:
    worse, better = some_scores(rng, 0.05), some_scores(rng, 0.2)
    found = share_above_chance(worse, better, OTHERS, WRITERS)
    one, other = (area_under_curve(scores, OTHERS, WRITERS).value for scores in (worse, better))
    assert found.value == pytest.approx((one - 0.5) / (other - 0.5))
    assert found.interval[0] < found.value < found.interval[1]
    same = share_above_chance(better, better, OTHERS, WRITERS)
    assert (same.value, *same.interval) == pytest.approx((1.0, 1.0, 1.0))


def test_a_ratio_to_chance_is_refused() -> None:
    scores = np.zeros(OTHERS.shape)
    with pytest.raises(TooFewError, match="not defined"):
        share_above_chance(scores, scores, OTHERS, WRITERS)
