"""Top-1 identification among all candidates and among random sets of them, and its chance."""

import itertools

import numpy as np
import pytest

from handwriting_gan.metrics.bootstrap import TooFewError
from handwriting_gan.metrics.identification import chance, top_1

PROBES, ENROLLED = 24, 12
OWN = np.arange(PROBES) // 2
ALL = np.ones((PROBES, ENROLLED), bool)


@pytest.fixture
def scores(rng: np.random.Generator) -> np.ndarray:
    """Scores of two probes of each of twelve writers; the own writer's are higher on average."""
    return rng.normal(size=ALL.shape) + 1.5 * np.eye(ENROLLED)[OWN]


def test_a_probe_is_identified_if_its_own_writer_scores_highest() -> None:
    """The own writer is first, second, and equal to another."""
    scores = np.array([[0.9, 0.1, 0.2], [0.9, 0.5, 0.1], [0.3, 0.1, 0.3]])
    found = top_1(scores, np.array([0, 1, 2]), np.ones((3, 3), bool), np.arange(3))
    assert found.value == pytest.approx(1 / 3)


def test_only_candidates_compete() -> None:
    scores = np.array([[0.5, 0.9, 0.1]])
    own, writers = np.array([0]), np.array([7])
    assert top_1(scores, own, np.array([[True, True, True]]), writers).value == 0.0
    assert top_1(scores, own, np.array([[True, False, True]]), writers).value == 1.0


@pytest.mark.parametrize("among", [2, 3, 5])
def test_a_random_set_of_candidates_is_averaged_over_all_sets(among: int, scores: np.ndarray) -> None:
    shares = []
    for probe, own in enumerate(OWN):
        others = [writer for writer in range(ENROLLED) if writer != own]
        shares.append(np.mean([scores[probe, own] > scores[probe, list(chosen)].max()
                               for chosen in itertools.combinations(others, among - 1)]))
    assert top_1(scores, OWN, ALL, OWN, among).value == pytest.approx(np.mean(shares))


def test_a_set_of_all_candidates_is_the_same_as_all(scores: np.ndarray) -> None:
    assert top_1(scores, OWN, ALL, OWN, ENROLLED) == top_1(scores, OWN, ALL, OWN)


def test_fewer_candidates_are_easier(scores: np.ndarray) -> None:
    found = [top_1(scores, OWN, ALL, OWN, among).value for among in range(2, ENROLLED + 1)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < found[0]


def test_perfect_scores_identify_everybody_and_the_interval_is_over_writers(scores: np.ndarray) -> None:
    assert top_1(scores + 100 * np.eye(ENROLLED)[OWN], OWN, ALL, OWN).interval == (1.0, 1.0)
    low, high = top_1(scores, OWN, ALL, OWN).interval
    assert low < top_1(scores, OWN, ALL, OWN).value < high


def test_random_scores_are_at_chance(rng: np.random.Generator) -> None:
    candidates = np.ones((6_000, 10), bool)
    candidates[::2, 5:] = False
    own, scores = rng.integers(5, size=6_000), rng.normal(size=candidates.shape)
    for among, expected in ((None, (1 / 5 + 1 / 10) / 2), (4, 1 / 4)):
        assert chance(candidates, among) == pytest.approx(expected)
        assert top_1(scores, own, candidates, own, among).value == pytest.approx(expected, rel=0.1)


def test_probes_with_fewer_candidates_than_the_set_are_left_out(scores: np.ndarray) -> None:
    few = ALL.copy()
    few[4:] = np.eye(ENROLLED, dtype=bool)[OWN[4:]]  # only the own writer, so there is nobody to confuse
    for among in (None, 6):
        assert top_1(scores, OWN, few, OWN, among).value == pytest.approx(
            top_1(scores[:4], OWN[:4], ALL[:4], OWN[:4], among).value)
        assert chance(few, among) == chance(ALL[:4], among)


@pytest.mark.parametrize(("among", "needed"), [(13, 13), (20, 20)])
def test_too_few_candidates_are_reported(among: int, needed: int, scores: np.ndarray) -> None:
    for measure in (lambda: top_1(scores, OWN, ALL, OWN, among), lambda: chance(ALL, among)):
        with pytest.raises(TooFewError, match=f"no series has {needed} enrolled writers"):
            measure()
    with pytest.raises(TooFewError, match="no series has 2 enrolled writers"):
        chance(np.eye(3, dtype=bool))
