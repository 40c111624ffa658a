"""Estimates of a hand distinguish an oracle from models with wrong hands, wrong digits and mode collapse."""


import numpy as np
import pytest

from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.evaluation import hand
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.hand import (
    Case,
    measure_hand,
    measure_row,
    open_case,
    values_of,
    write_tries,
)
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.scorecard import (
    COPY,
    OTHER_DIGITS,
    OWN_DIGIT,
    ROWS,
    HandEstimates,
    HandRow,
    Scorecard,
)
from handwriting_gan.metrics import morphometrics
from handwriting_gan.metrics.bootstrap import Estimate, TooFewError
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS
from tests.evaluation.conftest import FIRST_UNSEEN, WRITERS, Collapsed, Oracle, Shuffled, WrongDigit, blank

FOLLOWED = ("thickness", "slant")  # attributes that a pseudo-writer's hand determines
NEAR_ZERO = 0.25  # of a correlation
CHANCE = pytest.approx(0.5, abs=0.08)  # the floor is slightly below: its writer is an impostor


def whole(model: Oracle, material: Bench) -> HandEstimates:
    """All rows for three references."""
    return measure_hand(model, material.judges, material.reals, material.case, material.trained, 3,
                        material.seed)


def guess(model: Oracle, material: Bench) -> HandRow:
    """The row of a model's best guess alone."""
    case = material.case
    images = write_tries(model, case, 3, material.seed, (0.0, 1.0))[0]
    values = values_of(images, case.targets.digits, material.trained.standardise)
    return measure_row(images, values, material.judges, material.reals, case)


def auc(row: HandRow) -> float:
    return row.judged["fake"].auc.value


def retained(row: HandRow) -> list[float]:
    """The retention of the attributes that a hand determines."""
    return [row.retention[name].value for name in FOLLOWED]


@pytest.fixture(scope="module")
def rows(card: Scorecard) -> dict[str, HandRow]:
    """The oracle's table for three references."""
    return card.hand(3).rows


@pytest.fixture(scope="module")
def mixed(styled: np.ndarray, material: Bench) -> HandRow:
    """A model that writes in another writer's hand."""
    return guess(Shuffled(styled), material)


@pytest.fixture(scope="module")
def collapsed(styled: np.ndarray, material: Bench) -> HandEstimates:
    return whole(Collapsed(styled), material)


@pytest.mark.parametrize("name", ["best_guess", "natural_try", "twin"])
def test_the_oracle_retains_the_hand(name: str, rows: dict[str, HandRow]) -> None:
    assert min(retained(rows[name])) > 0.9
    assert auc(rows[name]) > 0.9
    assert rows[name].digit_accuracy.value > 0.92


def test_the_oracle_equals_the_twin(rows: dict[str, HandRow]) -> None:
    assert auc(rows["natural_try"]) == pytest.approx(auc(rows["twin"]), abs=0.05)
    assert retained(rows["natural_try"]) == pytest.approx(retained(rows["twin"]), abs=0.05)


def test_another_writer_is_the_floor(rows: dict[str, HandRow]) -> None:
    assert max(map(abs, retained(rows["floor"]))) < NEAR_ZERO
    assert auc(rows["floor"]) == CHANCE
    assert rows["floor"].digit_accuracy.value > 0.92


def test_the_twin_is_the_best_real_row(rows: dict[str, HandRow]) -> None:
    twin, floor = (rows[name].judged["fake"] for name in ("twin", "floor"))
    for name in ("auc", "rank_1", "rank_5", "mean_average_precision"):
        assert getattr(twin, name).interval[0] > getattr(floor, name).interval[1]
    assert twin.eer.interval[1] < floor.eer.interval[0]
    for name in FOLLOWED:
        real, other = (rows[place].retention[name] for place in ("twin", "floor"))
        assert real.interval[0] > other.interval[1]


def test_shuffled_hands_have_no_retention_but_the_oracles_digit_accuracy(
        mixed: HandRow, rows: dict[str, HandRow]) -> None:
    right = rows["best_guess"]
    assert max(map(abs, retained(mixed))) < NEAR_ZERO
    assert auc(mixed) == CHANCE
    assert auc(mixed) < auc(right) - 0.3
    assert mixed.frechet_distance.value == pytest.approx(right.frechet_distance.value, rel=0.3)
    assert mixed.digit_accuracy.value == pytest.approx(right.digit_accuracy.value, abs=0.05)


def test_shuffled_hands_are_not_attributed_to_the_writer(mixed: HandRow, rows: dict[str, HandRow]) -> None:
    found, right = mixed.judged["fake"], rows["best_guess"].judged["fake"]
    chance = found.chance_of_rank_1.value
    assert chance == pytest.approx(1 / 12)
    assert found.rank_1.value < 2 * chance < 5 * chance < right.rank_1.value
    assert found.eer.value > 0.4 > right.eer.value


def test_wrong_digits_retain_the_hand_with_digit_accuracy_0(styled: np.ndarray, material: Bench) -> None:
    row = guess(WrongDigit(styled), material)
    assert row.digit_accuracy.value < 0.03
    assert min(retained(row)) > 0.7


def test_a_collapsed_model_scores_at_chance(collapsed: HandEstimates) -> None:
    """One output for all writers: every rank is a tie."""
    row = collapsed.rows["best_guess"]
    judged = row.judged["fake"]
    assert judged.auc.value == pytest.approx(0.5)
    assert judged.rank_1.value == pytest.approx(judged.chance_of_rank_1.value, abs=0.05)
    assert max(map(abs, retained(row))) < NEAR_ZERO


def test_two_tries_of_a_collapsed_model_are_equal(collapsed: HandEstimates, card: Scorecard) -> None:
    lively = card.hand(3)
    for name in ATTRIBUTES:
        assert collapsed.natural_difference[name].value == 0.0
        assert lively.natural_difference[name].value > 0.1
        assert collapsed.writer_difference[name] == lively.writer_difference[name]


def test_two_tries_of_the_oracle_differ_as_the_writers_own_glyphs(card: Scorecard) -> None:
    part = card.hand(3)
    for name in FOLLOWED:
        one, other, share = (differences[name].value for differences in (
            part.natural_difference, part.writer_difference, part.difference_share))
        assert one == pytest.approx(other, abs=0.15)
        assert share == pytest.approx(one / other)


def test_the_auc_relative_to_the_twin(rows: dict[str, HandRow]) -> None:
    def share(name: str) -> float:
        return rows[name].judged["fake"].auc_share_of_twin.value

    assert share("twin") == pytest.approx(1.0)
    assert share("floor") < 0.2 < 0.8 < share("best_guess")
    assert share("best_guess") == pytest.approx((auc(rows["best_guess"]) - 0.5) / (auc(rows["twin"]) - 0.5))


def test_the_lead_over_the_predictor_is_the_difference_of_two_rows(card: Scorecard) -> None:
    part = card.hand(3)
    for name in ATTRIBUTES:
        one, other = (part.rows[row].retention[name].value for row in ("best_guess", "predictor"))
        assert part.lead_over_predictor[name].value == pytest.approx(one - other, abs=1e-6)


def test_baselines_retain_the_hand_too(rows: dict[str, HandRow]) -> None:
    for name in ("nearest_writer", "reshaped_mean", "predictor"):
        assert min(retained(rows[name])) > 0.8
    assert min(auc(rows[name]) for name in ("nearest_writer", "reshaped_mean")) > 0.8
    assert rows["reshaped_mean"].frechet_distance.value > 2 * rows["nearest_writer"].frechet_distance.value


def test_every_row_has_every_attribute(card: Scorecard) -> None:
    for kind, expected in ((OTHER_DIGITS, [name for name in ROWS if name != COPY]), (OWN_DIGIT, [*ROWS])):
        rows = card.hand(3, kind).rows
        assert list(rows) == expected
        for row in rows.values():
            assert tuple(row.retention) == (*ATTRIBUTES, *TRAITS)
        for name in ("predictor", "expected"):
            assert rows[name] == HandRow(rows[name].retention)


def test_the_copy_is_the_shown_glyph_and_retains_what_a_twin_does(card: Scorecard) -> None:
    rows = card.hand(3, OWN_DIGIT).rows
    assert retained(rows[COPY]) == pytest.approx(retained(rows["twin"]), abs=0.05)
    assert rows[COPY].digit_accuracy.value == pytest.approx(rows["twin"].digit_accuracy.value, abs=0.02)


def test_the_predictor_sees_the_shown_glyph_of_the_targets_digit(card: Scorecard) -> None:
    rows = card.hand(3, OWN_DIGIT).rows
    assert min(retained(rows["predictor"])) > 0.8


class Barring(Oracle):
    """An oracle whose natural tries of a digit are all one glyph, in every hand."""

    def write_each(self, references: Glyphs, digits: np.ndarray, seed: int = 0, variation: float = 1.0) -> np.ndarray:
        """One writer's glyph, another with each seed."""
        return self.styled[0, digits, seed % self.styled.shape[2]]


def test_trait_rates_are_the_share_of_glyphs_with_the_trait(styled: np.ndarray, material: Bench) -> None:
    found = whole(Barring(styled), material)
    tries = styled[0, :, 2:2 + hand.TRIES]  # the seeds of the natural tries follow those of two other tries
    measured = [morphometrics.traits(morphometrics.measure(tries[digit]), np.full(hand.TRIES, digit))
                for digit in TRAITS.values()]
    for column, (name, traits) in enumerate(zip(TRAITS, measured, strict=True)):
        assert found.rows["natural_try"].trait_rates[name].value == pytest.approx(traits[:, column].mean())
    real = case_traits(material)
    for name, rate in zip(TRAITS, np.nanmean(real, axis=0), strict=True):
        assert found.rows["twin"].trait_rates[name].value == pytest.approx(rate)


def case_traits(material: Bench) -> np.ndarray:
    """The traits of the twins: `[E, T]`."""
    return material.case.values[material.case.episodes.twins][:, len(ATTRIBUTES):]


def test_the_expected_value_is_the_mean_of_natural_tries(rows: dict[str, HandRow]) -> None:
    """Averaging removes what differs between tries, so it follows the hand at least as a single try does."""
    for name in FOLLOWED:
        assert rows["expected"].retention[name].value > rows["natural_try"].retention[name].value - 0.01


def test_a_natural_trys_retention_is_that_of_all_natural_tries(material: Bench) -> None:
    real = material.case.values[material.case.episodes.targets]
    tries = np.stack([real, -real])
    found = hand._retention(tries, material.case)
    for name in ATTRIBUTES:
        assert found[name].value == pytest.approx(0.0, abs=0.05)
    assert hand._retention(real, material.case)["slant"].value == pytest.approx(1.0)


def test_real_rows_do_not_depend_on_the_references(card: Scorecard) -> None:
    one, three = card.hand(1), card.hand(3)
    assert (one.episodes, one.writers) == (three.episodes, three.writers) == (240, WRITERS)
    for name in ("twin", "floor"):
        assert one.rows[name] == three.rows[name]
    assert one.rows["nearest_writer"] != three.rows["nearest_writer"]


def test_traits_without_training_episodes_have_no_prediction(material: Bench) -> None:
    trained = material.trained._replace(train=material.trained.train.take(slice(0, 6)))
    found = hand._predict_traits(
        trained, material.judges.encoders[0], material.case.episodes.references, material.case, seed=0)
    assert np.isnan(found).all()


def test_a_predictor_without_training_episodes_is_left_out(material: Bench) -> None:
    trained = material.trained._replace(glyphs=material.trained.glyphs.take(slice(0, 6)))
    given = material.case.values[material.case.episodes.references][..., :len(ATTRIBUTES)]
    assert np.isnan(hand._predict(trained, given, material.case, 0)).all()


def test_blank_outputs_have_no_retention(styled: np.ndarray, material: Bench) -> None:
    row = guess(blank(styled), material)
    for figure in row.retention.values():
        assert figure == Estimate(None, reason="0 pairs are too few; 20 are needed")
    assert auc(row) == pytest.approx(0.5)


def test_the_same_seed_gives_the_same_row(oracle: Oracle, material: Bench, rows: dict[str, HandRow]) -> None:
    assert guess(oracle, material) == rows["best_guess"]
    assert guess(oracle, material._replace(seed=1)) != rows["best_guess"]


@pytest.fixture(scope="module")
def tries(styled: np.ndarray, material: Bench) -> list[tuple]:
    """The calls of a model for three tries."""
    model = Oracle(styled)
    write_tries(model, material.case, 2, 5, (0.0, 1.0, 1.0))
    return model.calls


def test_tries_have_their_variations_and_different_seeds(tries: list[tuple]) -> None:
    seeds, variations = zip(*(call[3:] for call in tries), strict=True)
    assert variations == (0.0, 1.0, 1.0)
    assert len(set(seeds)) == 3


def test_the_inputs_are_the_target_digit_and_k_of_the_writers_other_glyphs(
        tries: list[tuple], material: Bench) -> None:
    targets = material.case.targets
    for _, references, digits, *_ in tries:
        np.testing.assert_array_equal(digits, targets.digits)
        assert references.images.shape[:2] == (len(digits), 2)
        assert (references.writers == targets.writers[:, None]).all()
        assert (references.digits != digits[:, None]).all()


def test_an_impostor_is_another_writer_of_the_series_who_wrote_the_digit(material: Bench) -> None:
    case = material.case
    targets, (one, other) = case.targets, np.nonzero(case.impostor)
    np.testing.assert_array_equal(targets.digits[one], targets.digits[other])
    np.testing.assert_array_equal(targets.series[one], targets.series[other])
    assert (targets.writers[one] != targets.writers[other]).all()
    assert (case.impostor.sum(axis=1) == WRITERS // 2 - 1).all()


def test_every_writer_and_digit_is_an_episode_with_a_known_hand(material: Bench) -> None:
    case = material.case
    pairs = set(zip(case.targets.writers.tolist(), case.targets.digits.tolist(), strict=True))
    assert len(pairs) == len(case.targets.digits) == WRITERS * DIGITS
    np.testing.assert_allclose(np.linalg.norm(case.galleries[0], axis=1), 1.0)
    assert not np.isnan(case.values[case.episodes.references][..., :len(ATTRIBUTES)]).any()


def opened(glyphs: Glyphs, material: Bench, judges: Judges) -> Case:
    return open_case(judges, material.reals, glyphs, 3, 0)


def test_a_writer_alone_in_a_series_is_left_out(material: Bench, judges: Judges) -> None:
    glyphs = material.held_out.take(material.held_out.writers < FIRST_UNSEEN + WRITERS // 2)
    alone = glyphs._replace(series=np.where(glyphs.writers == FIRST_UNSEEN, 9, 0))
    case = opened(alone, material, judges)
    assert len(np.unique(case.targets.writers)) == WRITERS // 2 - 1
    assert FIRST_UNSEEN not in case.targets.writers


def test_nine_writers_are_too_few(material: Bench, judges: Judges) -> None:
    glyphs = material.held_out.take(material.held_out.writers < FIRST_UNSEEN + 9)
    with pytest.raises(TooFewError, match=r"9 known writers have two glyphs .* 10 are needed"):
        opened(glyphs, material, judges)


def test_writers_without_a_digit_twice_do_not_count(material: Bench, judges: Judges) -> None:
    once = material.held_out.take(slice(None, None, 3))
    with pytest.raises(TooFewError, match=r"^0 known writers"):
        opened(once, material, judges)


def test_few_candidates_have_no_rank_and_no_chance_level(material: Bench) -> None:
    """With a series of four, three impostors are too few for a rank, but enough for an AUC."""
    writers = np.arange(8)
    impostor = (writers[:, None] // 4 == writers // 4) & (writers[:, None] != writers)
    targets = Glyphs(np.empty(0), np.zeros(8, int), writers, writers // 4)
    found = hand._verification(np.eye(8), np.eye(8), material.case._replace(targets=targets, impostor=impostor))
    assert found.auc.value == 1.0
    for name in ("rank_1", "rank_5", "mean_average_precision", "chance_of_rank_1"):
        assert getattr(found, name).value is None
        assert getattr(found, name).reason


def test_values_of_a_glyph_do_not_depend_on_other_glyphs(material: Bench) -> None:
    images, digits = material.held_out.images[:30], material.held_out.digits[:30]
    together = values_of(images, digits, material.trained.standardise)
    alone = values_of(images[7:8], digits[7:8], material.trained.standardise)
    np.testing.assert_allclose(alone[0], together[7])
