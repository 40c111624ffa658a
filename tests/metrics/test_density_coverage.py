"""Density and coverage on a line, by a search with loops, and in theory."""

import numpy as np
import pytest

from handwriting_gan.metrics.bootstrap import TooFewError
from handwriting_gan.metrics.density_coverage import density_coverage
from handwriting_gan.metrics.precision_recall import NEIGHBOURS, Balls, precision_recall, radii

WIDTH = 4


def density_and_coverage(fakes: np.ndarray, reals: np.ndarray, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Density and coverage."""
    dense, covered = density_coverage(Balls(fakes, reals, neighbours))
    return float(dense.mean()), float(covered.mean())


def test_density_and_coverage_on_a_line() -> None:
    """Reals reach [-1, 1], [0, 2], [1, 3], [2, 18]: 2.5 is in two, 3.5 in the last, 20 in none."""
    reals, fakes = np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([[2.5], [3.5], [20.0]])
    dense, covered = density_coverage(Balls(fakes, reals, 1))
    assert dense.tolist() == [2.0, 1.0, 0.0]
    assert covered.tolist() == [False, False, True, True]


@pytest.mark.parametrize("neighbours", [1, 3, NEIGHBOURS])
def test_the_balls_equal_those_of_a_search_with_loops(neighbours: int, rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(0.5, 1.0, (25, WIDTH)), rng.normal(size=(30, WIDTH))
    dense, covered = density_coverage(Balls(fakes, reals, neighbours))
    reach = [sorted(np.linalg.norm(reals - real, axis=1))[neighbours] for real in reals]
    balls = list(zip(reals, reach, strict=True))
    inside = np.array([[np.linalg.norm(fake - real) <= radius for real, radius in balls] for fake in fakes])
    np.testing.assert_allclose(dense, inside.sum(axis=1) / neighbours)
    np.testing.assert_array_equal(covered, inside.any(axis=0))


@pytest.mark.parametrize("neighbours", [1, 5, 10])
def test_a_copy_of_the_reals_has_coverage_1_and_counts_one_more_neighbour(
        neighbours: int, rng: np.random.Generator) -> None:
    """Every ball contains its k neighbours and its centre."""
    reals = rng.normal(size=(40, WIDTH))
    assert density_and_coverage(reals.copy(), reals, neighbours) == (pytest.approx((neighbours + 1) / neighbours), 1.0)


def test_equal_distributions_have_density_1_and_the_theoretical_coverage(
        rng: np.random.Generator) -> None:
    """A ball is missed if the k nearest of the M - 1 reals and N fakes around it are all reals."""
    fakes, reals, k = 80, 50, 3
    found = np.mean([density_and_coverage(rng.normal(size=(fakes, WIDTH)), rng.normal(size=(reals, WIDTH)), k)
                     for _ in range(300)], axis=0)
    missed = np.prod([(reals - 1 - step) / (reals - 1 + fakes - step) for step in range(k)])
    assert found == pytest.approx([1.0, 1.0 - missed], rel=0.02)


def test_distant_fakes_have_density_and_coverage_0(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(size=(2, 40, WIDTH))
    assert density_and_coverage(fakes + 100.0, reals) == (0.0, 0.0)


def test_half_of_the_modes_cover_half_of_the_reals_at_density_1(rng: np.random.Generator) -> None:
    fakes, here, there = rng.normal(size=(3, 200, WIDTH))
    density, coverage = density_and_coverage(fakes, np.concatenate([here, there + 100.0]))
    assert density == pytest.approx(1.0, abs=0.2)
    assert coverage == pytest.approx(0.5, abs=0.03)


def test_concentrated_fakes_have_more_density_and_less_coverage(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(size=(2, 200, WIDTH))
    found = np.array([density_and_coverage(level * fakes, reals) for level in (1.0, 0.6, 0.3, 0.1)])
    assert (np.diff(found[:, 0]) > 0).all()
    assert (np.diff(found[:, 1]) < 0).all()


def test_both_decrease_with_the_distance_of_the_fakes(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(size=(2, 200, WIDTH))
    found = np.array([density_and_coverage(fakes + shift, reals) for shift in (0.0, 0.5, 1.0, 2.0)])
    assert (np.diff(found, axis=0) < 0).all()


def test_a_fake_is_precise_if_its_density_is_positive(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(1.0, 1.0, (50, WIDTH)), rng.normal(size=(40, WIDTH))
    balls = Balls(fakes, reals)
    np.testing.assert_array_equal(density_coverage(balls)[0] > 0, precision_recall(balls)[0])


def test_an_outlier_raises_recall_but_not_coverage(rng: np.random.Generator) -> None:
    """The balls of outliers contain every real, but no ball of a real contains an outlier."""
    reals = rng.normal(size=(100, WIDTH))
    fakes = np.concatenate([0.01 * rng.normal(size=(94, WIDTH)) + 5.0, 30.0 * rng.normal(size=(6, WIDTH))])
    balls = Balls(fakes, reals)
    assert precision_recall(balls)[1].mean() == 1.0
    assert density_coverage(balls)[1].mean() < 0.1


def test_both_are_invariant_to_rotation_shift_and_scale(rng: np.random.Generator) -> None:
    fakes, reals = rng.normal(0.5, 1.0, (50, WIDTH)), rng.normal(size=(40, WIDTH))
    turn, _ = np.linalg.qr(rng.normal(size=(WIDTH, WIDTH)))
    assert density_and_coverage(7 * fakes @ turn + 2, 7 * reals @ turn + 2) == density_and_coverage(fakes, reals)


def test_one_fake_is_enough_but_reals_need_neighbours(rng: np.random.Generator) -> None:
    few, many = rng.normal(size=(NEIGHBOURS, WIDTH)), rng.normal(size=(NEIGHBOURS + 1, WIDTH))
    assert density_coverage(Balls(few[:1], many))[0].shape == (1,)
    with pytest.raises(TooFewError, match="5 glyphs have no 5 neighbours"):
        density_coverage(Balls(many, few))
    assert radii(many, NEIGHBOURS).min() > 0
