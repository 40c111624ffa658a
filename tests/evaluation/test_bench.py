"""What a model is measured against is prepared once, and says why no hand can be judged."""

import numpy as np
import pytest

from handwriting_gan.data.glyphs import UNKNOWN_WRITER, Glyphs
from handwriting_gan.evaluation import bench
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.metrics.bootstrap import TooFewError
from tests.evaluation.conftest import PROTOCOL, STRANGE, WRITERS

SMALL = PROTOCOL._replace(sample=100, training_writers=6)


def prepared(judges: Judges, train: Glyphs, held_out: Glyphs, seed: int = 0) -> Bench:
    return bench.prepare(judges, "pseudo", train, held_out, SMALL, seed)


def nobodys(glyphs: Glyphs) -> Glyphs:
    """The same glyphs by writers who are unknown."""
    return glyphs._replace(writers=np.full_like(glyphs.writers, UNKNOWN_WRITER))


def rows_of(glyphs: Glyphs) -> list[bytes]:
    return [image.tobytes() for image in glyphs.images]


@pytest.fixture(scope="module")
def small(judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> Bench:
    return prepared(judges, train_hands, unseen_hands)


def test_with_writers_there_is_a_hand_to_judge(material: Bench) -> None:
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


def test_rivals_learn_from_as_many_training_writers_as_the_protocol_says(
        material: Bench, train_hands: Glyphs) -> None:
    glyphs = material.trained.glyphs
    pairs, counts = np.unique(np.stack([glyphs.writers, glyphs.digits]), axis=1, return_counts=True)
    assert len(np.unique(pairs[0])) == PROTOCOL.training_writers
    assert (counts == bench.GLYPHS_EACH).all()
    assert set(rows_of(glyphs)) <= set(rows_of(train_hands))


def test_fewer_glyphs_than_the_protocol_wants_are_all_used(
        judges: Judges, train_hands: Glyphs, held_out: Glyphs) -> None:
    few = nobodys(train_hands.take(slice(None, None, 10)))
    found = prepared(judges, few, held_out)
    assert sorted(rows_of(found.reals.glyphs)) == sorted(rows_of(few))


@pytest.mark.parametrize("unknown", ["train", "held_out"])
def test_where_writers_are_unknown_no_hand_is_judged(
        unknown: str, judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> None:
    sets = {"train": train_hands, "held_out": unseen_hands}
    found = prepared(judges, **(sets | {unknown: nobodys(sets[unknown])}))
    assert found.case is found.trained is None
    assert found.no_hand == "data=pseudo has no writer ids; use data=mnist_writers"


def test_too_few_writers_are_no_hand_to_judge_and_the_counts_are_said(
        judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> None:
    found = prepared(judges, train_hands, unseen_hands.take(unseen_hands.writers < STRANGE + 9))
    assert found.case is found.trained is None
    assert found.no_hand.startswith("9 known writers have two glyphs of a digit and 3 glyphs of other digits; 10")


def test_writers_without_a_digit_tell_nothing_of_it(
        judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> None:
    known = (train_hands.digits == 4) & (train_hands.writers < WRITERS)
    mostly = train_hands._replace(writers=np.where(known, UNKNOWN_WRITER, train_hands.writers))
    found = prepared(judges, mostly, unseen_hands)
    assert found.case is None
    assert found.no_hand == "a digit has fewer than two real glyphs to compare with"


def test_attributes_are_told_as_deviations_even_where_no_hand_is_judged(nameless: Bench) -> None:
    values = np.zeros((10, 7))
    told = nameless.reals.standardise(values, np.arange(10))
    assert told.shape == (10, 7)
    assert (told[:, 0] < -2).all()  # no ink is far less than anybody's


def test_a_digit_without_two_training_glyphs_is_refused(judges: Judges, glyphs: Glyphs,
                                                        held_out: Glyphs) -> None:
    with pytest.raises(TooFewError, match="fewer than two"):
        prepared(judges, glyphs.take(glyphs.digits != 3), held_out)


def test_the_same_seed_prepares_the_same(judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs,
                                         small: Bench) -> None:
    again = prepared(judges, train_hands, unseen_hands)
    np.testing.assert_array_equal(again.reals.features, small.reals.features)
    np.testing.assert_array_equal(again.case.galleries[0], small.case.galleries[0])
    np.testing.assert_array_equal(again.trained.values, small.trained.values)


def test_another_seed_draws_others(judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs,
                                   small: Bench) -> None:
    other = prepared(judges, train_hands, unseen_hands, seed=1)
    assert not np.array_equal(other.reals.glyphs.images, small.reals.glyphs.images)
    assert not np.array_equal(other.case.episodes.references, small.case.episodes.references)
    assert set(other.trained.glyphs.writers) != set(small.trained.glyphs.writers)
