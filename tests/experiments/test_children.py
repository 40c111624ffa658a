"""This process forwards signals to its children and exits after them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments import children
from experiments.children import StoppedError
from tests.experiments.conftest import send_when_present, sleeper

PROGRAM = """
import sys
from pathlib import Path
from experiments import children
from tests.experiments.conftest import sleeper
with children.stop_together():
    children.run(sleeper(Path(sys.argv[1])))
"""


def test_run_returns_output_and_exit_code() -> None:
    program = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    with children.stop_together():
        done = children.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_forwarded_once_and_the_child_ends_first(
        number: int, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    handlers = {each: signal.getsignal(each) for each in children.SIGNALS}
    send_when_present(number, tmp_path / "child.started")
    with pytest.raises(SystemExit) as leaving, children.stop_together("the advice"):
        children.run(sleeper(tmp_path / "child"))
        pytest.fail("it continued")
    assert leaving.value.code == 128 + number
    assert (tmp_path / "child.saved").read_text() == str(int(number))
    assert capsys.readouterr().err == f"stopped by {signal.Signals(number).name}; the advice\n"
    assert {each: signal.getsignal(each) for each in children.SIGNALS} == handlers


def test_no_child_starts_after_a_signal() -> None:
    with pytest.raises(SystemExit), children.stop_together():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
        with pytest.raises(StoppedError):
            children.start([sys.executable, "-c", "pass"])


def test_this_process_stops_if_a_child_is_stopped_from_outside() -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
    with pytest.raises(SystemExit) as leaving, children.stop_together():
        children.run([sys.executable, "-c", program])
    assert leaving.value.code == 143


def test_wait_ends_early_if_the_child_ends(tmp_path: Path) -> None:
    send_when_present(signal.SIGTERM, tmp_path / "child.started")
    started = time.monotonic()
    with pytest.raises(SystemExit), children.stop_together():
        child = children.start(sleeper(tmp_path / "child"))
        children.wait(child, 50.0)
    assert time.monotonic() - started < 20
    assert child.returncode == 143


@pytest.mark.parametrize(("number", "forwarded"), [(signal.SIGTERM, signal.SIGTERM),
                                                   (signal.SIGHUP, signal.SIGTERM)])
def test_a_stopped_process_leaves_no_child(number: int, forwarded: int, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path / "child")], cwd=root,
                               stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(root)})
    while not (tmp_path / "child.started").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(number)
    _, error = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert error == f"stopped by {signal.Signals(number).name}; run the same command again to resume\n"
    assert (tmp_path / "child.saved").read_text() == str(int(forwarded))


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with children.stop_together():
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(0.01)
            children.check()
    finally:
        signal.signal(signal.SIGHUP, before)
