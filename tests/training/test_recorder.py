"""What is kept, and that what is silent knows every word."""

import inspect
from pathlib import Path

import pytest

from configs import stargan_v2
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.training.records import Records, Unrecorded
from handwriting_gan.workdir.layout import Workdir, alone


@pytest.fixture
def records(tmp_path: Path, held_out: Glyphs) -> Records:
    config = stargan_v2.get_config("tiny")
    return Records(config, Workdir(tmp_path / "run"), lambda step, averaged: {})


def test_the_silent_one_takes_whatever_the_other_takes() -> None:
    for name, function in inspect.getmembers(Records, inspect.isfunction):
        if not name.startswith("_"):
            silent = getattr(Unrecorded, name)
            assert inspect.signature(silent) == inspect.signature(function), name
            assert silent is not function, name


def test_a_run_is_alone_in_its_workdir_while_it_is_recorded(records: Records, tmp_path: Path) -> None:
    workdir = Workdir(tmp_path / "run")
    with records, pytest.raises(InputError, match="another process is training"), alone(workdir):
        pass
    with alone(workdir):
        pass


def test_a_log_that_cannot_be_written_is_one_line(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with records:
        records.begin(0, 4)  # claims the workdir
        monkeypatch.setattr(records._log, "write", full)
        with pytest.raises(InputError, match=r"No space left on device\); the last checkpoint is kept"):
            records.terms(2, {"phase/term": 1.0})
