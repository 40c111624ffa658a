"""Ranks, and the rates that follow from them."""

import numpy as np
import pytest

from handwriting_gan.metrics.bootstrap import Estimate, TooFewError
from handwriting_gan.metrics.retrieval import (
    LEAST_CANDIDATES,
    chance,
    mean_average_precision,
    rank_at_most,
    ranks,
)

WRITERS = np.repeat(np.arange(12), 3)
OTHERS = WRITERS[:, None] != WRITERS


def some_scores(rng: np.random.Generator, separation: float = 1.0) -> np.ndarray:
    return rng.normal(size=OTHERS.shape) + separation * np.eye(len(OTHERS))


def test_a_rank_is_1_plus_the_number_of_better_impostors() -> None:
    """Ranks among five candidates: the best; two better and one equal, which counts half; the last."""
    scores = np.array([[0.9, 0.1, 0.2, 0.3, 0.4], [0.7, 0.5, 0.9, 0.5, 0.1], [0.6, 0.7, 0.0, 0.8, 0.9]])
    impostor = ~np.eye(5, dtype=bool)
    square = np.concatenate([scores, np.zeros((2, 5))])
    assert ranks(square, impostor)[:3].tolist() == [1.0, 3.5, 5.0]


def test_a_rank_is_the_position_in_the_sorted_scores(rng: np.random.Generator) -> None:
    scores, impostor = some_scores(rng), OTHERS & (rng.random(OTHERS.shape) < 0.6)
    candidates = [[*scores[row, impostor[row]], scores[row, row]] for row in range(len(scores))]
    expected = [1 + sorted(each, reverse=True).index(each[-1]) for each in candidates]
    assert ranks(scores, impostor).tolist() == expected


def test_equal_scores_have_the_middle_rank() -> None:
    """Of 33 impostors with equal scores, half count."""
    assert ranks(np.zeros(OTHERS.shape), OTHERS).tolist() == [1 + 33 / 2] * 36


def test_fewer_than_five_candidates_have_no_rank(rng: np.random.Generator) -> None:
    impostor = np.zeros((8, 8), bool)
    impostor[0, 1:LEAST_CANDIDATES] = impostor[1, 2:LEAST_CANDIDATES] = True
    assert np.isnan(ranks(rng.normal(size=(8, 8)), impostor)).tolist() == [False, *[True] * 7]


def test_only_the_order_of_scores_matters(rng: np.random.Generator) -> None:
    scores = some_scores(rng)
    np.testing.assert_array_equal(ranks(np.exp(scores), OTHERS), ranks(scores, OTHERS))


def test_scores_of_other_pairs_do_not_matter(rng: np.random.Generator) -> None:
    scores = some_scores(rng)
    altered = scores + 9.0 * (~OTHERS & ~np.eye(len(OTHERS), dtype=bool))
    np.testing.assert_array_equal(ranks(altered, OTHERS), ranks(scores, OTHERS))


def test_rank_rates_count_ranks_up_to_k() -> None:
    """The ranks 1, 2, 1.5 and 7, six times, and a query without a rank."""
    all_ranks = np.array([1.0, 2.0, 1.5, 7.0] * 6 + [np.nan])
    for most, rate in ((1, 0.25), (2, 0.75), (5, 0.75), (7, 1.0)):
        assert rank_at_most(all_ranks, most, np.arange(25)).value == pytest.approx(rate)


def test_average_precision_is_one_over_the_rank() -> None:
    """The ranks 1, 2, 4 and 4, six times: the mean of 1, 0.5, 0.25 and 0.25."""
    all_ranks = np.array([1.0, 2.0, 4.0, 4.0] * 6 + [np.nan])
    assert mean_average_precision(all_ranks, np.arange(25)).value == pytest.approx(0.5)


def test_perfect_scores_have_rank_1(rng: np.random.Generator) -> None:
    all_ranks = ranks(some_scores(rng, separation=100.0), OTHERS)
    assert rank_at_most(all_ranks, 1, WRITERS) == Estimate(1.0, (1.0, 1.0))
    assert mean_average_precision(all_ranks, WRITERS) == Estimate(1.0, (1.0, 1.0))


def test_better_separation_gives_better_ranks(rng: np.random.Generator) -> None:
    noise = some_scores(rng, separation=0.0)
    all_ranks = [ranks(noise + separation * np.eye(len(noise)), OTHERS) for separation in (0.0, 1.0, 2.0, 4.0)]
    for measure in (lambda each: rank_at_most(each, 5, WRITERS),
                    lambda each: mean_average_precision(each, WRITERS)):
        assert (np.diff([measure(each).value for each in all_ranks]) > 0).all()


def test_average_precision_is_between_rank_1_and_halfway_to_1(rng: np.random.Generator) -> None:
    all_ranks = ranks(some_scores(rng), OTHERS)
    first, average = rank_at_most(all_ranks, 1, WRITERS).value, mean_average_precision(all_ranks, WRITERS).value
    assert first < average < (1 + first) / 2


def test_chance_is_the_fraction_of_candidates_up_to_the_rank() -> None:
    """Five candidates and ten, and one too few to count: (1/5 + 1/10) / 2, (1 + 7/10) / 2."""
    impostor = np.zeros((12, 12), bool)
    impostor[0, 1:5] = impostor[1, 2:11] = impostor[2, 3:6] = True
    assert chance(impostor, 1) == pytest.approx(0.15)
    assert chance(impostor, 7) == pytest.approx(0.85)


def test_random_scores_are_at_chance(rng: np.random.Generator) -> None:
    impostor = OTHERS & (rng.random(OTHERS.shape) < 0.5)
    guesses = np.concatenate([ranks(some_scores(rng, separation=0.0), impostor) for _ in range(200)])
    for most in (1, 5):
        found = rank_at_most(guesses, most, np.zeros(len(guesses))).value
        assert found == pytest.approx(chance(impostor, most), rel=0.1)


def test_without_candidates_there_is_no_rate(rng: np.random.Generator) -> None:
    all_ranks = ranks(some_scores(rng), np.zeros_like(OTHERS))
    assert np.isnan(chance(np.zeros_like(OTHERS), 1))
    with pytest.raises(TooFewError, match="no glyph"):
        rank_at_most(all_ranks, 1, WRITERS)
    with pytest.raises(TooFewError, match="no glyph"):
        mean_average_precision(all_ranks, WRITERS)
