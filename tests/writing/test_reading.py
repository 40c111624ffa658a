"""Lines fall into parts, parts into the likeliest digits; touching ones are cut, broken ones joined."""

import itertools

import numpy as np
import pytest

from experiments.make_photos import CONDITIONS, lay_out
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.recognition import digit_classifier, wholeness
from handwriting_gan.writing import reading
from handwriting_gan.writing.reading import Line, best_sequence, split_line, read_line, seams, total
from handwriting_gan.writing.segment import find_strokes

ROWS = [250, 730, 310]  # a 2, a 7 and a 3
RUNS = {(first, last): float(score) for (first, last), score in zip(
    [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], [-1.0, -0.5, -9.0, -2.0, -0.2, -3.0], strict=True)}


def line_with(glyphs: Glyphs, conditions: str, seed: int = 0) -> Line:
    rng = np.random.default_rng(seed)
    ink = lay_out(glyphs.take(ROWS).images, 90.0, CONDITIONS[conditions], rng).max(axis=0).astype(np.float32)
    return split_line(ink, find_strokes(ink))


def sequences(parts: int, scores: dict) -> list[list[tuple[int, int]]]:
    """All of them, one by one."""
    found = []
    for cuts in itertools.chain.from_iterable(itertools.combinations(range(1, parts), count)
                                              for count in range(parts)):
        runs = list(itertools.pairwise([0, *cuts, parts]))
        if all(run in scores for run in runs):
            found.append(runs)
    return found


def test_the_best_sequence_is_that_of_trying_all() -> None:
    every = sequences(3, RUNS)
    assert best_sequence(RUNS, 3) == max(every, key=lambda runs: sum(RUNS[run] for run in runs))
    for count in (1, 2, 3):
        some = [runs for runs in every if len(runs) == count]
        assert best_sequence(RUNS, 3, count) == max(some, key=lambda runs: sum(RUNS[run] for run in runs))


def test_the_total_is_that_of_all_sequences() -> None:
    weights = {run: float(np.exp(score)) for run, score in RUNS.items()}
    for count in (None, 1, 2, 3):
        expected = sum(np.prod([weights[run] for run in runs]) for runs in sequences(3, RUNS)
                       if count in (None, len(runs)))
        assert total(weights, 3, count) == pytest.approx(expected)


def test_a_weight_may_depend_on_the_place() -> None:
    weights = {run: np.array([np.exp(score), 1.0]) for run, score in RUNS.items()}
    expected = sum(np.exp(RUNS[runs[0]]) for runs in sequences(3, RUNS) if len(runs) == 2)
    assert total(weights, 3, 2) == pytest.approx(expected)


def test_what_cannot_be_cut_into_so_many_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be cut into 4 digits; correct --reads"):
        best_sequence(RUNS, 3, 4)


def test_a_seam_goes_where_there_is_no_ink() -> None:
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
    layers = lay_out(held_out.take(ROWS).images, 56.0, CONDITIONS[conditions], np.random.default_rng(0))
    ink = layers.max(axis=0).astype(np.float32)
    line = split_line(ink, find_strokes(ink))
    assert line.scale == pytest.approx(1.0, abs=0.1)
    together = np.max([part.ink for part in line.parts], axis=0)
    assert (together > 0.5).sum() == pytest.approx(line.scale**2 * (ink > 0.5).sum(), rel=0.02)


def test_parts_are_all_of_the_ink_and_stand_from_left_to_right(held_out: Glyphs) -> None:
    line = line_with(held_out, "touching")
    places = [part.place for part in line.parts]
    assert places == sorted(places)
    together = np.sum([part.ink > 0.5 for part in line.parts], axis=0)
    assert together.max() == 1
    assert line.height == pytest.approx(reading.WORKING_HEIGHT, rel=0.2)


@pytest.mark.parametrize("conditions", ["plain", "touching"])
@pytest.mark.parametrize("count", [None, 3])
def test_digits_apart_or_touching_are_read(conditions: str, count: int | None, held_out: Glyphs) -> None:
    line = line_with(held_out, conditions)
    read = read_line(line, digit_classifier.load(), wholeness.load(), count)
    assert read.digits.tolist() == [2, 7, 3]
    assert read.images.shape == (3, 28, 28)
    assert 0.0 < read.confidence <= 1.0
    assert read.is_sure == (read.confidence >= reading.SURE and read.wholeness.min() >= reading.WHOLE)


def test_a_score_may_depend_on_the_place() -> None:
    placed = {run: np.array([score, -score]) for run, score in RUNS.items()}
    some = [runs for runs in sequences(3, RUNS) if len(runs) == 2]
    assert best_sequence(placed, 3, 2) == max(some, key=lambda runs: RUNS[runs[0]] - RUNS[runs[1]])


@pytest.mark.parametrize("told", [[2, 7, 3], [2, 7, 8]])
def test_who_is_told_the_digits_looks_for_them(told: list[int], held_out: Glyphs) -> None:
    """The probabilities are those of the digits told, so a false word shows."""
    line = line_with(held_out, "touching")
    reader, judge = digit_classifier.load(), wholeness.load()
    by_itself, read = read_line(line, reader, judge, 3), read_line(line, reader, judge, told=told)
    assert read.digits.tolist() == told
    np.testing.assert_array_equal(read.images, by_itself.images)
    assert (read.probabilities > 0.5).tolist() == [True, True, told[2] == 3]
    assert (read.confidence > 0.5) == (told[2] == 3)
