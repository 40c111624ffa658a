"""Following rows: each is trained to each point and judged there once; then the curves are drawn."""

import json
import sys
from pathlib import Path

import pytest

from configs import common
from experiments import follow, run_table
from experiments.run_table import RESULTS, TABLES, Contest, Run
from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import Workdir

CONTEST = TABLES["ladder"]
CARD = RESULTS / "rows" / "stargan_v1.json"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The flags of what was typed, whose doing is a stand-in's."""
    said = []

    def commands(row: Run, contest: Contest, preset: str, workdir: Path) -> list[list[str]]:
        root = Workdir(workdir)
        root.root.mkdir(parents=True, exist_ok=True)
        root.config.write_text(common.get_config("tiny").to_json())
        root.metrics.write_text('{"step": 2, "phase/term": 1.0}\n')
        train = "pass"
        evaluate = ("import pathlib, shutil, sys; out = pathlib.Path(sys.argv[-1]); "
                    f"out.parent.mkdir(exist_ok=True); shutil.copy({str(CARD)!r}, out)")
        return [[sys.executable, "-c", train, "--config.steps=10"], [sys.executable, "-c", evaluate]]

    def typed(command: list[str]) -> object:
        said.append(command[3:])
        return run_table.typed(command)

    monkeypatch.setattr(follow, "commands", commands)
    monkeypatch.setattr(follow, "steps_of", lambda *row: 10)
    monkeypatch.setattr(follow, "typed", typed)
    return said


def test_a_row_is_judged_at_every_point_once_and_drawn(
        asked: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture) -> None:
    flags = ["follow", "ladder", "stargan_v1", "--points", "3", "--runs", str(tmp_path / "runs"),
             "--results", str(tmp_path)]
    monkeypatch.setattr("sys.argv", flags)
    follow.main()
    along = tmp_path / "runs" / "followed" / "stargan_v1" / "along"
    assert sorted(path.name for path in along.iterdir()) == ["0000004.json", "0000007.json", "0000010.json"]
    assert asked[:2] == [["--config.steps=10", "--stop_at=4"], ["--out", str(along / "0000004.json")]]
    assert len(asked) == 6
    follow.main()
    assert len(asked) == 6
    for name in ("curves", "losses"):
        assert (tmp_path / f"ladder_{name}.png").stat().st_size > 1_000
        assert f"ladder_{name}.png" in capsys.readouterr().out or name == "losses"


def test_a_row_that_stops_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "raise SystemExit('error: no room left')", "--config.steps=10"]
    monkeypatch.setattr(follow, "commands", lambda *row: [failing, failing])
    with pytest.raises(InputError, match=r"^stargan_v1 stopped: error: no room left$"):
        follow.follow(Run("configs/stargan_v1.py", 0), CONTEST, "tiny", tmp_path, 1, 2)


def test_the_last_point_is_the_rows_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = Run("configs/stargan_v1.py", 0)
    train, _ = run_table.commands(row, CONTEST, "small", tmp_path)
    last = CONTEST.glyphs // json.loads(json.dumps(run_table.load(row.config, "small").batch_size))
    assert f"--config.steps={last}" in train
    monkeypatch.setattr(follow, "typed", lambda command: pytest.fail("it is there"))
    card = follow.scorecard_at(tmp_path, last)
    card.parent.mkdir()
    card.touch()
    follow.follow(row, CONTEST, "small", tmp_path, 4, 4)
