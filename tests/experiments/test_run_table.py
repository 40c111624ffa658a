"""A table's rows: what is there stays, what fails is told, the rest goes on."""

import json
from pathlib import Path

import pytest

from configs.common import PRESETS
from experiments import run_table
from experiments.run_table import TABLES, Contest, Run, chosen, commands, rows_of, run
from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import Workdir

CONTEST = Contest({"Done": "configs/done.py", "Breaks": "configs/more.py:breaks", "New": "configs/new.py"},
                  "folder", 30, "quick")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What was run, instead of it; every second step of `breaks` fails."""
    asked = []

    def typed(row: Run, contest: Contest, preset: str, workdir: Path) -> list[list[str]]:
        asked.append([row.name, preset])
        card = Workdir(workdir).scorecard
        made = f"import pathlib; p = pathlib.Path({str(card)!r}); p.parent.mkdir(parents=True); " \
               f"p.write_text('{{\"of\": \"{row.name}\"}}')"
        failing = "raise SystemExit('no room left')" if row.name == "breaks" else "pass"
        return [["python3", "-c", made], ["python3", "-c", failing]]

    monkeypatch.setattr(run_table, "commands", typed)
    return asked


def test_a_row_that_fails_says_why_and_the_rest_goes_on_and_what_is_there_stays(
        said: list[list[str]], tmp_path: Path) -> None:
    runs, results = tmp_path / "runs", tmp_path / "results"
    results.mkdir()
    (results / "done.json").write_text("kept")
    assert run(CONTEST, "tiny", runs, results) == ["breaks"]
    assert said == [["breaks", "tiny"], ["new", "tiny"]]
    assert (results / "done.json").read_text() == "kept"
    made = json.loads((results / "new.json").read_text())
    assert made["of"] == "new"
    assert made["run"]["glyphs"] == 30
    assert made["run"]["seconds"] >= 0
    assert "core" in made["run"]["hardware"]
    assert "no room left" in (results / "breaks.failed.txt").read_text()
    assert not (results / "breaks.json").exists()


def test_a_row_that_failed_is_tried_again(said: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "new.failed.txt").write_text("it failed")
    contest = CONTEST._replace(rows={"New": "configs/new.py"})
    assert run(contest, "tiny", tmp_path / "runs", tmp_path) == []
    assert not (tmp_path / "new.failed.txt").exists()
    assert run(contest, "tiny", tmp_path / "runs", tmp_path) == []
    assert len(said) == 1


def test_a_command_that_is_aborted_is_typed_again_and_one_that_fails_is_not(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def commands(row: Run, contest: Contest, preset: str, workdir: Path) -> list[list[str]]:
        tried, card = tmp_path / f"{row.name}_tried", Workdir(workdir).scorecard
        end = "os.abort()" if row.name == "aborted" else "raise SystemExit(2)"
        program = f"""
import os, pathlib
tried = pathlib.Path({str(tried)!r})
again = tried.exists()
tried.write_text(tried.read_text() + "." if again else ".")
if not again:
    {end}
card = pathlib.Path({str(card)!r})
card.parent.mkdir(parents=True, exist_ok=True)
card.write_text("{{}}")
"""
        return [["python3", "-c", program]]

    monkeypatch.setattr(run_table, "commands", commands)
    contest = CONTEST._replace(rows={"Aborted": "configs/aborted.py", "Failing": "configs/failing.py"})
    assert run(contest, "tiny", tmp_path / "runs", tmp_path) == ["failing"]
    assert (tmp_path / "aborted_tried").read_text() == ".."
    assert (tmp_path / "failing_tried").read_text() == "."


def test_more_seeds_are_more_rows_and_several_can_run_at_a_time(
        said: list[list[str]], tmp_path: Path) -> None:
    contest = CONTEST._replace(rows={"New": "configs/new.py", "Other": "configs/other.py"})
    assert run(contest, "tiny", tmp_path / "runs", tmp_path, seeds=2, jobs=2) == []
    assert sorted(name for name, _ in said) == ["new", "new.1", "other", "other.1"]
    assert {path.name for path in tmp_path.glob("*.json")} == {
        "new.json", "new.1.json", "other.json", "other.1.json"}
    assert run(contest, "tiny", tmp_path / "runs", tmp_path, seeds=3, jobs=1) == []
    assert [name for name, _ in said[4:]] == ["new.2", "other.2"]


def test_rows_are_chosen_by_name_in_the_tables_order() -> None:
    rows = chosen(TABLES["ladder"], ["stargan_v2", "stargan_v1"])
    assert rows == {"A: StarGAN": "configs/stargan_v1.py",
                    "F: + diversity (StarGAN v2)": "configs/stargan_v2.py"}
    with pytest.raises(InputError, match="no row 'stargan_v3'; there is stargan_v1, "):
        chosen(TABLES["ladder"], ["stargan_v3"])


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_a_config_that_is_there_and_the_same_budget(table: str) -> None:
    contest, preset = TABLES[table], PRESETS[1]
    for row in rows_of(contest, seeds=2):
        training, evaluation = commands(row, contest, preset, Path("runs") / row.name)
        steps, = (int(word.partition("=")[2]) for word in training if word.startswith("--config.steps="))
        config = run_table.load(row.config, preset)
        a_step = config.batch_size * (36 if config.method == "writer_guided" else 1)
        assert contest.glyphs <= steps * a_step < contest.glyphs + a_step
        assert f"--config.seed={row.seed}" in training
        assert evaluation[-4:] == ["--protocol", contest.protocol, "--data", "mnist_writers"]


def test_tables_that_share_a_folder_share_their_rows() -> None:
    """So a row of theirs must be the same wherever it stands."""
    by_folder = {}
    for contest in TABLES.values():
        by_folder.setdefault(contest.folder, set()).add((contest.glyphs, contest.protocol))
    assert all(len(budgets) == 1 for budgets in by_folder.values())
    names = [row.name for contest in TABLES.values() for row in rows_of(contest, seeds=1)]
    configs = {config for contest in TABLES.values() for config in contest.rows.values()}
    assert len(set(names)) == len(configs)
