"""Doors called as the command line would, in this process."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from handwriting_gan import methods
from handwriting_gan.errors import exit_in_one_line
from handwriting_gan.files import write_atomically
from handwriting_gan.training import optimizers, train_state
from handwriting_gan.training.train_state import TrainState
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
def assert_moved() -> Callable[[ConfigDict, TrainState], None]:
    """Every kernel of every network is another than at the start; the averages are near, but behind."""

    def check(config: ConfigDict, state: TrainState) -> None:
        method, by_network = methods.build(config), optimizers.build(config)
        begun = jax.jit(lambda: train_state.create(method, by_network, config.seed))()
        assert set(begun.params) == set(state.params) == set(method.networks)
        for name, network in begun.params.items():
            kernels = [pair for pair in zip(jax.tree.leaves(network), jax.tree.leaves(state.params[name]),
                                            strict=True) if pair[0].ndim > 1]
            assert not any(np.array_equal(*pair) for pair in kernels), name
        for name, average in state.averaged.items():
            gap = jax.tree.map(lambda a, b: np.abs(a - b).max(), average, state.params[name])
            assert 0 < max(jax.tree.leaves(gap)) < 0.1

    return check


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
