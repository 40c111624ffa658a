"""The first run: the order of its commands, checks of paths, a signal."""

import signal
import sys
from pathlib import Path

import pytest

from experiments import children, first_run
from handwriting_gan.errors import InputError
from tests.experiments.conftest import send_when_present, sleeper


def test_commands_run_in_order_until_one_fails(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    called, run = [], children.run

    def stand_in(command: list[str], **options: object) -> object:
        called.append(command[2])
        return run([sys.executable, "-c", f"raise SystemExit({2 * (len(called) == 7)})"], **options)

    monkeypatch.setattr(children, "run", stand_in)
    monkeypatch.setattr("sys.argv", ["first_run", "--workdir", str(tmp_path)])
    first_run.main()
    commands = [f"handwriting_gan.{name}" for name in ("write", "train", "evaluate", "write")]
    assert called == commands
    assert f"481 in the hand of {first_run.PICTURE}" in capsys.readouterr().out
    with pytest.raises(SystemExit) as leaving:
        first_run.main()
    assert leaving.value.code == 2
    assert called == [*commands, *commands[:3]]


@pytest.mark.parametrize(("flags", "reason"), [
    (["--workdir", "{file}/first"], "cannot write"), (["--wokdir", "x"], "unrecognized arguments")])
def test_bad_flags_are_refused_before_any_command(
        flags: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(children, "start", lambda *_, **__: pytest.fail("a command started"))
    monkeypatch.setattr("sys.argv", ["first_run", *(flag.format(file=tmp_path / "file") for flag in flags)])
    with pytest.raises(InputError, match=reason):
        first_run.main()


def test_a_signal_stops_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = children.run
    monkeypatch.setattr(children, "run", lambda command, **options: run(sleeper(tmp_path / "run"), **options))
    monkeypatch.setattr("sys.argv", ["first_run", "--workdir", str(tmp_path)])
    send_when_present(signal.SIGTERM, tmp_path / "run.started")
    with pytest.raises(SystemExit) as leaving:
        first_run.main()
    assert leaving.value.code == 143
    assert (tmp_path / "run.saved").read_text() == "15"
