"""A tracker receives all metrics and sheets; a missing package or service is an error of one line."""

import sys
import types
from pathlib import Path
from typing import Any

import pytest

from configs import common
from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.workdir.trackers import TensorBoard, check_tracker, open_tracker


class FakeRun:
    """Records the calls to a run of Weights & Biases."""

    def __init__(self, arguments: dict[str, Any]) -> None:
        self.arguments, self.finished = arguments, False
        self.logged: list[tuple[int, dict[str, Any]]] = []

    def log(self, values: dict[str, Any], step: int) -> None:
        self.logged.append((step, values))

    def finish(self) -> None:
        self.finished = True


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[FakeRun]:
    """The runs that a fake of the package has started."""
    started: list[FakeRun] = []

    def init(**arguments: object) -> FakeRun:
        started.append(FakeRun(arguments))
        return started[-1]

    monkeypatch.setitem(sys.modules, "wandb", types.SimpleNamespace(
        init=init, Image=lambda path: f"picture {path}", Error=type("Error", (Exception,), {})))
    return started


def config_of(tracker: str) -> Any:
    config = common.get_config("tiny")
    config.tracker = tracker
    return config


def test_tensorboard_is_the_default(tmp_path: Path) -> None:
    tracker = open_tracker(common.get_config("small"), Workdir(tmp_path), 0)
    tracker.scalars(1, {"loss": 0.5})
    tracker.close()
    assert isinstance(tracker, TensorBoard)
    assert [path.stat().st_size > 0 for path in Workdir(tmp_path).events.iterdir()] == [True]


def test_weights_and_biases_receives_config_metrics_and_sheets(tmp_path: Path, runs: list[FakeRun]) -> None:
    config = config_of("wandb")
    tracker = open_tracker(config, Workdir(tmp_path / "run"), 0)
    tracker.scalars(2, {"generator/cycle": 0.5})
    tracker.pictures(2, {"latent": tmp_path / "sheet.png"})
    tracker.close()
    run, = runs
    assert run.arguments["config"] == config.to_dict()
    assert run.logged == [(2, {"generator/cycle": 0.5}),
                          (2, {"samples/latent": f"picture {tmp_path / 'sheet.png'}"})]
    assert run.finished


def test_a_resumed_workdir_continues_the_same_run(tmp_path: Path, runs: list[FakeRun]) -> None:
    for folder in ("one", "one", "other"):
        open_tracker(config_of("wandb"), Workdir(tmp_path / folder), 3).close()
    first, again, other = (run.arguments["id"] for run in runs)
    assert first == again != other
    assert {run.arguments["resume"] for run in runs} == {"allow"}


def test_without_the_extra_the_error_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(InputError, match=r"pip install 'handwriting-gan\[wandb\]'"):
        open_tracker(config_of("wandb"), Workdir(tmp_path), 0)
    with pytest.raises(InputError, match=r"pip install 'handwriting-gan\[wandb\]'"):
        check_tracker(config_of("wandb"))


def test_a_tracker_that_is_installed_passes_the_check(runs: list[FakeRun]) -> None:
    check_tracker(config_of("wandb"))
    check_tracker(config_of("tensorboard"))
    assert not runs


def test_an_unreachable_service_is_an_error_of_one_line(
        tmp_path: Path, runs: list[FakeRun], monkeypatch: pytest.MonkeyPatch) -> None:
    fake = sys.modules["wandb"]

    def refuse(**arguments: object) -> None:
        raise fake.Error("no key\n given")

    monkeypatch.setattr(fake, "init", refuse)
    with pytest.raises(InputError, match=r"no key given; or set WANDB_MODE=offline$"):
        open_tracker(config_of("wandb"), Workdir(tmp_path), 0)


def test_an_unknown_tracker_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tensorboard or wandb, not 'paper'"):
        open_tracker(config_of("paper"), Workdir(tmp_path), 0)
