"""The soak test empties only a folder that it made, and a signal stops its run."""

import signal
import sys
from pathlib import Path

import pytest

from experiments import soak
from handwriting_gan.errors import InputError
from tests.experiments.conftest import send_when_present, sleeper


def test_a_new_folder_or_that_of_an_earlier_soak_is_emptied(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "some" / "new"):
        for _ in range(2):
            soak.empty(folder)
            assert [path.name for path in folder.iterdir()] == [soak.MARK]
            for run in soak.RUNS:
                (folder / run / "checkpoints").mkdir(parents=True)
        soak.empty(folder)
        for path in folder.iterdir():
            path.unlink()


@pytest.mark.parametrize("files", [
    ["thesis.tex"], ["unbroken/config.json"], ["unbroken/config.json", "killed/config.json"],
    [soak.MARK, "killed/config.json", "thesis.tex"]])
def test_a_folder_with_other_files_is_refused(
        files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr("sys.argv", ["soak", "--folder", str(tmp_path)])
    with pytest.raises(InputError, match="holds files that are not of an earlier soak"):
        soak.main()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "model").touch()
    soak.empty(tmp_path / "soak")
    (tmp_path / "soak" / "killed").symlink_to(tmp_path / "runs")
    with pytest.raises(InputError, match="holds files that are not of an earlier soak"):
        soak.empty(tmp_path / "soak")
    assert (tmp_path / "runs" / "model").exists()


@pytest.mark.parametrize(("flags", "reason"), [
    (["--folder", "{file}"], "cannot write"), (["--out", "{file}/x.md"], "cannot write"),
    (["--out", "soak.py"], "does not end in"), (["--kills", "0"], "whole number from 1")])
def test_bad_flags_are_refused_before_any_run(
        flags: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(soak, "_finish", lambda *_: pytest.fail("a run started"))
    monkeypatch.setattr("sys.argv", ["soak", "--folder", str(tmp_path / "new"),
                                     *(flag.format(file=tmp_path / "file") for flag in flags)])
    with pytest.raises(InputError, match=reason):
        soak.main()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("is_first_run", [True, False])
def test_a_signal_stops_the_run(
        is_first_run: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture) -> None:
    def command(workdir: soak.Workdir, steps: int) -> list[str]:
        if is_first_run or workdir.root.name == "killed":
            return sleeper(tmp_path / "run")
        return [sys.executable, "-c", "pass"]

    monkeypatch.setattr(soak, "command", command)
    monkeypatch.setattr("sys.argv", ["soak", "--folder", str(tmp_path / "soak")])
    send_when_present(signal.SIGTERM, tmp_path / "run.started")
    with pytest.raises(SystemExit) as leaving:
        soak.main()
    assert leaving.value.code == 143
    assert (tmp_path / "run.saved").read_text() == "15"
    assert capsys.readouterr().err == "stopped by SIGTERM; the same command starts again\n"
