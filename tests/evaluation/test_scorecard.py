"""The file of a scorecard: it is saved, loaded, migrated from version 1, or refused."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.scorecard import (
    BEST_GUESS,
    NATURAL_TRY,
    NOT_MEASURED,
    OTHER_DIGITS,
    SCHEMA_VERSION,
    Scorecard,
    TableRun,
)
from handwriting_gan.metrics.bootstrap import Estimate


def value(number: float | None) -> dict[str, Any]:
    """An estimate of version 1."""
    return {"value": None, "why": "too few"} if number is None else {"value": number, "interval": [0.0, 1.0]}


JUDGED = {name: value(0.5) for name in ("auc", "eer", "rank_1", "rank_5", "mean_average_precision",
                                        "chance_of_rank_1", "chance_of_rank_5")}
ROW = {"digit_accuracy": value(0.9), "frechet_distance, classifier": value(5.0),
       "retention": {"slant": value(0.4), "closed 4": value(None)}, "judged": {"judge": JUDGED}}
GUIDED = {
    "outputs": 90, "digit_accuracy": value(0.9), "leakage": value(None), "confusion": [[1, 0], [0, 2]],
    "frechet_distance, classifier": value(1.0), "frechet_distance_per_digit, classifier": value(2.0),
    "frechet_distance, writer": value(3.0), "frechet_distance_per_digit, writer": value(4.0),
    **{name: value(0.5) for name in ("kernel_distance", "precision", "recall", "density", "coverage", "diversity")},
    "attribute_variance": {"slant": value(1.0)},
}
VERSION_1 = {
    "made_from": {"method": "stargan_v2", "preset": "small", "step": 7, "trained_on": "mnist", "data": "mnist_writers",
                  "seed": 0, "held_out": 100, "held_out_writers": 10, "protocol": {"name": "quick"}},
    "judges": {"digit classifier": "f" * 64},
    "figures": {
        "real": GUIDED,
        "latent": {**GUIDED, "sources": 9, "frechet_distance_per_task, classifier": value(6.0)},
        "hand, K = 3": {"episodes": 20, "writers": 10, "rows": {
            **dict.fromkeys(("best guess", "natural", "twin", "floor", "retrieval", "reshaped mean"), ROW),
            "predictor": {"retention": {"slant": value(0.3)}}}},
    },
    "run": {"glyphs": 24_000, "seed": 1, "hardware": "2 cores", "seconds": None},
}


def test_version_1_is_migrated() -> None:
    card = scorecard.from_json(VERSION_1)
    assert card.schema_version == SCHEMA_VERSION
    assert card.made_from.route is None
    assert card.guided["latent"].frechet_distance_per_task == Estimate(6.0, (0.0, 1.0))
    assert card.guided["latent"].sources == 9
    assert card.real.writer_frechet_distance == Estimate(3.0, (0.0, 1.0))
    assert card.real.leakage == Estimate(None, reason="too few")
    assert card.run == TableRun(24_000, 1, "2 cores", None)
    hand = card.hand(3)
    assert hand is not None
    assert set(hand.rows) == {"best_guess", "natural_try", "twin", "floor", "nearest_writer", "reshaped_mean",
                              "predictor"}
    assert hand.kind == OTHER_DIGITS
    assert hand.rows[BEST_GUESS].retention["slant"] == Estimate(0.4, (0.0, 1.0))
    assert hand.rows[NATURAL_TRY].judged["judge"].auc == Estimate(0.5, (0.0, 1.0))
    assert card.hand(1) is None


def test_version_2_is_migrated_to_episodes_of_other_digits(card: Scorecard) -> None:
    fields = json.loads(json.dumps(dataclasses.asdict(card)))
    older = [{name: value for name, value in hand.items() if name != "kind"} for hand in fields["hands"]]
    read = scorecard.from_json({**fields, "schema_version": 2, "hands": older})
    assert {hand.kind for hand in read.hands} == {OTHER_DIGITS}
    assert read.schema_version == SCHEMA_VERSION
    assert read.hand(3).rows.keys() == card.hand(3).rows.keys()


def test_version_3_has_no_classification_accuracy_no_identification_and_no_targets(card: Scorecard) -> None:
    fields = json.loads(json.dumps(dataclasses.asdict(card)))
    del fields["identification"], fields["classification_accuracy"], fields["made_from"]["protocol"]["fakes"]
    for part in (fields["real"], *fields["guided"].values()):
        del part["frechet_distance_by_target"]
    read = scorecard.from_json({**fields, "schema_version": 3})
    assert read.schema_version == SCHEMA_VERSION
    assert read.made_from.protocol == card.made_from.protocol  # fakes: 0
    assert (read.identification, read.classification_accuracy) == (None, {})
    assert read.guided["latent"] == dataclasses.replace(card.guided["latent"], frechet_distance_by_target={})


def test_an_estimate_missing_in_version_1_has_no_value() -> None:
    card = scorecard.from_json(VERSION_1)
    assert card.real.frechet_distance_per_task == Estimate(None, reason=NOT_MEASURED)
    hand = card.hand(3)
    assert hand is not None
    assert hand.rows[BEST_GUESS].judged["judge"].auc_share_of_twin == Estimate(None, reason=NOT_MEASURED)
    assert hand.difference_share == {}


def test_the_migration_keeps_the_reason_for_no_hand() -> None:
    figures = {"real": GUIDED, "hand": {"value": None, "why": "no writers"}}
    card = scorecard.from_json(VERSION_1 | {"figures": figures})
    assert (card.hands, card.no_hand) == ([], "no writers")


def test_a_saved_scorecard_is_loaded_unchanged(tmp_path: Path) -> None:
    card = scorecard.from_json(VERSION_1)
    scorecard.write(tmp_path / "card.json", card)
    assert json.loads((tmp_path / "card.json").read_bytes())["schema_version"] == SCHEMA_VERSION
    assert scorecard.read(tmp_path / "card.json") == card


@pytest.mark.parametrize(("content", "reason"), [
    (None, "cannot be read"),
    ("{", "not a scorecard"),
    ("[1]", "not a scorecard"),
    ("{}", "not a scorecard"),
    ('{"schema_version": 99}', "schema version 99"),
    ('{"schema_version": 2}', "not a scorecard"),
    ('{"schema_version": 3}', "not a scorecard"),
    ('{"schema_version": 4}', "not a scorecard"),
    ('{"schema_version": 4, "colour": 1}', "no field 'colour'"),
])
def test_another_file_is_refused(content: str | None, reason: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "card.json").write_text(content)
    with pytest.raises(InputError, match=reason):
        scorecard.read(tmp_path / "card.json")
