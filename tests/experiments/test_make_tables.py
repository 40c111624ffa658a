"""The README's tables are those of the committed scorecards."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from experiments import make_tables
from experiments.make_tables import BLOCK, README, RESULTS, SHOWN, files_of, filled
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
        put(tmp_path / "few_shot" / f"{row}.json", step=1_000)
    return tmp_path


def put(path: Path, run: dict[str, Any] | None = None, judges: dict[str, str] | None = None,
        **made: object) -> None:
    """A scorecard like the released one's, but for the given parts."""
    card = json.loads((RESULTS / "writer_guided.json").read_text())
    card["made_from"] |= made
    card["judges"] |= judges or {}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(card | ({"run": run} if run else {})))


def test_a_table_of_many_scorecards_has_the_rows_that_have_one_in_order(contested: Path) -> None:
    made = filled("<!-- table: few_shot -->\n<!-- end -->", contested)
    rows = [line.split(" | ")[0].removeprefix("| ") for line in made.splitlines() if line.startswith("| ")]
    assert rows[2:5] == ["writer-guided", "without matching", "*twin: the writer's second glyph*"]
    assert "`python -m experiments.run_table few_shot`: preset small, 72,000 glyphs" in made
    assert "seeds a row: 1; 2 of writer-guided." in made
    assert "Judges, which training never sees" in made
    assert "| writer-guided | 0.71 ± 0.00 |" in made.replace("**", "")  # the same twice


def test_a_table_is_written_in_latex_and_csv_too(contested: Path) -> None:
    files = files_of(contested)
    assert sorted(files) == [contested / f"few_shot.{ending}" for ending in ("csv", "png", "tex")]
    assert rb"\toprule" in files[contested / "few_shot.tex"]
    assert files[contested / "few_shot.csv"].decode().startswith("The hand, K = 3\n,thickness,thickness ±,")


@pytest.mark.parametrize(("other", "field"), [
    ({"preset": "tiny"}, "the preset is small in the one and tiny in the other"),
    ({"run": {"glyphs": 100, "seconds": None, "hardware": ""}}, "the number of glyphs to draw in training is "
     "72000 in the one and 100 in the other"),
    ({"step": 7}, "is 72000 in the one and unknown, of 7 steps in the other"),
    ({"trained_on": "mnist"}, "the training data is mnist_writers in the one and mnist in the other"),
    ({"data": "mnist"}, "the evaluation's data is"),
    ({"held_out": 7}, "the number of held-out glyphs is"),
    ({"seed": 1}, "the evaluation's seed is 0 in the one and 1 in the other"),
    ({"protocol": {"name": "quick"}}, "the protocol's name is full in the one and quick in the other"),
    ({"judges": {"digit classifier": "0000"}}, 'the judge "digit classifier" is 570f4caeddb6 in the one'),
    ({"judges": {"writer encoder, third": "0000"}}, 'the judge "writer encoder, third" is None in the one'),
])
@pytest.mark.parametrize("row", ["without_matching", "writer_guided.1"])
def test_scorecards_that_were_not_made_alike_stand_in_no_table(
        row: str, other: dict[str, Any], field: str, contested: Path) -> None:
    put(contested / "few_shot" / f"{row}.json", **{"step": 1_000} | other)
    before = sorted(contested.rglob("*"))
    for make in (files_of, lambda results: filled("<!-- table: few_shot -->\n<!-- end -->", results)):
        with pytest.raises(InputError, match="cannot stand in one table") as refused:
            make(contested)
        said = str(refused.value)
        assert field in said
        assert f"{row}.json" in said
        assert "writer_guided.json" in said
    assert sorted(contested.rglob("*")) == before


def test_released_weights_stand_beside_rows_that_were_measured_alike(tmp_path: Path) -> None:
    run = {"glyphs": 24_000, "seconds": None, "hardware": ""}
    put(tmp_path / "rows" / "writer_guided.json", run)
    put(tmp_path / "writer_guided.json", preset="base", step=100_000)
    made = filled("<!-- table: rivals -->\n<!-- end -->", tmp_path)
    assert "| *released writer-guided, preset base, 100,000 steps on mnist_writers* |" in made
    put(tmp_path / "writer_guided.json", seed=1)
    with pytest.raises(InputError, match="the evaluation's seed is 0 in the one and 1 in the other"):
        filled("<!-- table: rivals -->\n<!-- end -->", tmp_path)


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"figures": 5}'])
def test_a_file_that_is_no_scorecard_is_named(content: str, contested: Path) -> None:
    (contested / "few_shot" / "writer_guided.1.json").write_text(content)
    with pytest.raises(InputError, match=r"writer_guided\.1\.json is no scorecard"):
        files_of(contested)


def test_tables_of_other_results_are_printed_and_leave_the_readme_alone(
        contested: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    for path in (contested / "few_shot").iterdir():
        put(path, {"glyphs": 100, "seconds": None, "hardware": ""}, preset="tiny")
    monkeypatch.setattr(make_tables, "README", contested / "README.md")
    monkeypatch.setattr("sys.argv", ["make_tables", "--results", str(contested)])
    make_tables.main()
    assert "preset tiny, 100 glyphs of mnist_writers to draw a row" in capsys.readouterr().out
    assert sorted(path.name for path in contested.iterdir()) == [
        "few_shot", "few_shot.csv", "few_shot.png", "few_shot.tex"]
    monkeypatch.setattr("sys.argv", ["make_tables", "--results", str(contested / "few_shot")])
    with pytest.raises(InputError, match="holds no scorecard of any table"):
        make_tables.main()


def test_nothing_is_written_if_a_table_cannot_be_made(
        contested: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(contested / "rows" / "stargan_v1.json")
    put(contested / "rows" / "stargan_v2.json", preset="tiny")
    monkeypatch.setattr(make_tables, "README", contested / "README.md")
    (contested / "README.md").write_text("<!-- table: few_shot -->\n<!-- end -->\n")
    monkeypatch.setattr(make_tables, "RESULTS", contested)
    monkeypatch.setattr("sys.argv", ["make_tables", "--results", str(contested)])
    before = {path: path.stat().st_mtime_ns for path in contested.rglob("*")}
    with pytest.raises(InputError, match="the preset is"):
        make_tables.main()
    assert {path: path.stat().st_mtime_ns for path in contested.rglob("*")} == before


def test_the_committed_latex_and_csv_are_made_from_the_committed_scorecards(tmp_path: Path) -> None:
    for folder in {table.folder for table in TABLES.values()}:
        if (RESULTS / folder).exists():
            shutil.copytree(RESULTS / folder, tmp_path / folder)
    for card in RESULTS.glob("*.json"):
        shutil.copy(card, tmp_path)
    files = files_of(tmp_path)
    assert files
    for path, content in files.items():
        if path.suffix != ".png":
            assert content == (RESULTS / path.name).read_bytes(), path.name


def test_a_table_that_has_no_row_yet_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run_table ladder"):
        filled("<!-- table: ladder -->\n<!-- end -->", tmp_path)


def test_a_missing_scorecard_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no scorecard .*absent\.json"):
        filled("<!-- table: absent -->\n<!-- end -->", tmp_path)


def test_it_is_said_what_every_table_shows() -> None:
    assert set(SHOWN) == set(TABLES)


def test_a_part_that_no_row_has_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    shutil.copy(RESULTS / "writer_guided.json", tmp_path / "rows" / "stargan_v1.json")  # no guided mode
    made = filled("<!-- table: ladder -->\n<!-- end -->", tmp_path)
    assert "**The hand, K = 3**" in made
    assert "Latent-guided" not in made
