"""Ranks counted by hand, and the shares that follow from them."""

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


def some_scores(rng: np.random.Generator, apart: float = 1.0) -> np.ndarray:
    return rng.normal(size=OTHERS.shape) + apart * np.eye(len(OTHERS))


def test_a_rank_is_one_and_the_number_of_better_impostors() -> None:
    """Of five candidates: the best; two better and one equal, which counts half; the last."""
    scores = np.array([[0.9, 0.1, 0.2, 0.3, 0.4], [0.7, 0.5, 0.9, 0.5, 0.1], [0.6, 0.7, 0.0, 0.8, 0.9]])
    impostor = ~np.eye(5, dtype=bool)
    square = np.concatenate([scores, np.zeros((2, 5))])
    assert ranks(square, impostor)[:3].tolist() == [1.0, 3.5, 5.0]


def test_a_rank_is_the_place_in_the_sorted_scores(rng: np.random.Generator) -> None:
    scores, impostor = some_scores(rng), OTHERS & (rng.random(OTHERS.shape) < 0.6)
    candidates = [[*scores[row, impostor[row]], scores[row, row]] for row in range(len(scores))]
    expected = [1 + sorted(each, reverse=True).index(each[-1]) for each in candidates]
    assert ranks(scores, impostor).tolist() == expected


def test_who_says_the_same_of_everyone_is_in_the_middle() -> None:
    """Of 34 candidates, 33 of them impostors who tie, half come before."""
    assert ranks(np.zeros(OTHERS.shape), OTHERS).tolist() == [1 + 33 / 2] * 36


def test_fewer_than_five_candidates_have_no_rank(rng: np.random.Generator) -> None:
    impostor = np.zeros((8, 8), bool)
    impostor[0, 1:LEAST_CANDIDATES] = impostor[1, 2:LEAST_CANDIDATES] = True
    assert np.isnan(ranks(rng.normal(size=(8, 8)), impostor)).tolist() == [False, *[True] * 7]


def test_only_the_order_of_scores_matters(rng: np.random.Generator) -> None:
    scores = some_scores(rng)
    np.testing.assert_array_equal(ranks(np.exp(scores), OTHERS), ranks(scores, OTHERS))


def test_scores_that_are_no_impostors_do_not_matter(rng: np.random.Generator) -> None:
    scores = some_scores(rng)
    altered = scores + 9.0 * (~OTHERS & ~np.eye(len(OTHERS), dtype=bool))
    np.testing.assert_array_equal(ranks(altered, OTHERS), ranks(scores, OTHERS))


def test_ranks_are_counted_up_to_the_most() -> None:
    """Six times the ranks 1, 2, 1.5 and 7, and a query without a rank."""
    places = np.array([1.0, 2.0, 1.5, 7.0] * 6 + [np.nan])
    for most, share in ((1, 0.25), (2, 0.75), (5, 0.75), (7, 1.0)):
        assert rank_at_most(places, most, np.arange(25)).value == pytest.approx(share)


def test_average_precision_is_one_over_the_rank() -> None:
    """Six times the ranks 1, 2, 4 and 4: a mean of 1, 0.5, 0.25 and 0.25."""
    places = np.array([1.0, 2.0, 4.0, 4.0] * 6 + [np.nan])
    assert mean_average_precision(places, np.arange(25)).value == pytest.approx(0.5)


def test_who_is_always_right_is_always_first(rng: np.random.Generator) -> None:
    places = ranks(some_scores(rng, apart=100.0), OTHERS)
    assert rank_at_most(places, 1, WRITERS) == Estimate(1.0, (1.0, 1.0))
    assert mean_average_precision(places, WRITERS) == Estimate(1.0, (1.0, 1.0))


def test_the_clearer_the_scores_the_better_the_ranks(rng: np.random.Generator) -> None:
    noise = some_scores(rng, apart=0.0)
    places = [ranks(noise + apart * np.eye(len(noise)), OTHERS) for apart in (0.0, 1.0, 2.0, 4.0)]
    for measure in (lambda each: rank_at_most(each, 5, WRITERS),
                    lambda each: mean_average_precision(each, WRITERS)):
        assert (np.diff([measure(each).value for each in places]) > 0).all()


def test_average_precision_lies_between_rank_1_and_half_way_to_certainty(rng: np.random.Generator) -> None:
    places = ranks(some_scores(rng), OTHERS)
    first, average = rank_at_most(places, 1, WRITERS).value, mean_average_precision(places, WRITERS).value
    assert first < average < (1 + first) / 2


def test_chance_is_the_share_of_candidates_taken() -> None:
    """Five candidates and ten, and one too few to count: (1/5 + 1/10) / 2, (1 + 7/10) / 2."""
    impostor = np.zeros((12, 12), bool)
    impostor[0, 1:5] = impostor[1, 2:11] = impostor[2, 3:6] = True
    assert chance(impostor, 1) == pytest.approx(0.15)
    assert chance(impostor, 7) == pytest.approx(0.85)


def test_guessing_reaches_chance(rng: np.random.Generator) -> None:
    impostor = OTHERS & (rng.random(OTHERS.shape) < 0.5)
    guesses = np.concatenate([ranks(some_scores(rng, apart=0.0), impostor) for _ in range(200)])
    for most in (1, 5):
        found = rank_at_most(guesses, most, np.zeros(len(guesses))).value
        assert found == pytest.approx(chance(impostor, most), rel=0.1)


def test_without_candidates_there_is_no_share(rng: np.random.Generator) -> None:
    places = ranks(some_scores(rng), np.zeros_like(OTHERS))
    assert np.isnan(chance(np.zeros_like(OTHERS), 1))
    with pytest.raises(TooFewError, match="no glyph"):
        rank_at_most(places, 1, WRITERS)
    with pytest.raises(TooFewError, match="no glyph"):
        mean_average_precision(places, WRITERS)
