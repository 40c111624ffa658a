"""A run checks everything before it writes anything; the loop calls the recorder at the right steps."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ml_collections import ConfigDict

from configs import lord, stargan_v2, writer_guided
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.training import deadlock, devices, loop, recorder
from handwriting_gan.training.interruption import InterruptedRunError, Interruption
from handwriting_gan.training.loop import describe, train
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.workdir import checkpoints, trackers
from handwriting_gan.workdir.layout import Workdir, claim


def no_sheets(step: int, averaged: object) -> dict:
    return {}


def changed(config: ConfigDict, **changes: object) -> ConfigDict:
    raw = {**config.to_dict(), **changes}
    return ConfigDict(raw)


TINY = stargan_v2.get_config("tiny")
WRONG = [
    pytest.param(changed(writer_guided.get_config("tiny"), data="mnist_5k"), None, "writer", id="no writers"),
    pytest.param(changed(lord.get_config("tiny"), glyphs=100_000), None, "glyphs", id="more than the data"),
    pytest.param(changed(lord.get_config("tiny"), glyphs=41), None, "glyphs", id="no multiple of ten"),
    pytest.param(changed(TINY, tracker="paper"), None, "--config.tracker is 'paper'", id="tracker"),
    pytest.param(changed(TINY, tracker="wandb"), None, r"handwriting-gan\[wandb\]", id="not installed"),
    pytest.param(changed(TINY, batch_size=5), None, "multiple of 2", id="batch"),
    pytest.param(changed(TINY, micro_batches=3), None, "multiple of 6", id="micro-batches"),
    pytest.param(changed(TINY, ema_decay=1.5), None, "--config.ema_decay is 1.5", id="ema_decay"),
    pytest.param(changed(TINY, averaging=0.9), None, "--config.averaging is now called ema_decay", id="old name"),
    pytest.param(changed(TINY, method="lord"), None, "does not fit its method, lord", id="method"),
    pytest.param(changed(TINY, method="munit"), None, "munit", id="another method"),
    pytest.param(changed(TINY, learning_rates={**TINY.learning_rates.to_dict(), "painter": 1e-3}), None,
                 "learning_rates.painter: stargan_v2 has no such network", id="rate of no network"),
    pytest.param(changed(TINY, learning_rates={"generator": 1e-3}), None, "does not fit", id="no rate"),
    pytest.param(changed(TINY, max_gradient_norms={"painter": 5.0}), None,
                 "max_gradient_norms.painter: stargan_v2 has no such network", id="norm of no network"),
    pytest.param(changed(TINY, networks={}), None, "does not fit", id="no sizes"),
    pytest.param(TINY, 9, "--stop_at is 9; it must be from 1 to --config.steps, 8", id="stop_at"),
]


@pytest.fixture(params=[train, describe], ids=["train", "dry run"])
def begin(request: pytest.FixtureRequest) -> Callable[..., object]:
    """A run and a dry run; both make the same checks."""
    return request.param


@pytest.fixture(autouse=True)
def without_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "_is_installed", lambda package: False)


@pytest.mark.parametrize(("config", "stop_at", "reason"), WRONG)
def test_a_wrong_config_is_an_error_and_leaves_no_files(
        config: ConfigDict, stop_at: int | None, reason: str, begin: Callable[..., object], tmp_path: Path,
        glyphs: Glyphs) -> None:
    with pytest.raises(InputError, match=reason):
        begin(config, Workdir(tmp_path / "new" / "run"), glyphs, no_sheets, stop_at)
    assert not list(tmp_path.iterdir())


def test_an_unusable_workdir_is_an_error_and_stays_unchanged(begin: Callable[..., object], tmp_path: Path,
                                                             glyphs: Glyphs) -> None:
    (tmp_path / "file").touch()
    claim(Workdir(tmp_path / "other"), changed(TINY, seed=5))
    (tmp_path / "orphan").mkdir()
    (tmp_path / "orphan" / "metrics.jsonl").write_text("{}\n")
    before = sorted(tmp_path.rglob("*"))
    for name, reason in (("file", "is a file"), ("file/run", "cannot be"), ("other", "seed 5 -> 0"),
                         ("orphan", "no config.json")):
        with pytest.raises(InputError, match=reason):
            begin(TINY, Workdir(tmp_path / name), glyphs, no_sheets)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_full_disk_is_an_error_before_any_file_is_written(
        begin: Callable[..., object], tmp_path: Path, glyphs: Glyphs,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(InputError, match=r"0\.0 MB free"):
        begin(TINY, Workdir(tmp_path / "run"), glyphs, no_sheets)
    assert not list(tmp_path.iterdir())


def test_steps_that_dispatches_do_not_divide_are_an_error_before_the_claim(
        begin: Callable[..., object], tmp_path: Path, glyphs: Glyphs,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop.devices, "steps_per_dispatch", lambda requested: 3)
    with pytest.raises(InputError, match="8 steps remain, not a multiple"):
        begin(TINY, Workdir(tmp_path / "run"), glyphs, no_sheets)
    assert not list(tmp_path.iterdir())


def test_a_tracker_that_cannot_be_opened_leaves_no_files(tmp_path: Path, glyphs: Glyphs,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(config: ConfigDict, workdir: Workdir, step: int) -> None:
        (workdir.root / "wandb").mkdir()
        raise InputError("no key given")

    monkeypatch.setattr(recorder, "open_tracker", refuse)
    with pytest.raises(InputError, match="no key given"):
        train(TINY, Workdir(tmp_path / "run"), glyphs, no_sheets)
    assert not list(tmp_path.iterdir())


def test_a_dry_run_describes_the_run_and_writes_nothing(tmp_path: Path, glyphs: Glyphs) -> None:
    description = describe(TINY, Workdir(tmp_path / "run"), glyphs, no_sheets, 4)
    assert "batch 4: 2 on each device" in description
    assert "parameters: " in description
    assert not list(tmp_path.iterdir())


class FakeRecorder(recorder.NullRecorder):
    """Lists its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def log_terms(self, step: int, terms: Mapping[str, float]) -> None:
        self.calls.append(("terms", step))

    def save_sheets(self, step: int, averaged: Mapping[str, Any]) -> None:
        self.calls.append(("sheets", step))

    def save_checkpoint(self, state: TrainState) -> None:
        self.calls.append(("checkpoint", int(state.step)))


def calls_of_a_run(interrupt_at: int | None = None) -> list[tuple[str, int]]:
    """The calls to the recorder in a run of eight steps without networks."""
    config = changed(TINY, log_every=3, sample_every=4, checkpoint_every=5)
    fake, interruption = FakeRecorder(), Interruption()
    terms = devices.replicate({"phase/term": np.float32(1.0)})

    def dispatch(state: TrainState) -> tuple[TrainState, Any]:
        state = devices.replicate(devices.unreplicate(state).replace(step=devices.unreplicate(state.step) + 1))
        if devices.unreplicate(state.step) == interrupt_at:
            interruption.number = signal.SIGTERM
        return state, terms

    run = loop.Run(config, 8, 1, dispatch, fake, deadlock.Watch(None), interruption)
    state = devices.replicate(TrainState(np.int32(0), {}, {}, {}))
    if interrupt_at is None:
        assert int(run.train(state, 0).step) == 8
    else:
        with pytest.raises(InterruptedRunError, match=f"saved at step {interrupt_at}"):
            run.train(state, 0)
    return fake.calls


def test_the_loop_logs_and_saves_at_the_steps_of_the_config() -> None:
    assert calls_of_a_run() == [("terms", 3), ("sheets", 4), ("checkpoint", 5), ("terms", 6), ("terms", 8),
                                ("sheets", 8), ("checkpoint", 8)]


def test_an_interrupted_run_saves_a_checkpoint_and_nothing_more() -> None:
    assert calls_of_a_run(interrupt_at=2) == [("checkpoint", 2)]
