"""Lines are split into parts and parts are read as digits; touching digits are cut, broken ones joined."""

import itertools

import numpy as np
import pytest

from experiments.make_photos import CONDITIONS, place_glyphs
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.writing import reading
from handwriting_gan.writing.reading import (
    DigitCountError,
    Line,
    best_sequence,
    load_recognisers,
    read_line,
    seams,
    split_line,
    total_weight,
)
from handwriting_gan.writing.segment import find_strokes

ROWS = [250, 730, 310]  # a 2, a 7 and a 3
RUNS = {(first, last): float(score) for (first, last), score in zip(
    [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], [-1.0, -0.5, -9.0, -2.0, -0.2, -3.0], strict=True)}


def line_with(glyphs: Glyphs, conditions: str, seed: int = 0) -> Line:
    rng = np.random.default_rng(seed)
    ink = place_glyphs(glyphs.take(ROWS).images, 90.0, CONDITIONS[conditions], rng).max(axis=0).astype(np.float32)
    return split_line(ink, find_strokes(ink))


def sequences(parts: int, scores: dict) -> list[list[tuple[int, int]]]:
    """All sequences of runs that use up the parts."""
    found = []
    for cuts in itertools.chain.from_iterable(itertools.combinations(range(1, parts), count)
                                              for count in range(parts)):
        runs = list(itertools.pairwise([0, *cuts, parts]))
        if all(run in scores for run in runs):
            found.append(runs)
    return found


def test_the_best_sequence_has_the_largest_sum_of_all() -> None:
    every = sequences(3, RUNS)
    assert best_sequence(RUNS, 3) == max(every, key=lambda runs: sum(RUNS[run] for run in runs))
    for count in (1, 2, 3):
        some = [runs for runs in every if len(runs) == count]
        assert best_sequence(RUNS, 3, count) == max(some, key=lambda runs: sum(RUNS[run] for run in runs))


def test_the_total_weight_is_the_sum_over_all_sequences() -> None:
    weights = {run: float(np.exp(score)) for run, score in RUNS.items()}
    for count in (None, 1, 2, 3):
        expected = sum(np.prod([weights[run] for run in runs]) for runs in sequences(3, RUNS)
                       if count in (None, len(runs)))
        assert total_weight(weights, 3, count) == pytest.approx(expected)


def test_a_weight_may_depend_on_the_index() -> None:
    weights = {run: np.array([np.exp(score), 1.0]) for run, score in RUNS.items()}
    expected = sum(np.exp(RUNS[runs[0]]) for runs in sequences(3, RUNS) if len(runs) == 2)
    assert total_weight(weights, 3, 2) == pytest.approx(expected)


def test_a_count_above_that_of_the_parts_is_refused() -> None:
    with pytest.raises(DigitCountError, match="does not seem to show 4 digits; crop it to the number"):
        best_sequence(RUNS, 3, 4)


def test_a_seam_avoids_ink() -> None:
    ink = np.zeros((40, 60), np.float32)
    ink[5:35, 10:20] = ink[5:35, 40:50] = 1.0
    ink[18:21, 20:40] = 1.0  # a bridge
    within = [(columns, crossed) for columns, crossed in seams(ink, 30.0, 0.0) if 24 <= columns.mean() < 36]
    for columns, crossed in within:
        assert crossed == pytest.approx(3.0, abs=0.1)
        assert ((columns >= 20) & (columns < 40))[5:35].all()
    assert len(within) >= 3


@pytest.mark.parametrize("conditions", ["plain", "touching", "crowded"])
def test_no_ink_is_lost_between_parts(conditions: str, held_out: Glyphs) -> None:
    layers = place_glyphs(held_out.take(ROWS).images, 56.0, CONDITIONS[conditions], np.random.default_rng(0))
    ink = layers.max(axis=0).astype(np.float32)
    line = split_line(ink, find_strokes(ink))
    assert line.scale == pytest.approx(1.0, abs=0.1)
    together = np.max([part.ink for part in line.parts], axis=0)
    assert (together > 0.5).sum() == pytest.approx(line.scale**2 * (ink > 0.5).sum(), rel=0.02)


def test_parts_are_disjoint_and_sorted_from_left_to_right(held_out: Glyphs) -> None:
    line = line_with(held_out, "touching")
    positions = [part.position for part in line.parts]
    assert positions == sorted(positions)
    together = np.sum([part.ink > 0.5 for part in line.parts], axis=0)
    assert together.max() == 1
    assert line.height == pytest.approx(reading.WORKING_HEIGHT, rel=0.2)


@pytest.mark.parametrize("conditions", ["plain", "touching"])
@pytest.mark.parametrize("count", [None, 3])
def test_separate_and_touching_digits_are_read(conditions: str, count: int | None, held_out: Glyphs) -> None:
    line = line_with(held_out, conditions)
    read = read_line(line, load_recognisers(), count)
    assert read.digits.tolist() == [2, 7, 3]
    assert read.images.shape == (3, 28, 28)
    assert 0.0 < read.confidence <= 1.0
    assert read.is_sure == (read.confidence >= reading.SURE and read.wholeness.min() >= reading.WHOLE)


def test_a_score_may_depend_on_the_index() -> None:
    indexed = {run: np.array([score, -score]) for run, score in RUNS.items()}
    some = [runs for runs in sequences(3, RUNS) if len(runs) == 2]
    assert best_sequence(indexed, 3, 2) == max(some, key=lambda runs: RUNS[runs[0]] - RUNS[runs[1]])


@pytest.mark.parametrize("known", [[2, 7, 3], [2, 7, 8]])
def test_known_digits_are_used(known: list[int], held_out: Glyphs) -> None:
    """The probabilities are those of the known digits, so a wrong one has a low probability."""
    line = line_with(held_out, "touching")
    recognisers = load_recognisers()
    unknown, read = read_line(line, recognisers, 3), read_line(line, recognisers, known_digits=known)
    assert read.digits.tolist() == known
    np.testing.assert_array_equal(read.images, unknown.images)
    assert (read.probabilities > 0.5).tolist() == [True, True, known[2] == 3]
    assert (read.confidence > 0.5) == (known[2] == 3)
