"""Doors called as the command line would, in this process."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from handwriting_gan.errors import exit_in_one_line
from handwriting_gan.workdir.layout import Workdir


@pytest.fixture
def as_if_killed(tmp_path: Path) -> Callable[[Workdir], Workdir]:
    """Copies a finished run as a kill before its last save could have left it: with none of its sheets."""

    def copy(finished: Workdir) -> Workdir:
        killed = Workdir(tmp_path / "killed")
        shutil.copytree(finished.root, killed.root)
        shutil.rmtree(max(killed.checkpoints.glob("[0-9]*"), key=lambda path: int(path.name)))
        shutil.rmtree(killed.root / "samples")
        return killed

    return copy


@pytest.fixture
def run_door(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Calls a door with its flags."""

    def call(door: object, *arguments: object) -> None:
        monkeypatch.setattr("sys.argv", [door.__name__, *map(str, arguments)])
        exit_in_one_line(door.main)

    return call


@pytest.fixture
def refused(run_door: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Calls a door, which leaves with 2, and returns the one line that it says."""

    def call(door: object, *arguments: object) -> str:
        with pytest.raises(SystemExit) as leaving:
            run_door(door, *arguments)
        assert leaving.value.code == 2
        said = capsys.readouterr().err
        assert said.startswith("error: ")
        assert said.count("\n") == 1
        return said

    return call
