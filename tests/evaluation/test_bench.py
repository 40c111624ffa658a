"""The data that models are compared with are prepared once, with the reason if no hand can be evaluated."""

import numpy as np
import pytest

from handwriting_gan.data.glyphs import UNKNOWN_WRITER, Glyphs
from handwriting_gan.evaluation import bench
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.metrics.bootstrap import TooFewError
from tests.evaluation.conftest import FIRST_UNSEEN, PROTOCOL, WRITERS

SMALL = PROTOCOL._replace(sample=100, training_writers=6)


def prepared(judges: Judges, train: Glyphs, held_out: Glyphs, seed: int = 0) -> Bench:
    return bench.prepare(judges, "pseudo", train, held_out, SMALL, seed)


def without_writers(glyphs: Glyphs) -> Glyphs:
    """The same glyphs by unknown writers."""
    return glyphs._replace(writers=np.full_like(glyphs.writers, UNKNOWN_WRITER))


def rows_of(glyphs: Glyphs) -> list[bytes]:
    return [image.tobytes() for image in glyphs.images]


@pytest.fixture(scope="module")
def small(judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> Bench:
    return prepared(judges, train_hands, unseen_hands)


def test_known_writers_give_a_hand_to_evaluate(material: Bench) -> None:
    assert material.no_hand == ""
    assert material.case is not None
    assert material.reals.standardise is material.trained.standardise
    assert material.case.episodes.references.shape[1] == max(PROTOCOL.references)


def test_the_reals_are_training_glyphs_with_the_classifiers_features(
        material: Bench, train_hands: Glyphs, judges: Judges) -> None:
    sample = material.reals.glyphs
    assert len(sample.digits) == PROTOCOL.sample
    assert set(rows_of(sample)) <= set(rows_of(train_hands))
    np.testing.assert_array_equal(material.reals.features, judges.reader.features(sample.images))


def test_tasks_are_compared_with_all_training_glyphs_if_they_have_enough_outputs(
        material: Bench, judges: Judges, train_hands: Glyphs, held_out: Glyphs) -> None:
    np.testing.assert_array_equal(material.reals.task_digits, material.reals.glyphs.digits)  # ten outputs are too few
    protocol = SMALL._replace(sources=13, outputs=10)
    found = bench.prepare(judges, "pseudo", without_writers(train_hands), held_out, protocol, 0).reals
    assert len(found.glyphs.digits) == protocol.sample
    np.testing.assert_array_equal(found.task_digits, train_hands.digits)
    np.testing.assert_array_equal(found.task_features, judges.reader.features(train_hands.images))


def test_baselines_use_the_protocols_number_of_training_writers(
        material: Bench, train_hands: Glyphs) -> None:
    glyphs = material.trained.glyphs
    pairs, counts = np.unique(np.stack([glyphs.writers, glyphs.digits]), axis=1, return_counts=True)
    assert len(np.unique(pairs[0])) == PROTOCOL.training_writers
    assert (counts == bench.GLYPHS_EACH).all()
    assert set(rows_of(glyphs)) <= set(rows_of(train_hands))


def test_fewer_glyphs_than_in_the_protocol_are_all_used(
        judges: Judges, train_hands: Glyphs, held_out: Glyphs) -> None:
    few = without_writers(train_hands.take(slice(None, None, 10)))
    found = prepared(judges, few, held_out)
    assert sorted(rows_of(found.reals.glyphs)) == sorted(rows_of(few))


@pytest.mark.parametrize("unknown", ["train", "held_out"])
def test_unknown_writers_give_no_hand_to_evaluate(
        unknown: str, judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> None:
    sets = {"train": train_hands, "held_out": unseen_hands}
    found = prepared(judges, **(sets | {unknown: without_writers(sets[unknown])}))
    assert found.case is found.trained is None
    assert found.no_hand == "data=pseudo has no writer ids; use data=mnist_writers"


def test_too_few_writers_give_no_hand_and_a_reason_with_counts(
        judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> None:
    found = prepared(judges, train_hands, unseen_hands.take(unseen_hands.writers < FIRST_UNSEEN + 9))
    assert found.case is found.trained is None
    assert found.no_hand.startswith("9 known writers have two glyphs of a digit and 3 glyphs of other digits; 10")


def test_known_writers_without_a_digit_give_no_hand(
        judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> None:
    known = (train_hands.digits == 4) & (train_hands.writers < WRITERS)
    mostly = train_hands._replace(writers=np.where(known, UNKNOWN_WRITER, train_hands.writers))
    found = prepared(judges, mostly, unseen_hands)
    assert found.case is None
    assert found.no_hand == "a digit has fewer than two real glyphs to compare with"


def test_attributes_are_standardised_also_without_a_hand(unknown_writers: Bench) -> None:
    values = np.zeros((10, 7))
    standardised = unknown_writers.reals.standardise(values, np.arange(10))
    assert standardised.shape == (10, 7)
    assert (standardised[:, 0] < -2).all()  # no glyph has less than no ink


def test_a_digit_without_two_training_glyphs_is_refused(judges: Judges, glyphs: Glyphs,
                                                        held_out: Glyphs) -> None:
    with pytest.raises(TooFewError, match="fewer than two"):
        prepared(judges, glyphs.take(glyphs.digits != 3), held_out)


def test_equal_seeds_prepare_equal_data(judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs,
                                         small: Bench) -> None:
    again = prepared(judges, train_hands, unseen_hands)
    np.testing.assert_array_equal(again.reals.features, small.reals.features)
    np.testing.assert_array_equal(again.case.galleries[0], small.case.galleries[0])
    np.testing.assert_array_equal(again.trained.values, small.trained.values)


@pytest.mark.slow  # tests/data and test_measure.py have the seeds of the parts
def test_another_seed_samples_other_data(judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs,
                                   small: Bench) -> None:
    other = prepared(judges, train_hands, unseen_hands, seed=1)
    assert not np.array_equal(other.reals.glyphs.images, small.reals.glyphs.images)
    assert not np.array_equal(other.case.episodes.references, small.case.episodes.references)
    assert set(other.trained.glyphs.writers) != set(small.trained.glyphs.writers)
