"""The tables of one scorecard."""

import dataclasses
from collections.abc import Callable

import pytest

from handwriting_gan.evaluation.scorecard import COPY, OTHER_DIGITS, OWN_DIGIT, PREDICTOR, TWIN, Scorecard
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS
from handwriting_gan.report import tables
from handwriting_gan.report.columns import DASH
from handwriting_gan.report.tables import HAND_ROWS, Table


def titles(found: list[Table]) -> list[str]:
    return [table.title for table in found]


def test_each_number_of_references_has_retention_differences_and_a_table_for_each_encoder(ours: Scorecard) -> None:
    first, *others = titles(tables.tables(ours))
    assert first == "Guided modes"
    hands = [(kind, count) for kind in (OTHER_DIGITS, OWN_DIGIT) for count in (1, 3, 10)]
    assert len(others) == 5 * len(hands)
    for index, (kind, count) in enumerate(hands):
        assert all(title.startswith(f"K = {count}, {kind}: ") for title in others[5 * index:5 * index + 5])
    assert "by the judge writer encoder" in others[3]
    assert "by the second writer encoder" in others[4]


def test_the_summary_has_the_guided_modes_and_the_two_largest_numbers_of_references(ours: Scorecard) -> None:
    found = tables.summary(ours)
    hands = [f"The hand, K = {count}, {kind}" for kind in (OTHER_DIGITS, OWN_DIGIT) for count in (3, 10)]
    assert titles(found) == ["Guided modes", *hands, "Expected and reached"]
    for table in found[1:3]:
        assert [row[0] for row in table.rows] == [text for name, text in HAND_ROWS.items() if name != COPY]
    assert [row[0] for row in found[3].rows] == list(HAND_ROWS.values())


def test_distances_by_target_scores_and_numbers_have_tables(version_4: Scorecard) -> None:
    targets, scores, *others = tables.tables(version_4)[1:]
    assert targets.headings == ["", *map(str, range(10))]
    assert [row[0] for row in targets.rows] == ["latent-guided", "reference-guided", tables.REAL]
    assert targets.rows[-1][1:3] == ["1.00 ± 1.00", "2.00 ± 1.00"]
    assert scores.rows == [["latent-guided", "91.0%"], ["natural tries", "50.0%"],
                           ["*real training glyphs*", "98.0 ± 1.0%"]]
    judge, second = others[-2:]
    assert judge.title == "Identification from a number, K = 10, by the judge writer encoder"
    assert judge.rows == [["number of natural tries", "40.0 ± 10.0%", "20.0%"],
                          ["*real number*", "80.0 ± 10.0%", "40.0%"], ["*chance*", "10.0 ± 10.0%", "5.0%"]]
    assert second.rows[0][2] == "10.0%"


def test_the_summary_has_scores_and_numbers_by_the_quoted_encoder(version_4: Scorecard) -> None:
    found = tables.summary(version_4)
    assert titles(found)[1] == "Real glyphs read right by a classifier that learned from outputs"
    assert titles(found)[-1] == "Identification from a number, K = 10"
    assert found[-1].rows[0][2] == "20.0%"
    assert "Fréchet distance per task, by target digit" not in titles(found)


def test_distances_by_target_without_a_value_have_no_table(version_4: Scorecard) -> None:
    none = {str(digit): Estimate(None, reason="too few") for digit in range(10)}
    quick = dataclasses.replace(version_4, guided={}, real=dataclasses.replace(
        version_4.real, frechet_distance_by_target=none))
    assert "Fréchet distance per task, by target digit" not in titles(tables.tables(quick))
    assert "per task with" not in tables.notes(quick)[1]


def test_the_notes_name_the_reals_of_tasks_and_the_enrolled_writers(version_4: Scorecard) -> None:
    notes = tables.notes(version_4)
    assert "per task with all training glyphs of the target" in notes[1]
    assert ("Identification: 50 numbers of six digits by 12 writers; 30 writers are enrolled, by ten glyphs each."
            in notes)


def test_without_writers_there_is_the_guided_table_only(without_writers: Scorecard) -> None:
    for choose in (tables.tables, tables.summary):
        assert titles(choose(without_writers)) == ["Guided modes"]


def test_a_mode_that_the_model_lacks_has_no_row(ours: Scorecard, guided: Scorecard) -> None:
    for card, names in ((guided, ["latent-guided", "reference-guided", tables.REAL]), (ours, [tables.REAL])):
        assert [row[0] for row in tables.tables(card)[0].rows] == names


def test_every_row_has_a_cell_for_every_heading(ours: Scorecard, guided: Scorecard) -> None:
    for card in (ours, guided):
        for table in (*tables.tables(card), *tables.summary(card)):
            assert table.rows
            assert {len(row) for row in table.rows} == {len(table.headings)}


def test_retention_has_a_column_for_every_attribute_and_trait(ours: Scorecard) -> None:
    table = tables.tables(ours)[1]
    assert table.headings == ["", *ATTRIBUTES, *TRAITS]
    by_name = {row[0]: row[1:] for row in table.rows}
    assert list(by_name) == [text for name, text in HAND_ROWS.items() if name != COPY]
    assert DASH not in by_name[HAND_ROWS[PREDICTOR]]
    assert by_name[HAND_ROWS[TWIN]][ATTRIBUTES.index("slant")] == "0.67 ± 0.04"


def test_the_predictor_has_no_images_to_judge(ours: Scorecard) -> None:
    assert HAND_ROWS[PREDICTOR] not in [row[0] for row in tables.tables(ours)[4].rows]
    summary = {row[0]: row for row in tables.summary(ours)[1].rows}
    assert summary[HAND_ROWS[PREDICTOR]][-5:] == [DASH] * 5


def test_trait_rates_are_percentages_of_rows_with_images(ours: Scorecard) -> None:
    table = tables.tables(ours)[2]
    assert table.headings == ["", *TRAITS]
    by_name = {row[0]: row[1:] for row in table.rows}
    assert by_name[HAND_ROWS[PREDICTOR]] == [DASH] * len(TRAITS)
    assert all("%" in cell for cell in by_name[HAND_ROWS[TWIN]])


def test_the_share_of_two_tries_is_their_difference_by_the_writers_own(ours: Scorecard) -> None:
    natural, own, share = tables.tables(ours)[3].rows
    assert (natural[0], own[0]) == ("natural tries", "the writer's own")
    column = 1 + ATTRIBUTES.index("slant")
    one, other, quotient = (float(row[column].split(" ± ")[0]) for row in (natural, own, share))
    assert quotient == pytest.approx(100 * one / other, rel=0.05)


def test_figures_are_below_their_own_headings(guided: Scorecard) -> None:
    table, latent = tables.tables(guided)[0], guided.guided["latent"]
    cells = dict(zip(table.headings, table.rows[0], strict=True))
    assert cells["digits right"].startswith(f"{100 * latent.digit_accuracy.value:.1f} ± ")
    assert cells["Fréchet"].startswith(f"{latent.frechet_distance.value:.2f} ± ")
    assert cells["per task"].startswith(f"{latent.frechet_distance_per_task.value:.2f} ± ")
    assert table.rows[-1][table.headings.index("per task")] == DASH  # real glyphs have no task


@pytest.mark.parametrize("choose", [tables.tables, tables.summary])
def test_every_line_of_a_markdown_table_has_the_same_columns(
        choose: Callable[[Scorecard], list[Table]], ours: Scorecard, without_writers: Scorecard) -> None:
    for card in (ours, without_writers):
        page = tables.markdown(card, choose)
        blocks = [block.splitlines() for block in page.split("\n\n") if block.startswith("|")]
        assert len(blocks) == len(choose(card))
        for lines in blocks:
            assert len({line.count("|") for line in lines}) == 1
            assert set(lines[1].replace("|", "").split()) == {"---"}
        assert page.endswith("\n")
        assert not page.endswith("\n\n")


def test_a_page_has_every_title_and_every_note(ours: Scorecard) -> None:
    page = tables.markdown(ours)
    for text in (*(f"**{title}**" for title in titles(tables.tables(ours))), *tables.notes(ours)):
        assert text in page


def test_the_notes_name_the_model_the_data_the_samples_and_the_judges(guided: Scorecard) -> None:
    made, samples, hand, judges = tables.notes(guided)
    assert made == ("stargan_v2 (small, step 9000, reference route, trained on mnist) on mnist_writers, full "
                    "protocol: 10000 held-out glyphs by 297 known writers, seed 0.")
    for words in ("90000 outputs of 1000 sources (latent)", "10000 glyphs each", "coverage of 5000",
                  "450 sources and targets", "half of the 95 % interval"):
        assert words in samples
    assert hand == "The hand, other digits: 1937 digits by 288 writers; guessing reaches rank 1 in 1.0%."
    for sha256 in guided.judges.values():
        assert sha256[:12] in judges


def test_the_notes_say_why_the_hand_is_not_measured(without_writers: Scorecard) -> None:
    assert "The hand is not measured: data=mnist_5k knows no writers." in tables.notes(without_writers)


def test_a_model_without_guided_modes_or_route_is_noted_without_them(ours: Scorecard) -> None:
    made, samples, *_ = tables.notes(ours)
    assert "route" not in made
    assert samples.startswith("No guided mode; ")


def test_without_intervals_the_notes_say_so(guided: Scorecard) -> None:
    real = dataclasses.replace(guided.real, digit_accuracy=dataclasses.replace(
        guided.real.digit_accuracy, interval=None))
    _, samples, *_ = tables.notes(dataclasses.replace(guided, real=real))
    assert "no intervals" in samples


def test_a_terminal_shows_no_emphasis() -> None:
    assert tables.plain("*floor: another writer*") == "floor: another writer"
