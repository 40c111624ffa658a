"""Precision and recall on a line, by a search with loops, and their laws."""

import numpy as np
import pytest

from handwriting_gan.metrics.bootstrap import TooFewError
from handwriting_gan.metrics.precision_recall import NEIGHBOURS, Balls, precision_recall, radii

WIDTH = 4


def naive_radius(features: np.ndarray, row: int, neighbours: int) -> float:
    others = np.delete(features, row, axis=0)
    return sorted(np.linalg.norm(features[row] - other) for other in others)[neighbours - 1]


def naive_inside(points: np.ndarray, centres: np.ndarray, neighbours: int) -> list[bool]:
    """Which points are in the ball of a centre."""
    balls = [(centre, naive_radius(centres, row, neighbours)) for row, centre in enumerate(centres)]
    return [any(np.linalg.norm(point - centre) <= radius for centre, radius in balls) for point in points]


def precision_and_recall(fakes: np.ndarray, reals: np.ndarray, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Precision and recall."""
    precise, recalled = precision_recall(Balls(fakes, reals, neighbours))
    return float(precise.mean()), float(recalled.mean())


def two_modes(rng: np.random.Generator, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Features in two distant modes."""
    return rng.normal(size=(count, WIDTH)), rng.normal(size=(count, WIDTH)) + 100.0


def test_precision_and_recall_on_a_line() -> None:
    """Reals reach [-1, 1], [0, 2], [1, 3], [2, 18]; fakes reach [1.5, 3.5], [2.5, 4.5], [3.5, 36.5]."""
    reals, fakes = np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([[2.5], [3.5], [20.0]])
    assert radii(reals, 1).tolist() == [1.0, 1.0, 1.0, 8.0]
    assert radii(fakes, 1).tolist() == [1.0, 1.0, 16.5]
    precise, recalled = precision_recall(Balls(fakes, reals, 1))
    assert precise.tolist() == [True, True, False]
    assert recalled.tolist() == [False, False, True, True]


@pytest.mark.parametrize("neighbours", [1, 3, NEIGHBOURS])
def test_the_balls_equal_those_of_a_search_with_loops(neighbours: int, rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(0.5, 1.0, (25, WIDTH)), rng.normal(size=(30, WIDTH))
    precise, recalled = precision_recall(Balls(fakes, reals, neighbours))
    assert 0 < precise.sum() + recalled.sum() < 55
    assert precise.tolist() == naive_inside(fakes, reals, neighbours)
    assert recalled.tolist() == naive_inside(reals, fakes, neighbours)


def test_a_copy_of_the_reals_has_precision_and_recall_1(rng: np.random.Generator) -> None:
    reals = rng.normal(size=(40, WIDTH))
    assert precision_and_recall(reals.copy(), reals) == (1.0, 1.0)
    assert precision_and_recall(rng.permutation(reals), reals) == (1.0, 1.0)


def test_a_ball_contains_its_edge() -> None:
    """All points but one fake are equal, so only the ball of that fake has a positive radius."""
    reals, fakes = np.full((9, WIDTH), 3.0), np.full((9, WIDTH), 3.0)
    fakes[0] = 4.0
    precise, recalled = precision_recall(Balls(fakes, reals, 1))
    assert precise.tolist() == [False, *[True] * 8]
    assert recalled.all()


def test_distant_fakes_have_precision_and_recall_0(rng: np.random.Generator) -> None:
    assert precision_and_recall(*two_modes(rng)) == (0.0, 0.0)


def test_equal_distributions_score_high_but_below_1(rng: np.random.Generator) -> None:
    for rate in precision_and_recall(*rng.normal(size=(2, 400, WIDTH))):
        assert 0.8 < rate < 1.0


def test_a_missing_mode_decreases_only_recall(rng: np.random.Generator) -> None:
    here, there = two_modes(rng)
    precision, recall = precision_and_recall(rng.normal(size=here.shape), np.concatenate([here, there]))
    assert precision > 0.8
    assert 0.4 < recall <= 0.5


def test_an_extra_mode_decreases_only_precision(rng: np.random.Generator) -> None:
    here, there = two_modes(rng)
    precision, recall = precision_and_recall(np.concatenate([here, there]), rng.normal(size=here.shape))
    assert 0.4 < precision <= 0.5
    assert recall > 0.8


def test_swapping_the_sets_swaps_precision_and_recall(rng: np.random.Generator) -> None:
    one, other = rng.normal(0.5, 0.7, (50, WIDTH)), rng.normal(size=(40, WIDTH))
    assert precision_and_recall(one, other) == precision_and_recall(other, one)[::-1]


def test_both_decrease_with_the_distance_of_the_fakes(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(size=(2, 200, WIDTH))
    found = np.array([precision_and_recall(fakes + shift, reals) for shift in (0.0, 1.0, 2.0, 4.0)])
    assert (np.diff(found, axis=0) < 0).all()


def test_concentrated_fakes_have_high_precision_and_low_recall(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(size=(2, 200, WIDTH))
    recalls = [precision_and_recall(level * fakes, reals)[1] for level in (1.0, 0.6, 0.3, 0.1)]
    assert (np.diff(recalls) < 0).all()
    assert precision_and_recall(0.3 * fakes, reals)[0] == 1.0


def test_more_neighbours_never_shrink_a_ball(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(0.7, 1.0, (50, WIDTH)), rng.normal(size=(40, WIDTH))
    counts = (precision_recall(Balls(fakes, reals, neighbours)) for neighbours in (2, 6))
    for few, more in zip(*counts, strict=True):
        assert (few <= more).all()
        assert few.sum() < more.sum()


def test_both_are_invariant_to_rotation_shift_and_scale(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(0.5, 1.0, (50, WIDTH)), rng.normal(size=(40, WIDTH))
    turn, _ = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))
    assert precision_and_recall(7 * fakes @ turn + 2, 7 * reals @ turn + 2) == precision_and_recall(fakes, reals)


def test_a_set_without_enough_neighbours_has_no_balls(rng: np.random.Generator) -> None:
    few, many = rng.normal(size=(NEIGHBOURS, WIDTH)), rng.normal(size=(NEIGHBOURS + 1, WIDTH))
    assert radii(many, NEIGHBOURS).shape == (NEIGHBOURS + 1,)
    for pair in ((few, many), (many, few)):
        with pytest.raises(TooFewError, match="5 glyphs have no 5 neighbours"):
            precision_recall(Balls(*pair))
