"""Each row is trained up to each point and evaluated there once; then the curves are plotted."""

import json
import signal
import sys
from pathlib import Path

import pytest

from configs import stargan_v1
from experiments import follow, run_table
from experiments.checkout import RESULTS
from experiments.run_table import TABLES, Run, TableSpec
from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import Workdir
from tests.experiments.conftest import send_when_present, sleeper

LADDER = TABLES["ladder"]
CARD = RESULTS / "rows" / "stargan_v1.json"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The flags of the commands that follow runs; short programs replace training and evaluation."""
    flags = []

    def commands(row: Run, table: TableSpec, workdir: Path, data_folder: str | None) -> list[list[str]]:
        root = Workdir(workdir)
        root.root.mkdir(parents=True, exist_ok=True)
        root.config.write_text(stargan_v1.get_config("tiny").to_json())
        root.metrics.write_text('{"step": 2, "phase/term": 1.0}\n')
        train = "pass"
        evaluate = ("import pathlib, shutil, sys; out = pathlib.Path(sys.argv[-1]); "
                    f"out.parent.mkdir(exist_ok=True); shutil.copy({str(CARD)!r}, out)")
        return [[sys.executable, "-c", train, "--config.steps=10"], [sys.executable, "-c", evaluate]]

    def run_command(command: list[str]) -> object:
        flags.append(command[3:])
        return run_table.run_command(command)

    monkeypatch.setattr(follow, "commands", commands)
    monkeypatch.setattr(follow, "steps_of", lambda *row: 10)
    monkeypatch.setattr(follow, "run_command", run_command)
    monkeypatch.setattr(follow.sources, "load_both", lambda *_: None)
    return flags


def test_a_row_is_evaluated_once_at_every_point_and_plotted(
        called: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture) -> None:
    flags = ["follow", "ladder", "stargan_v1", "--points", "3", "--runs", str(tmp_path / "runs"),
             "--results", str(tmp_path)]
    monkeypatch.setattr("sys.argv", flags)
    follow.main()
    along = tmp_path / "runs" / "followed" / "stargan_v1" / "along"
    assert sorted(path.name for path in along.iterdir()) == ["0000004.json", "0000007.json", "0000010.json"]
    assert called[:2] == [["--config.steps=10", "--stop_at=4"], ["--out", str(along / "0000004.json")]]
    assert len(called) == 6
    follow.main()
    assert len(called) == 6
    for name in ("curves", "losses"):
        assert (tmp_path / f"ladder_{name}.png").stat().st_size > 1_000
        assert f"ladder_{name}.png" in capsys.readouterr().out or name == "losses"


def test_a_row_that_fails_is_reported_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "raise SystemExit('error: disk full')", "--config.steps=10"]
    monkeypatch.setattr(follow, "commands", lambda *row: [failing, failing])
    with pytest.raises(InputError, match=r"^stargan_v1 failed: error: disk full$"):
        follow.follow(Run("configs/stargan_v1.py", 0), LADDER, tmp_path, 1, 2)


def test_the_last_point_is_the_last_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = Run("configs/stargan_v1.py", 0)
    train, _ = run_table.commands(row, LADDER, tmp_path)
    last = LADDER.glyphs // (5 * run_table.load_config(row.config, "small").batch_size)
    assert f"--config.steps={last}" in train
    monkeypatch.setattr(follow, "run_command", lambda command: pytest.fail("the scorecard exists"))
    card = follow.scorecard_at(tmp_path, last)
    card.parent.mkdir()
    card.touch()
    follow.follow(row, LADDER, tmp_path, 4, 4)


@pytest.mark.parametrize(("flags", "where"), [
    (["--runs", "{tmp}"], "followed"), (["--preset", "tiny"], "runs/tiny_24000/followed"),
    ([], "runs/followed"), (["--publish"], "results")])
def test_committed_plots_are_replaced_only_with_publish(
        flags: list[str], where: str, called: list[list[str]], tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    plotted = []
    for module, name, folder in ((run_table, "RUNS", "runs"), (run_table, "RESULTS", "results"),
                                 (follow, "RESULTS", "results")):
        monkeypatch.setattr(module, name, tmp_path / folder)
    monkeypatch.setattr(follow, "plot", lambda workdirs, prefix: plotted.append(prefix))
    monkeypatch.setattr("sys.argv", ["follow", "ladder", "stargan_v1", "--points", "2",
                                     *(flag.format(tmp=tmp_path) for flag in flags)])
    follow.main()
    assert plotted == [tmp_path / where / "ladder"]


@pytest.mark.parametrize(("flags", "reason"), [
    (["--publish", "--preset", "tiny"], "--publish is for the table's own preset, small"),
    (["--publish", "--results", "x"], "not allowed with"),
    (["--results", "{file}/x"], "cannot write"),
    (["--runs", "{file}/x"], "cannot write"),
    (["--data_folder", "{empty}"], "holds no train-images-idx3-ubyte"),
    (["--points", "1"], "whole number from 2"),
    (["stargan_v3"], "no row 'stargan_v3'"),
])
def test_bad_flags_are_refused_before_any_row(
        flags: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(follow, "run_command", lambda command: pytest.fail("a row started"))
    monkeypatch.setattr(run_table, "RUNS", tmp_path / "runs")
    monkeypatch.setattr("sys.argv", ["follow", "ladder", "stargan_v1", *(
        flag.format(file=tmp_path / "file", empty=tmp_path / "empty") for flag in flags)])
    with pytest.raises(InputError, match=reason):
        follow.main()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty", "file"]


def test_points_of_two_presets_are_not_plotted_as_one_curve(
        called: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Run("configs/stargan_v1.py", 0)
    for point in (1, 2):
        follow.follow(row, LADDER, tmp_path, point, 2)
    path = follow.scorecard_at(tmp_path, 10)
    card = json.loads(path.read_text())
    card["made_from"]["preset"] = "tiny"
    path.write_text(json.dumps(card))
    with pytest.raises(InputError, match="the preset is"):
        follow.plot({"A": tmp_path}, tmp_path / "ladder")
    path.unlink()
    Workdir(tmp_path).metrics.write_text("garbage\n")
    with pytest.raises(InputError, match=r"metrics\.jsonl cannot be read"):
        follow.plot({"A": tmp_path}, tmp_path / "ladder")
    assert not list(tmp_path.glob("*.png"))


def test_a_signal_stops_the_row(
        called: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "commands", lambda *_: [sleeper(tmp_path / "row"), ["never"]])
    monkeypatch.setattr("sys.argv", ["follow", "ladder", "stargan_v1", "--runs", str(tmp_path)])
    send_when_present(signal.SIGTERM, tmp_path / "row.started")
    with pytest.raises(SystemExit) as leaving:
        follow.main()
    assert leaving.value.code == 143
    assert (tmp_path / "row.saved").read_text() == "15"
