"""The parts of a scorecard, their provenance, and estimates with a value or a reason."""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from handwriting_gan.evaluation import measure as making
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.measure import measure, parts
from handwriting_gan.evaluation.scorecard import OTHER_DIGITS, OWN_DIGIT, MadeFrom, Scorecard
from handwriting_gan.metrics.bootstrap import Estimate
from tests.evaluation.conftest import MODES, PROTOCOL, Oracle, blank

KINDS = OTHER_DIGITS, OWN_DIGIT
HANDS = tuple(f"hand from {count}, {kind}" for kind in KINDS for count in PROTOCOL.references)


def estimates(part: Any, name: str = "") -> Iterator[tuple[str, Estimate]]:
    """All estimates of a part of a scorecard, with their paths."""
    if isinstance(part, Estimate):
        yield name, part
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from estimates(getattr(part, field.name), f"{name}.{field.name}")
    elif isinstance(part, dict):
        for key, inner in part.items():
            yield from estimates(inner, f"{name}[{key}]")
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from estimates(inner, f"{name}[{index}]")


@pytest.fixture(scope="module")
def blank_card(styled: np.ndarray, material: Bench) -> Scorecard:
    """The scorecard of a model with blank outputs."""
    return measure(blank(styled, ("latent",)), material)


@pytest.fixture
def every_card(card: Scorecard, unknown_writers_card: Scorecard, blank_card: Scorecard) -> tuple[Scorecard, ...]:
    return card, unknown_writers_card, blank_card


def test_a_scorecard_has_real_glyphs_the_modes_and_a_hand_for_each_number_of_references(card: Scorecard) -> None:
    assert tuple(card.guided) == ("latent", "reference")
    assert [(hand.kind, hand.references) for hand in card.hands] == [
        (kind, count) for kind in KINDS for count in PROTOCOL.references]


@pytest.mark.parametrize(("modes", "expected"), [
    ((), ("real",)),
    (("latent",), ("real", "latent")),
    (("reference",), ("real", "reference")),
    (("writer",), ("real", *HANDS, "identification")),
    (("writer", "reference", "latent"), ("real", "latent", "reference", *HANDS, "identification")),
])
def test_a_mode_that_the_model_lacks_is_not_measured(
        modes: tuple[str, ...], expected: tuple[str, ...], styled: np.ndarray, material: Bench) -> None:
    assert tuple(parts(Oracle(styled, modes), material)) == expected


def test_with_fakes_a_classifier_learns_from_real_glyphs_and_from_every_mode(
        styled: np.ndarray, material: Bench) -> None:
    more = material._replace(protocol=PROTOCOL._replace(fakes=100))
    taught = [name for name in parts(Oracle(styled, ("writer", "latent")), more) if name.startswith(making.TAUGHT_BY)]
    assert taught == [f"classifier taught by {source}" for source in ("real", "latent", "writer")]


def test_scores_of_classifiers_are_named_by_what_taught_them(
        styled: np.ndarray, unknown_writers: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "measure_accuracy", lambda model, source, *_: Estimate(float(len(source))))
    card = measure(Oracle(styled, ("latent",)), unknown_writers._replace(protocol=PROTOCOL._replace(fakes=100)))
    assert card.classification_accuracy == {"real": Estimate(4.0), "latent": Estimate(6.0)}


def test_a_part_calls_the_model_only_when_it_is_computed(styled: np.ndarray, material: Bench) -> None:
    model = Oracle(styled)
    planned = parts(model, material)
    assert not model.calls
    planned["reference"]()
    assert {call[0] for call in model.calls} == {"reference"}


def test_each_part_has_its_own_number_of_references(
        oracle: Oracle, material: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "measure_hand", lambda *given: given[-2])
    planned = parts(oracle, material)
    assert [planned[name]() for name in HANDS] == 2 * list(PROTOCOL.references)


def test_without_writers_the_scorecard_has_a_reason_instead_of_a_hand(unknown_writers_card: Scorecard) -> None:
    assert tuple(unknown_writers_card.guided) == ("latent", "reference")
    assert unknown_writers_card.hands == []
    assert unknown_writers_card.identification is None
    assert unknown_writers_card.no_hand == "data=mnist_5k has no writer ids; use data=mnist_writers"


def test_a_model_without_a_writer_mode_needs_no_reason(styled: np.ndarray, unknown_writers: Bench) -> None:
    card = measure(Oracle(styled, ()), unknown_writers)
    assert (card.guided, card.hands, card.no_hand) == ({}, [], "")


def test_every_estimate_has_a_value_or_a_reason(every_card: tuple[Scorecard, ...]) -> None:
    for card in every_card:
        for name, estimate in estimates(card):
            if estimate.value is None:
                assert estimate.reason, name
            else:
                assert math.isfinite(estimate.value), name
                assert estimate.interval is None or estimate.interval[0] <= estimate.interval[1], name


def test_every_scorecard_can_be_written_and_read(every_card: tuple[Scorecard, ...], tmp_path: Any) -> None:
    for card in every_card:
        scorecard.write(tmp_path / "card.json", card)
        assert scorecard.read(tmp_path / "card.json") == card


def test_values_are_inside_their_intervals(card: Scorecard) -> None:
    known = [estimate for _, estimate in estimates(card) if estimate.interval]
    assert len(known) > 200
    for estimate in known:
        low, high = estimate.interval
        assert low - 1e-9 <= estimate.value <= high + 1e-9


def test_without_writers_there_is_no_interval(unknown_writers_card: Scorecard) -> None:
    known = [estimate for _, estimate in estimates(unknown_writers_card) if estimate.value is not None]
    assert len(known) > 40
    assert all(estimate.interval is None for estimate in known)


def test_a_scorecard_has_its_provenance(card: Scorecard, unknown_writers_card: Scorecard) -> None:
    assert card.made_from == MadeFrom(
        method="oracle", preset="none", step=7, trained_on="pseudo", route="truth", data="pseudo", seed=0,
        held_out=720, held_out_writers=24, protocol=PROTOCOL._asdict() | {"references": [1, 3], "encoders": ["fake"]})
    made = unknown_writers_card.made_from
    assert (made.data, made.held_out, made.held_out_writers) == ("mnist_5k", 1_000, 0)


def test_a_method_without_routes_has_none(styled: np.ndarray, unknown_writers: Bench) -> None:
    model = Oracle(styled, ())
    model.config = model.config.copy_and_resolve_references()
    del model.config.route
    assert making.made_from(model, unknown_writers).route is None


def test_a_scorecard_names_its_judges(card: Scorecard, material: Bench) -> None:
    assert card.judges == {"digit classifier": material.judges.reader.sha256, "writer encoder, fake": "f" * 64}


def test_equal_seeds_give_equal_estimates(card: Scorecard, styled: np.ndarray, material: Bench) -> None:
    planned = parts(Oracle(styled, MODES), material)
    assert planned["real"]() == card.real
    for mode in ("latent", "reference"):
        assert planned[mode]() == card.guided[mode]


def test_another_seed_gives_other_estimates(card: Scorecard, oracle: Oracle, material: Bench) -> None:
    planned = parts(oracle, material._replace(seed=1))
    assert planned["real"]().diversity != card.real.diversity
    for mode in ("latent", "reference"):
        assert planned[mode]().diversity != card.guided[mode].diversity
