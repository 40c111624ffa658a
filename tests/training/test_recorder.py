"""The recorder saves a run; the null recorder has the same methods."""

import inspect
from pathlib import Path

import pytest

from configs import stargan_v2
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.training.recorder import NullRecorder, Recorder
from handwriting_gan.workdir.layout import Workdir, locked


@pytest.fixture
def recorder(tmp_path: Path, held_out: Glyphs) -> Recorder:
    config = stargan_v2.get_config("tiny")
    return Recorder(config, Workdir(tmp_path / "run"), lambda step, averaged: {})


def test_the_null_recorder_has_every_method_with_the_same_signature() -> None:
    for name, function in inspect.getmembers(Recorder, inspect.isfunction):
        if not name.startswith("_"):
            null = getattr(NullRecorder, name)
            assert inspect.signature(null) == inspect.signature(function), name
            assert null is not function, name


def test_the_recorder_locks_the_workdir(recorder: Recorder, tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "run")
    with recorder, pytest.raises(InputError, match="another process is training"), locked(workdir):
        pass
    with locked(workdir):
        pass


def test_a_log_that_cannot_be_written_is_an_input_error(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with recorder:
        recorder.begin(0, 4)  # claims the workdir
        monkeypatch.setattr(recorder._log, "write", full)
        with pytest.raises(InputError, match=r"No space left on device\); the last checkpoint is kept"):
            recorder.log_terms(2, {"phase/term": 1.0})
