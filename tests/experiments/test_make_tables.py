"""The README's tables are those of the committed scorecards."""

import shutil
from pathlib import Path

import pytest

from experiments.make_tables import BLOCK, README, RESULTS, SHOWN, filled, write_files
from experiments.run_table import TABLES
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


@pytest.fixture
def contested(tmp_path: Path) -> Path:
    """Results with two rows of a table, the first with two seeds; the others have not been run yet."""
    (tmp_path / "few_shot").mkdir()
    for row in ("without_matching", "writer_guided", "writer_guided.1"):
        shutil.copy(RESULTS / "writer_guided.json", tmp_path / "few_shot" / f"{row}.json")
    return tmp_path


def test_a_table_of_many_scorecards_has_the_rows_that_have_one_in_order(contested: Path) -> None:
    made = filled("<!-- table: few_shot -->\n<!-- end -->", contested)
    rows = [line.split(" | ")[0].removeprefix("| ") for line in made.splitlines() if line.startswith("| ")]
    assert rows[2:5] == ["writer-guided", "without matching", "*twin: the writer's second glyph*"]
    assert "`python -m experiments.run_table few_shot`: preset small, 72,000 glyphs" in made
    assert "seeds a row: 1; 2 of writer-guided." in made
    assert "Judges, which training never sees" in made
    assert "| writer-guided | 0.71 ± 0.00 |" in made.replace("**", "")  # the same twice


def test_a_table_is_written_in_latex_and_csv_too(contested: Path) -> None:
    write_files(contested)
    assert sorted(path.name for path in contested.iterdir()) == [
        "few_shot", "few_shot.csv", "few_shot.png", "few_shot.tex"]
    assert r"\toprule" in (contested / "few_shot.tex").read_text()
    assert (contested / "few_shot.csv").read_text().startswith("The hand, K = 3\n,thickness,thickness ±,")


def test_the_committed_latex_and_csv_are_made_from_the_committed_scorecards(tmp_path: Path) -> None:
    for folder in {table.folder for table in TABLES.values()}:
        if (RESULTS / folder).exists():
            shutil.copytree(RESULTS / folder, tmp_path / folder)
    for card in RESULTS.glob("*.json"):
        shutil.copy(card, tmp_path)
    write_files(tmp_path)
    for path in (*tmp_path.glob("*.tex"), *tmp_path.glob("*.csv")):
        assert path.read_text() == (RESULTS / path.name).read_text(), path.name


def test_a_table_that_has_no_row_yet_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run_table ladder"):
        filled("<!-- table: ladder -->\n<!-- end -->", tmp_path)


def test_a_missing_scorecard_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="table absent has no scorecard"):
        filled("<!-- table: absent -->\n<!-- end -->", tmp_path)


def test_it_is_said_what_every_table_shows() -> None:
    assert set(SHOWN) == set(TABLES)


def test_a_part_that_no_row_has_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    shutil.copy(RESULTS / "writer_guided.json", tmp_path / "rows" / "stargan_v1.json")  # no guided mode
    made = filled("<!-- table: ladder -->\n<!-- end -->", tmp_path)
    assert "**The hand, K = 3**" in made
    assert "Latent-guided" not in made
