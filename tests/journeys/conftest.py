"""Calls entry points as the command line does, in this process."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

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
    """`untrained(config, step)`: the workdir of a run with random networks, which can write."""

    def save(config: ConfigDict, step: int) -> Workdir:
        workdir, method = Workdir(tmp_path_factory.mktemp("untrained")), methods.build(config)
        write_atomically(workdir.config, config.to_json().encode())
        params = random_params(method.init)
        with contextlib.closing(checkpoints.open_for_training(workdir)) as manager:
            checkpoints.save(manager, step, averaged={name: params[name] for name in method.averaged})
        return workdir

    return save


@pytest.fixture
def assert_trained() -> Callable[[ConfigDict, TrainState], None]:
    """Checks that every kernel of every network differs from its initial value, and that the averages are near."""

    def check(config: ConfigDict, state: TrainState) -> None:
        method, by_network = methods.build(config), optimizers.build(config)
        initial = jax.jit(lambda: train_state.create(method, by_network, config.seed))()
        assert set(initial.params) == set(state.params) == set(method.networks)
        for name, network in initial.params.items():
            kernels = [pair for pair in zip(jax.tree.leaves(network), jax.tree.leaves(state.params[name]),
                                            strict=True) if pair[0].ndim > 1]
            assert not any(np.array_equal(*pair) for pair in kernels), name
        for name, average in state.averaged.items():
            distance = jax.tree.map(lambda a, b: np.abs(a - b).max(), average, state.params[name])
            assert 0 < max(jax.tree.leaves(distance)) < 0.1

    return check


@pytest.fixture
def killed_copy(tmp_path: Path) -> Callable[[Workdir], Workdir]:
    """Copies a finished run in the state that a kill before its last save leaves, without sample sheets."""

    def copy(finished: Workdir) -> Workdir:
        killed = Workdir(tmp_path / "killed")
        shutil.copytree(finished.root, killed.root)
        shutil.rmtree(max(killed.checkpoints.glob("[0-9]*"), key=lambda path: int(path.name)))
        shutil.rmtree(killed.root / "samples")
        return killed

    return copy


@pytest.fixture
def run_entry_point(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`run_entry_point(module, *arguments)` calls the module's `main` with these arguments."""

    def call(module: ModuleType, *arguments: object) -> None:
        monkeypatch.setattr("sys.argv", [module.__name__, *map(str, arguments)])
        exit_in_one_line(module.main)

    return call


@pytest.fixture
def refused(run_entry_point: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Calls an entry point that exits with code 2, and returns its error message, one line."""

    def call(module: ModuleType, *arguments: object) -> str:
        with pytest.raises(SystemExit) as stopped:
            run_entry_point(module, *arguments)
        assert stopped.value.code == 2
        message = capsys.readouterr().err
        assert message.startswith("error: ")
        assert message.count("\n") == 1
        return message

    return call
