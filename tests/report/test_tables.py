"""A scorecard read as tables."""

import copy
from typing import Any

import pytest

from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS
from handwriting_gan.report import tables
from handwriting_gan.report.tables import HAND, LIKENESS, MISSING, Table, say


@pytest.fixture
def only_real(card: dict[str, Any]) -> dict[str, Any]:
    """Of a model without modes."""
    return card | {"figures": {"real": card["figures"]["real"]}}


def titles(found: list[Table]) -> list[str]:
    return [table.title for table in found]


@pytest.mark.parametrize(("estimate", "form", "said"), [
    ({"value": 12.345, "interval": [12.0, 13.0]}, "{:.2f}", "12.35 ± 0.50"),
    ({"value": 0.9876, "interval": [0.97, 0.99]}, "{:.1%}", "98.8 ± 1.0%"),
    ({"value": -0.2, "interval": [-0.5, 0.3]}, "{:.2f}", "-0.20 ± 0.40"),
    ({"value": 12.345, "interval": None}, "{:.2f}", "12.35"),
    ({"value": 0.0, "interval": None}, "{:.1%}", "0.0%"),
    ({"value": None, "why": "there are too few"}, "{:.2f}", MISSING),
    (None, "{:.2f}", MISSING),
])
def test_a_figure_is_said_with_half_its_interval_and_a_missing_one_is_a_dash(
        estimate: dict[str, Any] | None, form: str, said: str) -> None:
    assert say(estimate, form) == said


def test_the_tables_are_the_guided_modes_and_three_for_each_number_of_references(
        card: dict[str, Any]) -> None:
    first, *others = titles(tables.tables(card))
    assert first == "Guided modes"
    assert len(others) == 6
    for count, found in ((1, others[:3]), (3, others[3:])):
        assert all(title.startswith(f"K = {count}: ") for title in found)
    assert "by the fake writer encoder" in others[2]


def test_every_encoder_has_a_table_of_its_own(card: dict[str, Any]) -> None:
    more = copy.deepcopy(card)
    for part in more["figures"].values():
        for row in part.get("rows", {}).values():
            if "judged" in row:
                row["judged"]["other"] = row["judged"]["fake"]
    found = titles(tables.tables(more))
    assert sum("other writer encoder" in title for title in found) == 2
    assert len(tables.summary(more)) == 4


def test_the_summary_has_a_table_for_the_guided_modes_and_one_for_each_number_of_references(
        card: dict[str, Any]) -> None:
    found = tables.summary(card)
    assert titles(found) == ["Guided modes", "The hand, K = 1", "The hand, K = 3",
                             "Beside what may be expected"]
    assert set(found[0].headings[1:]) < set(LIKENESS)
    for table in found[1:3]:
        assert [row[0] for row in table.rows] == list(HAND.values())


def test_without_a_hand_there_is_the_guided_table_alone(nameless_card: dict[str, Any]) -> None:
    for choose in (tables.tables, tables.summary):
        assert titles(choose(nameless_card)) == ["Guided modes"]


def test_a_mode_that_is_missing_has_no_row(card: dict[str, Any], only_real: dict[str, Any]) -> None:
    for figures, names in ((card, ["latent-guided", "reference-guided", "real held-out glyphs"]),
                           (only_real, ["real held-out glyphs"])):
        assert [row[0] for row in tables.tables(figures)[0].rows] == names


def test_every_row_has_a_cell_for_every_heading(card: dict[str, Any], nameless_card: dict[str, Any]) -> None:
    for found in (card, nameless_card):
        for table in (*tables.tables(found), *tables.summary(found)):
            assert table.rows
            assert {len(row) for row in table.rows} == {len(table.headings)}


def test_what_is_kept_of_a_hand_is_told_in_every_attribute_and_trait(card: dict[str, Any]) -> None:
    kept = tables.tables(card)[1]
    assert kept.headings == ["", *ATTRIBUTES, *TRAITS]
    by_name = {row[0]: row[1:] for row in kept.rows}
    assert list(by_name) == list(HAND.values())
    assert by_name[HAND["predictor"]][-len(TRAITS):] == [MISSING] * len(TRAITS)
    assert float(by_name[HAND["twin"]][ATTRIBUTES.index("slant")].split(" ± ")[0]) > 0.9


def test_who_draws_no_picture_is_not_taken_for_anybody(card: dict[str, Any]) -> None:
    judged = tables.tables(card)[3]
    assert HAND["predictor"] not in [row[0] for row in judged.rows]
    in_short = {row[0]: row for row in tables.summary(card)[1].rows}
    assert in_short[HAND["predictor"]][-5:] == [MISSING] * 5


def test_two_tries_are_set_beside_the_writers_own(card: dict[str, Any]) -> None:
    natural, own, share = tables.tables(card)[2].rows
    assert (natural[0], own[0]) == ("natural tries", "the writer's own")
    column = 1 + ATTRIBUTES.index("slant")
    one, other, quotient = (float(row[column].split(" ± ")[0]) for row in (natural, own, share))
    assert quotient == pytest.approx(100 * one / other, rel=0.05)


def test_a_scorecard_of_before_has_dashes_for_what_it_lacks(card: dict[str, Any]) -> None:
    older = copy.deepcopy(card)
    for _, part in tables.hands(older["figures"]):
        del part["difference of two tries"]["share"], part["lead over the predictor"]
        for row in part["rows"].values():
            for judged in row.get("judged", {}).values():
                del judged["auc_share_of_twin"]
    assert titles(tables.tables(older)) == titles(tables.tables(card))
    assert all(cell == MISSING for row in tables.summary(older)[-1].rows for cell in row[1:])


def test_figures_stand_under_their_own_headings(card: dict[str, Any]) -> None:
    table, figures = tables.tables(card)[0], card["figures"]["latent"]
    cells = dict(zip(table.headings, table.rows[0], strict=True))
    assert cells["digits right"].startswith(f"{100 * figures['digit_accuracy']['value']:.1f} ± ")
    assert cells["Fréchet"].startswith(f"{figures['frechet_distance, classifier']['value']:.2f} ± ")
    assert cells["per task"] == cells["per digit"] == MISSING
    assert cells["coverage"].startswith(f"{figures['coverage']['value']:.2f} ± ")


def test_the_rows_keep_their_order_whatever_the_scorecards(card: dict[str, Any]) -> None:
    figures = card["figures"]
    turned = card | {"figures": dict(sorted(figures.items(), reverse=True))}
    assert tables.tables(turned)[0] == tables.tables(card)[0]


@pytest.mark.parametrize("choose", [tables.tables, tables.summary])
def test_every_line_of_a_markdown_table_has_the_same_columns(
        choose: callable, card: dict[str, Any], nameless_card: dict[str, Any]) -> None:
    for found in (card, nameless_card):
        page = tables.markdown(found, choose)
        blocks = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
        assert len(blocks) == len(choose(found))
        for lines in blocks:
            assert len({line.count("|") for line in lines}) == 1
            assert set(lines[1].replace("|", "").split()) == {"---"}
        assert page.endswith("\n")
        assert not page.endswith("\n\n")


def test_a_page_has_every_title_and_every_note(card: dict[str, Any]) -> None:
    page = tables.markdown(card)
    for said in (*(f"**{title}**" for title in titles(tables.tables(card))), *tables.notes(card)):
        assert said in page


def test_the_notes_say_what_was_measured_on_what_and_who_judged(card: dict[str, Any]) -> None:
    made, samples, hand, judges = tables.notes(card)
    assert made == ("oracle (none, step 7, truth route, trained on pseudo) on pseudo, small protocol: 720 "
                    "held-out glyphs by 24 known writers, seed 0.")
    for words in ("900 outputs of 20 sources (latent)", "900 outputs of 20 sources (reference)",
                  "500 glyphs each", "coverage at 300", "20 sources and targets",
                  "half of the 95 % interval"):
        assert words in samples
    assert hand == "The hand: 240 digits by 24 writers; guessing is right at rank 1 in 8.3%."
    for sha256 in card["judges"].values():
        assert sha256[:12] in judges


def test_the_notes_say_why_no_hand_is_judged(nameless_card: dict[str, Any]) -> None:
    said = tables.notes(nameless_card)
    assert "The hand is not judged: data=mnist_5k knows no writers; take data=mnist_writers." in said
    assert "by 0 known writers" in said[0]


def test_a_model_without_modes_or_route_is_noted_without_them(only_real: dict[str, Any]) -> None:
    made, samples, _ = tables.notes(only_real | {"made_from": only_real["made_from"] | {"route": None}})
    assert "route" not in made
    assert samples.startswith("No guided mode; ")
