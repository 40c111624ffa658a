"""The scorecard as a whole: its parts, what it was made from, figures that are numbers or reasons."""

import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.bench import Bench
from tests.evaluation.conftest import MODES, PROTOCOL, Oracle, blank

HANDS = tuple(f"hand, K = {count}" for count in PROTOCOL.references)


def estimates(part: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every figure of a part, wherever it lies."""
    if isinstance(part, dict) and "value" in part:
        yield name, part
    elif isinstance(part, dict):
        for key, inner in part.items():
            yield from estimates(inner, f"{name} / {key}")


def parts(model: Oracle, material: Bench) -> list[str]:
    return [name for name, _ in scorecard.measures(model, material)]


@pytest.fixture(scope="module")
def blank_card(styled: np.ndarray, material: Bench) -> dict[str, Any]:
    """Of who never puts pen to paper."""
    return scorecard.make(blank(styled, ("latent",)), material)


@pytest.fixture
def every_card(card: dict[str, Any], nameless_card: dict[str, Any],
               blank_card: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return card, nameless_card, blank_card


def test_the_parts_are_the_reals_the_modes_and_a_hand_for_each_number_of_references(
        card: dict[str, Any]) -> None:
    assert tuple(card["figures"]) == ("real", "latent", "reference", *HANDS)


@pytest.mark.parametrize(("modes", "expected"), [
    ((), ("real",)),
    (("latent",), ("real", "latent")),
    (("reference",), ("real", "reference")),
    (("writer",), ("real", *HANDS)),
    (("writer", "reference", "latent"), ("real", "latent", "reference", *HANDS)),
])
def test_a_mode_that_the_model_lacks_is_not_measured(
        modes: tuple[str, ...], expected: tuple[str, ...], styled: np.ndarray, material: Bench) -> None:
    assert tuple(parts(Oracle(styled, modes), material)) == expected


def test_nothing_is_asked_of_the_model_before_its_part_is_called(
        styled: np.ndarray, material: Bench) -> None:
    model = Oracle(styled)
    found = dict(scorecard.measures(model, material))
    assert not model.asked
    found["reference"]()
    assert {asked[0] for asked in model.asked} == {"reference"}


def test_each_part_has_its_own_number_of_references(
        oracle: Oracle, material: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorecard, "measure_hand", lambda *given: given[-2])
    found = dict(scorecard.measures(oracle, material))
    assert [found[name]() for name in HANDS] == list(PROTOCOL.references)


def test_a_hand_that_cannot_be_judged_is_left_out_and_the_reason_said(
        nameless_card: dict[str, Any]) -> None:
    assert tuple(nameless_card["figures"]) == ("real", "latent", "reference", "hand")
    assert nameless_card["figures"]["hand"] == {
        "value": None, "why": "data=mnist_5k knows no writers; take data=mnist_writers"}


def test_a_model_that_writes_in_no_hand_needs_no_reason(styled: np.ndarray, nameless: Bench) -> None:
    assert tuple(scorecard.make(Oracle(styled, ()), nameless)["figures"]) == ("real",)


def test_every_figure_is_a_number_or_a_reason(every_card: tuple[dict[str, Any], ...]) -> None:
    for card in every_card:
        for name, figure in estimates(card["figures"]):
            if figure["value"] is None:
                assert figure["why"], name
            else:
                assert math.isfinite(figure["value"]), name
                assert figure["interval"] is None or figure["interval"][0] <= figure["interval"][1], name


def test_every_scorecard_is_json_and_nothing_else(every_card: tuple[dict[str, Any], ...]) -> None:
    for card in every_card:
        again = json.loads(json.dumps(card, allow_nan=False))
        assert again["figures"] == card["figures"]


def test_values_lie_in_their_intervals(card: dict[str, Any]) -> None:
    known = [figure for _, figure in estimates(card["figures"]) if figure.get("interval")]
    assert len(known) > 200
    for figure in known:
        low, high = figure["interval"]
        assert low - 1e-9 <= figure["value"] <= high + 1e-9


def test_without_writers_there_is_no_interval(nameless_card: dict[str, Any]) -> None:
    figures = [figure for _, figure in estimates(nameless_card["figures"]) if figure["value"] is not None]
    assert len(figures) > 40
    assert all(figure["interval"] is None for figure in figures)


def test_a_scorecard_says_what_it_was_made_from(card: dict[str, Any], nameless_card: dict[str, Any]) -> None:
    assert card["made_from"] == {
        "method": "oracle", "preset": "none", "step": 7, "trained_on": "pseudo", "route": "truth",
        "data": "pseudo", "seed": 0, "held_out": 720, "held_out_writers": 24,
        "protocol": PROTOCOL._asdict()}
    made = nameless_card["made_from"]
    assert (made["data"], made["held_out"], made["held_out_writers"]) == ("mnist_5k", 1_000, 0)


def test_a_method_without_routes_has_none(styled: np.ndarray, nameless: Bench) -> None:
    model = Oracle(styled, ())
    model.config = model.config.copy_and_resolve_references()
    del model.config.route
    assert scorecard.make(model, nameless)["made_from"]["route"] is None


def test_a_scorecard_says_who_judged(card: dict[str, Any], material: Bench) -> None:
    assert card["judges"] == {"digit classifier": material.judges.reader.sha256,
                              "writer encoder, fake": "f" * 64}


def test_the_same_seed_gives_the_same_figures(card: dict[str, Any], styled: np.ndarray,
                                              material: Bench) -> None:
    found = dict(scorecard.measures(Oracle(styled, MODES), material))
    for name in ("real", "latent", "reference"):
        assert found[name]() == card["figures"][name]


def test_another_seed_gives_other_figures(card: dict[str, Any], oracle: Oracle, material: Bench) -> None:
    found = dict(scorecard.measures(oracle, material._replace(seed=1)))
    for name in ("real", "latent", "reference"):
        assert found[name]()["diversity"] != card["figures"][name]["diversity"]
