"""Doors called as the command line would, in this process."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ml_collections import ConfigDict

from handwriting_gan import methods
from handwriting_gan.errors import exit_in_one_line
from handwriting_gan.files import write_atomically
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir


@pytest.fixture(scope="session")
def untrained(random_params: Callable, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Workdir]:
    """`untrained(config, step)`: a run whose networks are random, yet can write."""

    def save(config: ConfigDict, step: int) -> Workdir:
        workdir, method = Workdir(tmp_path_factory.mktemp("untrained")), methods.build(config)
        write_atomically(workdir.config, config.to_json().encode())
        params = random_params(method.init)
        with contextlib.closing(checkpoints.open_for_training(workdir)) as manager:
            checkpoints.save(manager, step, averaged={name: params[name] for name in method.averaged})
        return workdir

    return save


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
