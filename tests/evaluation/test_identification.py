"""An oracle is identified as real numbers are; a model that writes in wrong hands is at chance."""

import numpy as np
import pytest

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.hands import ENROLLED, LENGTH, NUMBERS
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.identification import measure_identification
from handwriting_gan.evaluation.scorecard import REAL_NUMBER, WRITTEN_NUMBER, IdentificationEstimates, Scorecard
from tests.evaluation.conftest import FIRST_UNSEEN, SERIES, WRITERS, Oracle, RandomHand, blank

REFERENCES = 3


def identified(model: Oracle, material: Bench, seed: int = 0) -> IdentificationEstimates:
    return measure_identification(model, material.judges, material.held_out, REFERENCES, seed)


def test_an_oracle_is_identified_as_a_real_number_is(card: Scorecard) -> None:
    found = card.identification
    written, real = (found.rows[name]["fake"].among_all for name in (WRITTEN_NUMBER, REAL_NUMBER))
    assert real.value > 0.4
    assert written.value == pytest.approx(real.value, abs=0.25)
    for estimate in (written, real):
        assert estimate.interval[0] < estimate.value < estimate.interval[1]


def test_a_number_in_a_wrong_hand_is_at_chance(styled: np.ndarray, material: Bench, card: Scorecard) -> None:
    wrong = identified(RandomHand(styled), material)
    assert wrong.chance.among_all.value == pytest.approx(SERIES / WRITERS)
    assert wrong.rows[WRITTEN_NUMBER]["fake"].among_all.value < 0.25
    assert wrong.rows[REAL_NUMBER] == card.identification.rows[REAL_NUMBER]


def test_a_series_with_fewer_than_twenty_writers_has_a_reason(card: Scorecard) -> None:
    found = card.identification
    for few in (found.rows[WRITTEN_NUMBER]["fake"].among_20, found.chance.among_20):
        assert few.value is None
        assert few.reason == "no series has 20 enrolled writers"


def test_candidates_are_the_writers_of_the_series(styled: np.ndarray, material: Bench) -> None:
    one_series = material.held_out._replace(series=np.zeros_like(material.held_out.series))
    found = measure_identification(Oracle(styled), material.judges, one_series, REFERENCES, 0)
    assert found.chance.among_all.value == pytest.approx(1 / WRITERS)
    assert found.chance.among_20.value == pytest.approx(1 / 20)
    row = found.rows[REAL_NUMBER]["fake"]
    assert row.among_all.value < row.among_20.value


def test_numbers_are_natural_tries_from_other_glyphs_of_the_writer(styled: np.ndarray, material: Bench) -> None:
    model = Oracle(styled)
    found = identified(model, material)
    (_, references, digits, seed, variation), = model.calls
    assert (seed, variation) == (0, 1.0)
    assert (found.numbers, found.writers, found.enrolled) == (WRITERS * NUMBERS, WRITERS, WRITERS)
    assert references.digits.shape == (WRITERS * NUMBERS * LENGTH, REFERENCES)
    assert len(np.unique(digits)) == 10
    by_number = references.images.reshape(-1, LENGTH, *references.images.shape[1:])
    assert (by_number == by_number[:, :1]).all()


def test_the_seed_chooses_the_glyphs(styled: np.ndarray, material: Bench) -> None:
    one, again, other = (identified(Oracle(styled), material, seed) for seed in (0, 0, 1))
    assert one == again
    assert one.rows[REAL_NUMBER] != other.rows[REAL_NUMBER]


def test_blank_numbers_are_not_identified(styled: np.ndarray, material: Bench) -> None:
    row = identified(blank(styled), material).rows[WRITTEN_NUMBER]["fake"]
    assert row.among_all.value < 0.25


@pytest.mark.parametrize("kept", [9, 0])
def test_too_few_writers_give_a_reason_with_counts(kept: int, styled: np.ndarray, material: Bench) -> None:
    few: Glyphs = material.held_out.take(material.held_out.writers < FIRST_UNSEEN + kept)
    model = Oracle(styled)
    found = measure_identification(model, material.judges, few, REFERENCES, 0)
    assert not model.calls
    assert (found.writers, found.enrolled, found.numbers) == (kept, kept, kept * NUMBERS)
    for row in (*(row["fake"] for row in found.rows.values()), found.chance):
        for estimate in (row.among_20, row.among_all):
            assert estimate.value is None
            assert estimate.reason == (f"{kept} known writers have {ENROLLED + REFERENCES + LENGTH} glyphs; "
                                       "10 are needed")
