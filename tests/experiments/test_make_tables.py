"""The README's tables are those of the committed scorecards."""

import shutil
from pathlib import Path

import pytest

from experiments.make_tables import BLOCK, README, RESULTS, filled
from handwriting_gan.errors import InputError


def test_the_readmes_tables_are_made_from_the_committed_scorecards() -> None:
    page = README.read_text()
    assert BLOCK.search(page)
    assert filled(page, RESULTS) == page


def test_what_stands_between_the_markers_is_replaced() -> None:
    page = "before\n<!-- table: stargan_v2 -->\nold\n<!-- end -->\nafter\n"
    made = filled(page, RESULTS)
    assert made.startswith("before\n<!-- table: stargan_v2 -->\n")
    assert made.endswith("<!-- end -->\nafter\n")
    assert "old" not in made.split("\n")
    assert "| reference-guided |" in made


def test_a_folder_of_scorecards_is_one_table_in_the_rows_order(tmp_path: Path) -> None:
    (tmp_path / "few_shot").mkdir()
    for row in ("without_matching", "writer_guided"):  # the others have not been run yet
        shutil.copy(RESULTS / "writer_guided.json", tmp_path / "few_shot" / f"{row}.json")
    made = filled("<!-- table: few_shot -->\n<!-- end -->", tmp_path)
    rows = [line.split(" | ")[0].removeprefix("| ") for line in made.splitlines() if line.startswith("| ")]
    assert rows[2:5] == ["writer_guided", "without_matching", "*twin: the writer's second glyph*"]
    assert "small, step 14000" in made
    assert "Judges, which training never sees" in made


def test_a_missing_scorecard_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="table absent has no scorecard"):
        filled("<!-- table: absent -->\n<!-- end -->", tmp_path)
