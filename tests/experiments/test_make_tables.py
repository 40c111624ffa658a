"""The committed tables are equal to those made from the committed scorecards."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from experiments import make_tables
from experiments.checkout import ROOT
from experiments.make_tables import BLOCK, PAGES, RESULTS, SHOWN, along_training, files_of, filled
from experiments.run_table import TABLES, curve_folder
from handwriting_gan.errors import InputError


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_committed_pages_are_up_to_date(path: Path) -> None:
    page = path.read_text("utf-8")
    assert BLOCK.search(page)
    assert filled(page, RESULTS) == page


def test_the_pages_have_every_table() -> None:
    names = {match[2] for path in PAGES for match in BLOCK.finditer(path.read_text("utf-8"))}
    assert names == {make_tables.SUMMARY, *TABLES, *(path.stem for path in RESULTS.glob("*.json"))}


def test_text_between_the_markers_is_replaced() -> None:
    page = "before\n<!-- table: stargan_v2 -->\nold\n<!-- end -->\nafter\n"
    made = filled(page, RESULTS)
    assert made.startswith("before\n<!-- table: stargan_v2 -->\n")
    assert made.endswith("<!-- end -->\nafter\n")
    assert "old" not in made.split("\n")
    assert "| reference-guided |" in made


@pytest.fixture
def some_results(tmp_path: Path) -> Path:
    """Scorecards of two rows of a table, one with two seeds; the other rows are missing."""
    (tmp_path / "few_shot").mkdir()
    for row in ("without_matching", "writer_guided", "writer_guided.1"):
        write_card(tmp_path / "few_shot" / f"{row}.json", step=1_000)
    return tmp_path


def write_card(path: Path, run: dict[str, Any] | None = None, judges: dict[str, str] | None = None,
        **made: object) -> None:
    """Writes the released model's scorecard with other values of the given fields; the seed is that of the name."""
    card = json.loads((RESULTS / "writer_guided.json").read_text())
    run = {"seed": int(path.stem.partition(".")[2] or 0), "seconds": None, "hardware": "", **run} if run else None
    card["made_from"] |= made
    card["judges"] |= judges or {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(card | ({"run": run} if run else {})))


def test_a_table_has_the_rows_with_a_scorecard_in_order(some_results: Path) -> None:
    made = filled("<!-- table: few_shot -->\n<!-- end -->", some_results)
    rows = [line.split(" | ")[0].removeprefix("| ") for line in made.splitlines() if line.startswith("| ")]
    assert rows[2:5] == ["writer-guided", "without matching", "*twin: the writer's other glyph*"]
    assert "`python -m experiments.run_table few_shot`: preset small, 72,000 training glyphs" in made
    assert "seeds a row: 1; 2 of writer-guided." in made
    assert "Judges, which training never sees" in made
    assert "| writer-guided | 0.72 ± 0.00 |" in made.replace("**", "")  # two equal seeds


def test_a_table_is_written_as_latex_and_csv(some_results: Path) -> None:
    files = files_of(some_results)
    assert sorted(files) == [some_results / f"few_shot.{ending}" for ending in ("csv", "png", "tex")]
    assert rb"\toprule" in files[some_results / "few_shot.tex"]
    separated = files[some_results / "few_shot.csv"].decode()
    assert separated.startswith("The hand, K = 3, other digits\n,thickness,thickness ±,")


@pytest.fixture
def along(tmp_path: Path) -> Path:
    """Scorecards of one row of the ladder on the way and at the end, with two seeds at first; no table has a row."""
    folder = tmp_path / "rows"
    for glyphs, name in ((10, "stargan_v1"), (10, "stargan_v1.1"), (20, "stargan_v1")):
        write_card(curve_folder(folder, glyphs) / f"{name}.json", {"glyphs": glyphs}, method="stargan_v1")
    return tmp_path


def test_a_table_with_scorecards_along_training_has_curves(along: Path) -> None:
    found = along_training("ladder", along)
    assert {heading: {glyphs: len(seeds) for glyphs, seeds in points.items()} for heading, points in found.items()
            } == {"A: StarGAN": {10: 2, 20: 1}}
    files = files_of(along)
    # The comparison has the same row.
    assert set(files) == {along / "ladder_by_glyphs.png", along / "comparison_by_glyphs.png"}
    assert all(content.startswith(b"\x89PNG") for content in files.values())


def test_a_table_without_scorecards_along_training_has_no_curves(some_results: Path) -> None:
    assert along_training("few_shot", some_results) == {}


def test_the_last_point_of_a_quick_table_is_its_own_scorecard(some_results: Path) -> None:
    folder = some_results / "few_shot"
    for path in (folder / "writer_guided.json", folder / "writer_guided.1.json"):
        write_card(path, {"glyphs": 30})
    write_card(curve_folder(folder, 10) / "writer_guided.json", {"glyphs": 10})
    found = along_training("few_shot", some_results)
    assert {glyphs: len(seeds) for glyphs, seeds in found["writer-guided"].items()} == {10: 1, 30: 2}
    assert set(found) == {"writer-guided"}


@pytest.mark.parametrize(("run", "made", "reason"), [
    ({"glyphs": 10}, {"method": "stargan_v1"}, "has seen 10 glyphs, not 20"),
    ({"glyphs": 20}, {"method": "stargan_v1", "preset": "tiny"}, "the preset is small in the first and tiny"),
    ({"glyphs": 20}, {"method": "stargan_v1", "seed": 1}, "the evaluation seed is 0 in the first and 1"),
    ({"glyphs": 20}, {"method": "lord"}, "has the method lord, but its name says stargan_v1"),
])
def test_scorecards_of_one_curve_belong_together(
        run: dict[str, Any], made: dict[str, Any], reason: str, along: Path) -> None:
    write_card(curve_folder(along / "rows", 20) / "stargan_v1.json", run, **made)
    with pytest.raises(InputError, match=reason):
        files_of(along)


@pytest.mark.parametrize(("other", "field"), [
    ({"preset": "tiny"}, "the preset is small in the first and tiny in the second"),
    ({"run": {"glyphs": 100}}, "the number of training glyphs is "
     "72000 in the first and 100 in the second"),
    ({"step": 7}, "is 72000 in the first and unknown, of 7 steps in the second"),
    ({"trained_on": "mnist"}, "the training data is mnist_writers in the first and mnist in the second"),
    ({"data": "mnist"}, "the evaluation data is"),
    ({"held_out": 7}, "the number of held-out glyphs is"),
    ({"seed": 1}, "the evaluation seed is 0 in the first and 1 in the second"),
    ({"protocol": {"name": "quick"}}, "the protocol's name is full in the first and quick in the second"),
    ({"judges": {"digit classifier": "0000"}}, 'the judge "digit classifier" is 570f4caeddb6 in the first'),
    ({"judges": {"writer encoder, third": "0000"}}, 'the judge "writer encoder, third" is None in the first'),
])
@pytest.mark.parametrize("row", ["without_matching", "writer_guided.1"])
def test_scorecards_that_differ_in_settings_cannot_share_a_table(
        row: str, other: dict[str, Any], field: str, some_results: Path) -> None:
    write_card(some_results / "few_shot" / f"{row}.json", **{"step": 1_000} | other)
    before = sorted(some_results.rglob("*"))
    for make in (files_of, lambda results: filled("<!-- table: few_shot -->\n<!-- end -->", results)):
        with pytest.raises(InputError, match="cannot share a table") as refused:
            make(some_results)
        message = str(refused.value)
        assert field in message
        assert f"{row}.json" in message
        assert "writer_guided.json" in message
    assert sorted(some_results.rglob("*")) == before


@pytest.mark.parametrize(("row", "changes", "found"), [
    ("without_matching", {"method": "lord"}, "has the method lord, but its name says writer_guided"),
    ("writer_guided.1", {"run": {"glyphs": 72_000, "seed": 2}},
     "has the training seed 2, but its name says 1"),
])
def test_a_scorecard_of_another_method_or_seed_than_its_name_is_refused(
        row: str, changes: dict[str, Any], found: str, some_results: Path) -> None:
    write_card(some_results / "few_shot" / f"{row}.json", step=1_000, **changes)
    with pytest.raises(InputError, match=rf"{row}.json {found}"):
        files_of(some_results)


def test_a_model_with_more_training_is_shown_if_it_was_evaluated_alike(tmp_path: Path) -> None:
    write_card(tmp_path / "rows" / "writer_guided.json", {"glyphs": 24_000})
    write_card(tmp_path / "writer_guided.json", preset="base", step=100_000)
    made = filled("<!-- table: comparison -->\n<!-- end -->", tmp_path)
    assert "| *writer-guided, preset base, 100,000 steps on mnist_writers* |" in made
    write_card(tmp_path / "writer_guided.json", seed=1)
    with pytest.raises(InputError, match="the evaluation seed is 0 in the first and 1 in the second"):
        filled("<!-- table: comparison -->\n<!-- end -->", tmp_path)


def test_the_summary_shows_models_that_were_evaluated_alike(tmp_path: Path) -> None:
    for name in ("writer_guided", "stargan_v2"):
        write_card(tmp_path / f"{name}.json", step=7)
    tables = make_tables.summary(tmp_path)
    for text in ("**The three glyphs show other digits**", "**One of the three glyphs shows the digit**",
                 "| StarGAN v2 |", "| ours, mean of eight natural tries |", "| *baseline: copy of the shown glyph* |"):
        assert tables.count(text) == 1
    write_card(tmp_path / "stargan_v2.json", judges={"digit classifier": "0000"})
    with pytest.raises(InputError, match='the judge "digit classifier" is 570f4caeddb6 in the first and 0000'):
        make_tables.summary(tmp_path)


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"figures": 5}'])
def test_a_file_that_is_not_a_scorecard_is_named(content: str, some_results: Path) -> None:
    (some_results / "few_shot" / "writer_guided.1.json").write_text(content)
    with pytest.raises(InputError, match=r"writer_guided\.1\.json is not a scorecard"):
        files_of(some_results)


def test_tables_of_other_results_are_printed_and_the_pages_stay(
        some_results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    for path in (some_results / "few_shot").iterdir():
        write_card(path, {"glyphs": 100}, preset="tiny")
    monkeypatch.setattr(make_tables, "PAGES", (some_results / "README.md",))
    monkeypatch.setattr("sys.argv", ["make_tables", "--results", str(some_results)])
    make_tables.main()
    assert "preset tiny, 100 training glyphs of mnist_writers a row" in capsys.readouterr().out
    assert sorted(path.name for path in some_results.iterdir()) == [
        "few_shot", "few_shot.csv", "few_shot.png", "few_shot.tex"]
    monkeypatch.setattr("sys.argv", ["make_tables", "--results", str(some_results / "few_shot")])
    with pytest.raises(InputError, match="holds no scorecard of any table"):
        make_tables.main()


def test_nothing_is_written_if_a_table_cannot_be_made(
        some_results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_card(some_results / "rows" / "stargan_v1.json", method="stargan_v1")
    write_card(some_results / "rows" / "stargan_v2.json", method="stargan_v2", preset="tiny")
    monkeypatch.setattr(make_tables, "PAGES", (some_results / "README.md",))
    (some_results / "README.md").write_text("<!-- table: few_shot -->\n<!-- end -->\n")
    monkeypatch.setattr(make_tables, "RESULTS", some_results)
    monkeypatch.setattr("sys.argv", ["make_tables", "--results", str(some_results)])
    before = {path: path.stat().st_mtime_ns for path in some_results.rglob("*")}
    with pytest.raises(InputError, match="the preset is"):
        make_tables.main()
    assert {path: path.stat().st_mtime_ns for path in some_results.rglob("*")} == before


def test_the_committed_tex_csv_and_md_files_are_up_to_date(tmp_path: Path) -> None:
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


def test_a_table_without_rows_names_the_command_that_makes_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run_table ladder"):
        filled("<!-- table: ladder -->\n<!-- end -->", tmp_path)


def test_a_missing_scorecard_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.json cannot be read"):
        filled("<!-- table: absent -->\n<!-- end -->", tmp_path)


def test_numbers_are_a_part_of_a_table_if_they_were_measured(some_results: Path) -> None:
    block = "<!-- table: few_shot -->\n<!-- end -->"
    assert "Identification" not in filled(block, some_results)
    path = some_results / "few_shot" / "writer_guided.json"
    estimate = {"value": 0.25, "interval": [0.2, 0.3], "reason": ""}
    identified = {"among_20": estimate, "among_all": estimate}
    fields = json.loads(path.read_text())
    fields["schema_version"] = 4
    fields["made_from"]["protocol"]["fakes"] = 0
    fields["identification"] = {
        "references": 10, "numbers": 5, "writers": 1, "enrolled": 2, "chance": identified,
        "rows": {name: {"judge": identified} for name in ("written_number", "real_number")}}
    path.write_text(json.dumps(fields))
    made = filled(block, some_results)
    assert "**Identification from a number, K = 10**" in made
    assert "| writer-guided | 25.0 ± 5.0% | 25.0 ± 5.0% |" in made.replace("**", "")
    assert "| *real number* | 25.0 ± 5.0% | 25.0 ± 5.0% |" in made
    assert "CAS" not in made


def test_every_table_has_its_parts() -> None:
    assert set(SHOWN) == set(TABLES)


def test_a_part_without_rows_is_left_out(tmp_path: Path) -> None:
    write_card(tmp_path / "rows" / "stargan_v1.json", method="stargan_v1")  # no guided mode
    made = filled("<!-- table: ladder -->\n<!-- end -->", tmp_path)
    assert "**The hand, K = 3, other digits**" in made
    assert "Latent-guided" not in made
