"""Whose hand is it? An oracle keeps it; one who mixes hands up, a deaf and a collapsed one are found out."""

import json
from typing import Any

import numpy as np
import pytest

from handwriting_gan.data.glyphs import DIGITS, Glyphs
from handwriting_gan.evaluation import hand
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.hand import Case, measure_hand, measure_row, open_case, values_of, write_tries
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.metrics.bootstrap import TooFewError
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS
from handwriting_gan.report.tables import HAND
from tests.evaluation.conftest import STRANGE, WRITERS, Collapsed, Deaf, Oracle, Shuffled, blank

FOLLOWED = ("thickness", "slant")  # what a pseudo-writer's hand decides
NEAR_NOTHING = 0.25  # of a correlation
CHANCE = pytest.approx(0.5, abs=0.08)  # a floor's AUC is a little below: its own writer is an impostor
FRECHET = "frechet_distance, classifier"


def whole(model: Oracle, material: Bench) -> dict[str, Any]:
    """All rows for three references."""
    return measure_hand(model, material.judges, material.reals, material.case, material.trained, 3,
                        material.seed)


def guess(model: Oracle, material: Bench) -> dict[str, Any]:
    """The row of a model's best guess alone."""
    case = material.case
    images = write_tries(model, case, 3, material.seed)[0]
    values = values_of(images, case.targets.digits, material.trained.standardise)
    return measure_row(images, values, material.judges, material.reals, case)


def auc(row: dict[str, Any]) -> float:
    return row["judged"]["fake"]["auc"]["value"]


def retained(row: dict[str, Any]) -> list[float]:
    """Of the attributes that a hand decides."""
    return [row["retention"][name]["value"] for name in FOLLOWED]


@pytest.fixture(scope="module")
def rows(card: dict[str, Any]) -> dict[str, Any]:
    """The oracle's table for three references."""
    return card["figures"]["hand, K = 3"]["rows"]


@pytest.fixture(scope="module")
def mixed(styled: np.ndarray, material: Bench) -> dict[str, Any]:
    """Who writes in the next writer's hand."""
    return guess(Shuffled(styled), material)


@pytest.fixture(scope="module")
def collapsed(styled: np.ndarray, material: Bench) -> dict[str, Any]:
    return whole(Collapsed(styled), material)


@pytest.mark.parametrize("name", ["best guess", "natural", "twin"])
def test_who_knows_the_hand_keeps_it(name: str, rows: dict[str, Any]) -> None:
    assert min(retained(rows[name])) > 0.9
    assert auc(rows[name]) > 0.9
    assert rows[name]["digit_accuracy"]["value"] > 0.92


def test_who_knows_the_hand_is_as_good_as_the_writers_own_second_try(rows: dict[str, Any]) -> None:
    assert auc(rows["natural"]) == pytest.approx(auc(rows["twin"]), abs=0.05)
    assert retained(rows["natural"]) == pytest.approx(retained(rows["twin"]), abs=0.05)


def test_another_writer_is_the_floor(rows: dict[str, Any]) -> None:
    assert max(map(abs, retained(rows["floor"]))) < NEAR_NOTHING
    assert auc(rows["floor"]) == CHANCE
    assert rows["floor"]["digit_accuracy"]["value"] > 0.92


def test_of_the_real_rows_the_twin_is_best_in_everything(rows: dict[str, Any]) -> None:
    twin, floor = (rows[name]["judged"]["fake"] for name in ("twin", "floor"))
    for name in ("auc", "rank_1", "rank_5", "mean_average_precision"):
        assert twin[name]["interval"][0] > floor[name]["interval"][1]
    assert twin["eer"]["interval"][1] < floor["eer"]["interval"][0]
    for name in FOLLOWED:
        real, other = (rows[place]["retention"][name] for place in ("twin", "floor"))
        assert real["interval"][0] > other["interval"][1]


def test_who_mixes_hands_up_keeps_none_and_writes_as_well(
        mixed: dict[str, Any], rows: dict[str, Any]) -> None:
    right = rows["best guess"]
    assert max(map(abs, retained(mixed))) < NEAR_NOTHING
    assert auc(mixed) == CHANCE
    assert auc(mixed) < auc(right) - 0.3
    assert mixed[FRECHET]["value"] == pytest.approx(right[FRECHET]["value"], rel=0.3)
    assert mixed["digit_accuracy"]["value"] == pytest.approx(right["digit_accuracy"]["value"], abs=0.05)


def test_who_mixes_hands_up_is_found_by_nobody(mixed: dict[str, Any], rows: dict[str, Any]) -> None:
    found, right = mixed["judged"]["fake"], rows["best guess"]["judged"]["fake"]
    chance = found["chance_of_rank_1"]["value"]
    assert chance == pytest.approx(1 / 12)
    assert found["rank_1"]["value"] < 2 * chance < 5 * chance < right["rank_1"]["value"]
    assert found["eer"]["value"] > 0.4 > right["eer"]["value"]


def test_who_is_deaf_keeps_the_hand_and_writes_nothing_right(styled: np.ndarray, material: Bench) -> None:
    row = guess(Deaf(styled), material)
    assert row["digit_accuracy"]["value"] < 0.03
    assert min(retained(row)) > 0.7


def test_who_has_collapsed_scores_as_chance_does(collapsed: dict[str, Any]) -> None:
    """One answer for all who are asked after: every rank is a tie."""
    row = collapsed["rows"]["best guess"]
    judged = row["judged"]["fake"]
    assert judged["auc"]["value"] == pytest.approx(0.5)
    assert judged["rank_1"]["value"] == pytest.approx(judged["chance_of_rank_1"]["value"], abs=0.05)
    assert max(map(abs, retained(row))) < NEAR_NOTHING


def test_two_tries_of_who_has_collapsed_are_one(collapsed: dict[str, Any], card: dict[str, Any]) -> None:
    apart = collapsed["difference of two tries"]
    lively = card["figures"]["hand, K = 3"]["difference of two tries"]
    for name in ATTRIBUTES:
        assert apart["natural"][name]["value"] == 0.0
        assert lively["natural"][name]["value"] > 0.1
        assert apart["writer"][name] == lively["writer"][name]


def test_two_tries_of_an_oracle_are_as_far_apart_as_the_writers_own(card: dict[str, Any]) -> None:
    apart = card["figures"]["hand, K = 3"]["difference of two tries"]
    for name in FOLLOWED:
        one, other, share = (apart[kind][name]["value"] for kind in ("natural", "writer", "share"))
        assert one == pytest.approx(other, abs=0.15)
        assert share == pytest.approx(one / other)


def test_the_twin_is_its_own_measure_and_an_oracle_is_as_good(rows: dict[str, Any]) -> None:
    def share(name: str) -> float:
        return rows[name]["judged"]["fake"]["auc_share_of_twin"]["value"]

    assert share("twin") == pytest.approx(1.0)
    assert share("floor") < 0.2 < 0.8 < share("best guess")
    assert share("best guess") == pytest.approx((auc(rows["best guess"]) - 0.5) / (auc(rows["twin"]) - 0.5))


def test_the_lead_over_the_predictor_is_the_difference_of_two_rows(card: dict[str, Any]) -> None:
    part = card["figures"]["hand, K = 3"]
    for name in ATTRIBUTES:
        one, other = (part["rows"][row]["retention"][name]["value"] for row in ("best guess", "predictor"))
        assert part["lead over the predictor"][name]["value"] == pytest.approx(one - other, abs=1e-6)
    for name in TRAITS:
        assert part["lead over the predictor"][name]["value"] is None


def test_rivals_follow_the_hand_too(rows: dict[str, Any]) -> None:
    for name in ("retrieval", "reshaped mean", "predictor"):
        assert min(retained(rows[name])) > 0.8
    assert min(auc(rows[name]) for name in ("retrieval", "reshaped mean")) > 0.8
    assert rows["reshaped mean"][FRECHET]["value"] > 2 * rows["retrieval"][FRECHET]["value"]


def test_every_row_of_the_table_is_measured_in_every_attribute(rows: dict[str, Any]) -> None:
    assert set(rows) == set(HAND)
    for row in rows.values():
        assert tuple(row["retention"]) == (*ATTRIBUTES, *TRAITS)
    assert set(rows["predictor"]) == {"retention"}


def test_real_rows_do_not_depend_on_the_references(card: dict[str, Any]) -> None:
    one, three = (card["figures"][f"hand, K = {count}"] for count in (1, 3))
    assert (one["episodes"], one["writers"]) == (three["episodes"], three["writers"]) == (240, WRITERS)
    for name in ("twin", "floor"):
        assert one["rows"][name] == three["rows"][name]
    assert one["rows"]["retrieval"] != three["rows"]["retrieval"]


def test_the_predictor_tells_no_traits_and_says_so(rows: dict[str, Any]) -> None:
    for name in TRAITS:
        assert rows["predictor"]["retention"][name] == {
            "value": None, "why": "0 pairs are too few; 20 are needed"}


def test_a_predictor_without_training_episodes_is_left_out(material: Bench) -> None:
    trained = material.trained._replace(glyphs=material.trained.glyphs.take(slice(0, 6)))
    given = material.case.values[material.case.episodes.references][..., :len(ATTRIBUTES)]
    assert np.isnan(hand._predict(trained, given, material.case, 0)).all()


def test_blank_paper_is_in_nobodys_hand(styled: np.ndarray, material: Bench) -> None:
    row = guess(blank(styled), material)
    for figure in row["retention"].values():
        assert figure == {"value": None, "why": "0 pairs are too few; 20 are needed"}
    assert auc(row) == pytest.approx(0.5)
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_the_same_seed_gives_the_same_row(oracle: Oracle, material: Bench, rows: dict[str, Any]) -> None:
    assert guess(oracle, material) == rows["best guess"]
    assert guess(oracle, material._replace(seed=1)) != rows["best guess"]


@pytest.fixture(scope="module")
def tries(styled: np.ndarray, material: Bench) -> list[tuple]:
    """What is asked of a model for its three tries."""
    model = Oracle(styled)
    write_tries(model, material.case, 2, 5)
    return model.asked


def test_a_best_guess_and_two_natural_tries_are_asked_for(tries: list[tuple]) -> None:
    seeds, variations = zip(*(asked[3:] for asked in tries), strict=True)
    assert variations == (0.0, 1.0, 1.0)
    assert len(set(seeds)) == 3


def test_what_is_asked_is_the_targets_digit_by_k_of_the_writers_other_glyphs(
        tries: list[tuple], material: Bench) -> None:
    targets = material.case.targets
    for _, references, digits, *_ in tries:
        np.testing.assert_array_equal(digits, targets.digits)
        assert references.images.shape[:2] == (len(digits), 2)
        assert (references.writers == targets.writers[:, None]).all()
        assert (references.digits != digits[:, None]).all()


def test_an_impostor_wrote_the_digit_in_the_same_series_and_is_another(material: Bench) -> None:
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


def test_a_writer_alone_in_a_series_is_not_judged(material: Bench, judges: Judges) -> None:
    glyphs = material.held_out.take(material.held_out.writers < STRANGE + WRITERS // 2)
    alone = glyphs._replace(series=np.where(glyphs.writers == STRANGE, 9, 0))
    case = opened(alone, material, judges)
    assert len(np.unique(case.targets.writers)) == WRITERS // 2 - 1
    assert STRANGE not in case.targets.writers


def test_nine_writers_are_too_few(material: Bench, judges: Judges) -> None:
    glyphs = material.held_out.take(material.held_out.writers < STRANGE + 9)
    with pytest.raises(TooFewError, match=r"9 writers are known who wrote .* 10 are needed"):
        opened(glyphs, material, judges)


def test_writers_who_wrote_no_digit_twice_are_none(material: Bench, judges: Judges) -> None:
    once = material.held_out.take(slice(None, None, 3))
    with pytest.raises(TooFewError, match=r"^0 writers"):
        opened(once, material, judges)


def test_few_candidates_have_no_rank_and_no_chance_of_one(material: Bench) -> None:
    """A series of four: three impostors are too few for a rank, enough for a curve."""
    writers = np.arange(8)
    impostor = (writers[:, None] // 4 == writers // 4) & (writers[:, None] != writers)
    targets = Glyphs(np.empty(0), np.zeros(8, int), writers, writers // 4)
    found = hand._judged(np.eye(8), np.eye(8), material.case._replace(targets=targets, impostor=impostor))
    assert found["auc"]["value"] == 1.0
    for name in ("rank_1", "rank_5", "mean_average_precision", "chance_of_rank_1"):
        assert found[name]["value"] is None
        assert found[name]["why"]


def test_values_are_of_the_same_glyphs_alone_as_together(material: Bench) -> None:
    images, digits = material.held_out.images[:30], material.held_out.digits[:30]
    together = values_of(images, digits, material.trained.standardise)
    alone = values_of(images[7:8], digits[7:8], material.trained.standardise)
    np.testing.assert_allclose(alone[0], together[7])
