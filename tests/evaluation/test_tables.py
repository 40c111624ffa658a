"""A scorecard read as a table."""

from typing import Any

import pytest

from handwriting_gan.evaluation import tables


@pytest.fixture
def scorecard() -> dict[str, Any]:
    return {
        "made_from": {"method": "stargan_v2", "preset": "small", "step": 1234, "data": "mnist",
                      "sources": 500, "seed": 3},
        "judges": {"digit_classifier": {"sha256": "0123456789abcdef" * 4}},
        "figures": {
            "real": {"digit_accuracy": 0.996, "frechet_distance": 1.5, "diversity": 0.25},
            "writer": {"digit_accuracy": 0.5, "route": "reference",
                       "carried": {"thickness": 0.714, "slant": -0.2, "aspect": 0.0}},
            "latent": {"digit_accuracy": 0.98765, "leakage": 0.0, "frechet_distance": 12.3456,
                       "diversity": 0.1234},
        },
    }


def test_figures_are_rounded_and_missing_ones_are_a_dash(scorecard: dict[str, Any]) -> None:
    dash = tables.MISSING
    assert tables.rows(scorecard) == [
        ["latent-guided", "98.8%", "0.0%", "12.35", "0.123"],
        ["writer-guided", "50.0%", dash, dash, dash],
        ["real held-out glyphs", "99.6%", dash, "1.50", "0.250"],
    ]


def test_a_distance_that_could_not_be_measured_is_a_dash(scorecard: dict[str, Any]) -> None:
    scorecard["figures"] = {"real": {"digit_accuracy": 1.0, "frechet_distance": None,
                                     "diversity": 0.0}}
    assert tables.rows(scorecard)[0][3] == tables.MISSING


def test_the_rows_keep_their_order_whatever_the_scorecards(scorecard: dict[str, Any]) -> None:
    before = tables.rows(scorecard)
    scorecard["figures"] = dict(reversed(scorecard["figures"].items()))
    assert tables.rows(scorecard) == before


def test_every_line_of_the_markdown_table_has_the_same_columns(scorecard: dict[str, Any]) -> None:
    page = tables.markdown(scorecard)
    lines = [line for line in page.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 3
    assert {line.count("|") for line in lines} == {len(tables.HEADINGS) + 1}
    assert lines[1].replace("|", "").split() == ["---"] * len(tables.HEADINGS)
    assert page.endswith("\n")


def test_the_notes_say_what_was_measured_and_who_judged(scorecard: dict[str, Any]) -> None:
    made, judge, carried = tables.notes(scorecard)
    for word in ("stargan_v2", "small", "1234", "mnist", "500", "seed 3"):
        assert word in made
    assert "0123456789ab," in judge
    assert "thickness 0.71, slant -0.20, aspect 0.00" in carried
    assert "reference route" in carried


def test_without_a_writer_nothing_is_said_to_be_carried(scorecard: dict[str, Any]) -> None:
    del scorecard["figures"]["writer"]
    assert len(tables.notes(scorecard)) == 2
