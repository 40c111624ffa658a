"""A table's rows: what is there stays, what fails is told, the rest goes on."""

import json
from pathlib import Path

import pytest

from experiments import run_table
from experiments.run_table import TABLES, Contest, commands, run
from handwriting_gan.workdir.layout import Workdir

CONTEST = Contest({"done": "configs/done.py", "breaks": "configs/breaks.py", "new": "configs/new.py"}, 30,
                  "quick")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What was run, instead of it; every second step of `breaks` fails."""
    asked = []

    def typed(name: str, contest: Contest, preset: str, workdir: Path) -> list[list[str]]:
        asked.append([name, preset])
        card = Workdir(workdir).scorecard
        made = f"import pathlib; p = pathlib.Path({str(card)!r}); p.parent.mkdir(parents=True); " \
               f"p.write_text('\"{name}\"')"
        failing = "raise SystemExit('no room left')" if name == "breaks" else "pass"
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
    assert json.loads((results / "new.json").read_text()) == "new"
    assert "no room left" in (results / "breaks.failed.txt").read_text()
    assert not (results / "breaks.json").exists()


def test_a_row_that_failed_is_tried_again(said: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "new.failed.txt").write_text("it failed")
    contest = CONTEST._replace(rows={"new": "configs/new.py"})
    assert run(contest, "tiny", tmp_path / "runs", tmp_path) == []
    assert not (tmp_path / "new.failed.txt").exists()
    assert run(contest, "tiny", tmp_path / "runs", tmp_path) == []
    assert len(said) == 1


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_a_config_that_is_there_and_the_same_budget(table: str) -> None:
    contest = TABLES[table]
    for name, config in contest.rows.items():
        training, evaluation = commands(name, contest, "small", Path("runs") / name)
        assert (run_table.ROOT / config.partition(":")[0]).exists()
        assert f"--config.steps={contest.steps}" in training
        assert evaluation[-4:] == ["--protocol", contest.protocol, "--data", "mnist_writers"]
