"""Rows over seeds: means and deviations, the best in bold, the same in Markdown, LaTeX and CSV."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments.make_tables import RESULTS
from handwriting_gan.report import comparisons
from handwriting_gan.report.comparisons import GREATER, NEITHER, SMALLER, Column, compare
from handwriting_gan.report.tables import MISSING


def figure(name: str) -> Column:
    better = {"up": GREATER, "down": SMALLER, "neither": NEITHER}[name]
    return Column(name, "{:.1f}", better, lambda figures, place: figures.get(place or name))


COLUMNS = [figure("up"), figure("down"), figure("neither")]


def card(up: float | None, down: float, interval: list[float] | None = None) -> dict[str, Any]:
    values = {"up": up, "down": down, "neither": 1.0, "real": 9.0}
    return {"figures": {name: {"value": value, "interval": interval if name == "up" else None}
                        for name, value in values.items()}}


def lines(markdown: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in markdown.splitlines()[2:]]


@pytest.fixture
def comparison() -> comparisons.Comparison:
    return compare("title", COLUMNS, {
        "one & only_seed": [card(2.0, 5.0, [1.5, 2.7])],
        "three": [card(1.0, 3.0), card(2.0, 4.0), card(6.0, 8.0)],
    }, {"real": "*real*"})


def test_one_seed_has_half_its_interval_and_several_their_deviation(
        comparison: comparisons.Comparison) -> None:
    one, three = comparison.rows.values()
    assert one[0] == (2.0, pytest.approx(0.6))
    assert one[1] == (5.0, None)
    assert three[0] == (3.0, pytest.approx(7.0**0.5))  # (4 + 1 + 9) / 2
    assert three[1] == (5.0, pytest.approx(7.0**0.5))


def test_what_was_trained_longer_stands_beside_by_its_own_figures() -> None:
    compared = compare("title", COLUMNS, {"one": [card(2.0, 5.0)], "two": [card(1.0, 6.0)]},
                       {"real": "*real*"}, {"longer": card(7.0, 1.0)})
    one, _, longer, real = lines(comparisons.markdown(compared))
    assert one == ["one", "**2.0**", "**5.0**", "1.0"]
    assert longer == ["*longer*", "7.0", "1.0", "1.0"]
    assert real[0] == "*real*"


def test_the_best_of_each_column_is_bold_and_what_stands_beside_never_is(
        comparison: comparisons.Comparison) -> None:
    one, three, real = lines(comparisons.markdown(comparison))
    assert one == ["one & only_seed", "2.0 ± 0.6", "**5.0**", "1.0"]
    assert three == ["three", "**3.0 ± 2.6**", "**5.0 ± 2.6**", "1.0 ± 0.0"]
    assert real == ["*real*", "9.0", "9.0", "9.0"]


def test_who_writes_other_digits_than_asked_competes_for_nothing() -> None:
    def guided(right: float, frechet: float) -> dict:
        return {"figures": {"reference": {"digit_accuracy": {"value": right},
                                          "frechet_distance, classifier": {"value": frechet}}}}

    cards = {"copies": [guided(0.01, 2.0)], "half": [guided(0.5, 9.0)], "right": [guided(0.9, 10.0)]}
    copies, half, right = lines(comparisons.markdown(compare("", comparisons.guided("reference"), cards, {})))
    assert copies[:2] == ["copies", "2.00"]
    assert half[:2] == ["half", "**9.00**"]
    assert right[4] == "**90.0%**"


def test_a_row_alone_is_not_called_the_best() -> None:
    alone = compare("", COLUMNS, {"alone": [card(2.0, 5.0)]}, {})
    assert "**" not in comparisons.markdown(alone)


def test_what_a_seed_lacks_is_left_out_and_what_all_lack_is_a_dash() -> None:
    found = compare("", COLUMNS, {"some": [card(None, 1.0), card(3.0, 2.0)], "none": [card(None, 1.0)]}, {})
    assert found.rows["some"][0] == (3.0, None)
    assert lines(comparisons.markdown(found))[1][1] == MISSING


def test_latex_is_escaped_and_ruled(comparison: comparisons.Comparison) -> None:
    made = comparisons.latex(comparison)
    assert made.count(r"\midrule") == 2
    assert r"one \& only\_seed & 2.0 $\pm$ 0.6 & \textbf{5.0} & 1.0 \\" in made
    assert r"\begin{tabular}{lrrr}" in made
    assert "real & 9.0" in made


def test_csv_has_every_figure_unrounded(comparison: comparisons.Comparison) -> None:
    head, one, three, real = csv.reader(io.StringIO(comparisons.comma_separated(comparison)))
    assert head == ["", "up", "up ±", "down", "down ±", "neither", "neither ±"]
    assert one[:5] == ["one & only_seed", "2.0", str((2.7 - 1.5) / 2), "5.0", ""]
    assert float(three[2]) == pytest.approx(7.0**0.5, rel=1e-12)
    assert real[0] == "real"


def test_the_parts_of_a_real_scorecard_are_found() -> None:
    whole = json.loads((RESULTS / "writer_guided.json").read_text())
    three = whole["figures"]["hand, K = 3"]
    found = compare("", comparisons.hand("K = 3"), {"ours": [whole]}, comparisons.BESIDE_HAND)
    named = {column.heading: cell for column, cell in zip(found.columns, found.rows["ours"], strict=True)}
    assert named["slant"].value == three["rows"]["best guess"]["retention"]["slant"]["value"]
    assert named["AUC"].value == three["rows"]["best guess"]["judged"]["judge"]["auc"]["value"]
    assert named["natural: AUC"].value == three["rows"]["natural"]["judged"]["judge"]["auc"]["value"]
    assert named["thickness apart"].value == three["difference of two tries"]["share"]["thickness"]["value"]
    twin = found.beside[comparisons.BESIDE_HAND["twin"]]
    assert twin[0].value == three["rows"]["twin"]["retention"]["thickness"]["value"]
    assert twin[-1].value is None
    predictor = found.beside[comparisons.BESIDE_HAND["predictor"]]
    assert predictor[4].value is None  # it draws nothing that could be judged
    found = compare("", comparisons.guided("latent"), {"ours": [whole]}, comparisons.BESIDE_GUIDED)
    real, = found.beside.values()
    assert real[0].value == whole["figures"]["real"]["frechet_distance, classifier"]["value"]


def test_the_bars_are_a_picture_that_grows_with_the_rows() -> None:
    whole = json.loads((RESULTS / "writer_guided.json").read_text())

    def drawn(*names: str) -> Image.Image:
        rows = {name: [whole] for name in names}
        found = compare("", comparisons.hand("K = 3"), rows, comparisons.BESIDE_HAND)
        return Image.open(io.BytesIO(comparisons.attribute_bars(found))).convert("L")

    one, three = drawn("ours"), drawn("ours", "again", "and again")
    assert one.width == three.width
    assert three.height > one.height
    assert np.asarray(one).min() < 50 < 200 < np.median(np.asarray(one))
    whole["figures"]["hand, K = 3"]["rows"]["twin"]["retention"]["slant"] = {"value": None, "why": "too few"}
    assert drawn("ours").size == one.size


def test_scorecards_made_alike_pass_and_a_field_that_differs_is_named_with_both_files() -> None:
    one, two = Path("one.json"), Path("two.json")
    comparisons.check_alike({})
    comparisons.check_alike({one: {"preset": "small"}, two: {"preset": "small"}})
    with pytest.raises(InputError, match=r"^one\.json and two\.json cannot stand in one table: "
                                         "preset is small in the one and tiny in the other; "):
        comparisons.check_alike({one: {"preset": "small"}, two: {"preset": "tiny"}})
    with pytest.raises(InputError, match="judge is None in the one and third in the other"):
        comparisons.check_alike({one: {}, two: {"judge": "third"}})
