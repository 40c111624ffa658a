"""Comparisons over seeds: means and deviations, the best in bold, the same in Markdown, LaTeX and CSV."""

import csv
import dataclasses
import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.scorecard import (
    BEST_GUESS,
    COPY,
    NATURAL_TRY,
    OTHER_DIGITS,
    OWN_DIGIT,
    PREDICTOR,
    TWIN,
    Scorecard,
)
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.report import comparisons
from handwriting_gan.report.columns import DASH, GREATER, NEITHER, SMALLER
from handwriting_gan.report.comparisons import Compared, Comparison, compare
from handwriting_gan.report.tables import HAND_ROWS, REAL


class Card(NamedTuple):
    """A stand-in for a scorecard with three figures."""

    up: Estimate
    down: Estimate
    neither: Estimate = Estimate(1.0)


def card(up: float | None, down: float, interval: tuple[float, float] | None = None) -> Any:
    return Card(Estimate(up, interval), Estimate(down))


def column(name: str, better: int) -> Compared:
    return Compared(name, "{:.1f}", better, lambda card: getattr(card, name), {"*real*": lambda card: Estimate(9.0)})


COLUMNS = [column("up", GREATER), column("down", SMALLER), column("neither", NEITHER)]


def lines(markdown: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in markdown.splitlines()[2:]]


@pytest.fixture
def comparison() -> Comparison:
    return compare("title", COLUMNS, {
        "one & only_seed": [card(2.0, 5.0, (1.5, 2.7))],
        "three": [card(1.0, 3.0), card(2.0, 4.0), card(6.0, 8.0)],
    })


def test_one_seed_has_half_its_interval_and_several_their_deviation(comparison: Comparison) -> None:
    one, three = comparison.rows.values()
    assert one[0] == (2.0, pytest.approx(0.6))
    assert one[1] == (5.0, None)
    assert three[0] == (3.0, pytest.approx(7.0**0.5))  # (4 + 1 + 9) / 2
    assert three[1] == (5.0, pytest.approx(7.0**0.5))


def test_a_model_with_more_training_is_a_reference_row() -> None:
    compared = compare("title", COLUMNS, {"one": [card(2.0, 5.0)], "two": [card(1.0, 6.0)]},
                       {"longer": card(7.0, 1.0)})
    one, _, longer, real = lines(comparisons.markdown(compared))
    assert one == ["one", "**2.0**", "**5.0**", "1.0"]
    assert longer == ["*longer*", "7.0", "1.0", "1.0"]
    assert real[0] == "*real*"


def test_the_best_of_each_column_is_bold_and_a_reference_row_never_is(comparison: Comparison) -> None:
    one, three, real = lines(comparisons.markdown(comparison))
    assert one == ["one & only_seed", "2.0 ± 0.6", "**5.0**", "1.0"]
    assert three == ["three", "**3.0 ± 2.6**", "**5.0 ± 2.6**", "1.0 ± 0.0"]
    assert real == ["*real*", "9.0", "9.0", "9.0"]


def test_a_method_that_writes_other_digits_does_not_compete(guided: Scorecard) -> None:
    def of(right: float, frechet: float) -> list[Scorecard]:
        reference = dataclasses.replace(guided.guided["reference"], digit_accuracy=Estimate(right),
                                        frechet_distance=Estimate(frechet))
        return [dataclasses.replace(guided, guided={"reference": reference})]

    cards = {"copies": of(0.01, 2.0), "half": of(0.5, 9.0), "right": of(0.9, 10.0)}
    copies, half, right, _ = lines(comparisons.markdown(compare("", comparisons.guided("reference"), cards)))
    assert copies[:2] == ["copies", "2.00"]
    assert half[:2] == ["half", "**9.00**"]
    assert right[4] == "**90.0%**"


def test_a_single_row_is_not_the_best() -> None:
    assert "**" not in comparisons.markdown(compare("", COLUMNS, {"alone": [card(2.0, 5.0)]}))


def test_a_seed_without_a_value_is_left_out_and_a_row_without_any_has_a_dash() -> None:
    found = compare("", COLUMNS, {"some": [card(None, 1.0), card(3.0, 2.0)], "none": [card(None, 1.0)]})
    assert found.rows["some"][0] == (3.0, None)
    assert lines(comparisons.markdown(found))[1][1] == DASH


def test_a_column_without_any_value_is_left_out() -> None:
    empty = Compared("empty", "{:.1f}", GREATER, lambda card: None, {"*real*": lambda card: None})
    found = compare("", [empty, *COLUMNS, empty], {"one": [card(2.0, 5.0)]}, {"longer": card(7.0, 1.0)})
    assert [each.heading for each in found.columns] == ["up", "down", "neither"]
    assert all(len(cells) == 3 for cells in (*found.rows.values(), *found.reference_rows.values()))


def test_latex_is_escaped_and_ruled(comparison: Comparison) -> None:
    made = comparisons.latex(comparison)
    assert made.count(r"\midrule") == 2
    assert r"one \& only\_seed & 2.0 $\pm$ 0.6 & \textbf{5.0} & 1.0 \\" in made
    assert r"\begin{tabular}{lrrr}" in made
    assert "real & 9.0" in made


def test_csv_has_every_figure_unrounded(comparison: Comparison) -> None:
    head, one, three, real = csv.reader(io.StringIO(comparisons.comma_separated(comparison)))
    assert head == ["", "up", "up ±", "down", "down ±", "neither", "neither ±"]
    assert one[:5] == ["one & only_seed", "2.0", str((2.7 - 1.5) / 2), "5.0", ""]
    assert float(three[2]) == pytest.approx(7.0**0.5, rel=1e-12)
    assert real[0] == "real"


def test_a_comparison_of_hands_has_the_figures_of_the_scorecard(ours: Scorecard) -> None:
    three = ours.hand(3)
    assert three is not None
    found = compare("", comparisons.hand(3, OTHER_DIGITS), {"ours": [ours]})
    cells = {column.heading: cell for column, cell in zip(found.columns, found.rows["ours"], strict=True)}
    best, natural = three.rows[BEST_GUESS], three.rows[NATURAL_TRY]
    assert cells["slant"].value == best.retention["slant"].value
    assert cells["AUC"].value == best.judged["judge"].auc.value
    assert cells["natural: AUC"].value == natural.judged["judge"].auc.value
    assert cells["Fréchet"].value == natural.frechet_distance.value
    assert cells["thickness apart"].value == three.difference_share["thickness"].value
    twin, predictor = (found.reference_rows[HAND_ROWS[name]] for name in (TWIN, PREDICTOR))
    assert twin[0].value == three.rows[TWIN].retention["thickness"].value
    columns = [column.heading for column in found.columns]
    assert twin[columns.index("thickness apart")].value is None
    expected = columns.index("expected: barred 7")
    assert twin[expected].value == three.rows[TWIN].retention["barred 7"].value
    assert predictor[4].value is None  # it has no images to judge


def test_only_a_comparison_with_the_own_digit_shown_has_the_copy(ours: Scorecard) -> None:
    for kind in (OTHER_DIGITS, OWN_DIGIT):
        found = compare("", comparisons.hand(3, kind), {"ours": [ours]})
        assert (HAND_ROWS[COPY] in found.reference_rows) == (kind == OWN_DIGIT)


def test_a_comparison_of_guided_modes_has_real_glyphs_as_a_reference_row(guided: Scorecard) -> None:
    found = compare("", comparisons.guided("latent"), {"ours": [guided]})
    assert found.rows["ours"][0].value == guided.guided["latent"].frechet_distance.value
    assert found.reference_rows[REAL][0].value == guided.real.frechet_distance.value


def test_a_guided_mode_has_the_score_of_the_classifier_that_it_taught(version_4: Scorecard) -> None:
    found = compare("", comparisons.guided("latent"), {"ours": [version_4]})
    assert found.columns[-1].heading == "CAS"
    assert found.rows["ours"][-1] == (0.91, None)
    assert found.reference_rows[REAL][-1] == (0.98, pytest.approx(0.01))
    older = compare("", comparisons.guided("reference"), {"ours": [version_4]})
    assert older.rows["ours"][-1].value is None


def test_numbers_are_compared_by_the_quoted_encoder_with_real_numbers_and_chance(version_4: Scorecard) -> None:
    found = compare("", comparisons.numbers(), {"ours": [version_4]})
    assert [column.heading for column in found.columns] == ["top-1 of 20", "top-1 of all", "CAS"]
    assert [cell.value for cell in found.rows["ours"]] == [0.4, 0.2, 0.5]
    assert found.rows["ours"][0].spread == pytest.approx(0.1)
    real, chance = found.reference_rows.values()
    assert [cell.value for cell in real] == [0.8, 0.4, 0.98]
    assert [cell.value for cell in chance] == [0.1, 0.05, None]


def test_a_method_without_numbers_has_dashes(version_4: Scorecard, guided: Scorecard) -> None:
    found = compare("", comparisons.numbers(), {"ours": [version_4], "older": [guided]})
    assert [cell.value for cell in found.rows["older"]] == [None] * 3


def test_the_bars_are_a_picture_that_grows_with_the_rows(ours: Scorecard) -> None:
    def bars(card: Scorecard, *names: str) -> Image.Image:
        found = compare("", comparisons.hand(3, OTHER_DIGITS), {name: [card] for name in names})
        return Image.open(io.BytesIO(comparisons.attribute_bars(found))).convert("L")

    one, three = bars(ours, "ours"), bars(ours, "ours", "again", "and again")
    assert one.width == three.width
    assert three.height > one.height
    assert np.asarray(one).min() < 50 < 200 < np.median(np.asarray(one))
    hand = ours.hand(3)
    assert hand is not None
    row = dataclasses.replace(hand.rows[TWIN], retention=hand.rows[TWIN].retention | {
        "slant": Estimate(None, reason="too few")})
    without = dataclasses.replace(ours, hands=[dataclasses.replace(hand, rows=hand.rows | {TWIN: row})])
    assert bars(without, "ours").size == one.size


def test_scorecards_that_differ_are_refused_with_both_files_and_the_field() -> None:
    one, two = Path("one.json"), Path("two.json")
    comparisons.check_alike({one: {"preset": "small"}, two: {"preset": "small"}})
    with pytest.raises(InputError, match=r"^one\.json and two\.json cannot share a table: "
                                         "preset is small in the first and tiny in the second; "):
        comparisons.check_alike({one: {"preset": "small"}, two: {"preset": "tiny"}})
    with pytest.raises(InputError, match="judge is None in the first and third in the second"):
        comparisons.check_alike({one: {}, two: {"judge": "third"}})


def test_the_facts_name_budget_data_protocol_and_judges(ours: Scorecard) -> None:
    facts = comparisons.training_facts(ours) | comparisons.evaluation_facts(ours)
    assert facts["the preset"] == "small"
    assert facts["the training data"] == facts["the evaluation data"] == "mnist_writers"
    assert facts["the protocol's name"] == "full"
    assert facts['the judge "digit classifier"'] == "570f4caeddb6"
