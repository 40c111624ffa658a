"""Columns: how a figure is printed and where it is found."""

import pytest

from handwriting_gan.evaluation.scorecard import BEST_GUESS, PREDICTOR, Scorecard
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.report import columns
from handwriting_gan.report.columns import DASH, printed, with_spread


@pytest.mark.parametrize(("estimate", "form", "text"), [
    (Estimate(12.345, (12.0, 13.0)), "{:.2f}", "12.35 ± 0.50"),
    (Estimate(0.9876, (0.97, 0.99)), "{:.1%}", "98.8 ± 1.0%"),
    (Estimate(-0.2, (-0.5, 0.3)), "{:.2f}", "-0.20 ± 0.40"),
    (Estimate(12.345), "{:.2f}", "12.35"),
    (Estimate(0.0), "{:.1%}", "0.0%"),
    (Estimate(None, reason="there are too few"), "{:.2f}", DASH),
    (None, "{:.2f}", DASH),
])
def test_an_estimate_is_printed_with_half_its_interval_and_a_missing_one_as_a_dash(
        estimate: Estimate | None, form: str, text: str) -> None:
    assert printed(estimate, form) == text


def test_a_spread_follows_the_value() -> None:
    assert with_spread(0.5, None, "{:.0%}") == "50%"
    assert with_spread(0.5, 0.1, "{:.0%}") == "50 ± 10%"


def test_the_headings_of_a_list_differ() -> None:
    for listed in (columns.GUIDED, columns.RETENTION, columns.VERIFICATION, columns.IMAGE):
        headings = [column.heading for column in listed]
        assert len(set(headings)) == len(headings)


def test_columns_are_chosen_by_heading_in_the_order_given() -> None:
    chosen = columns.chosen(columns.GUIDED, "diversity", "Fréchet")
    assert [column.heading for column in chosen] == ["diversity", "Fréchet"]
    with pytest.raises(KeyError):
        columns.chosen(columns.GUIDED, "beauty")


def test_tables_quote_the_first_encoder(ours: Scorecard) -> None:
    rows = ours.hands[0].rows
    auc = columns.quoted(columns.chosen(columns.VERIFICATION, "AUC")[0])
    assert auc.find(rows[BEST_GUESS]) == rows[BEST_GUESS].judged["judge"].auc
    assert auc.find(rows[PREDICTOR]) is None
    assert auc.cell(rows[PREDICTOR]) == DASH
