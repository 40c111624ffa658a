"""The watch detects an idle process, but not one that computes, steps or saves."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import jax
import pytest

from handwriting_gan.training import deadlock
from handwriting_gan.training.deadlock import PATIENCE, Watch

PERIOD = 0.05  # seconds
LONG = 4 * PATIENCE * PERIOD


def test_the_watch_detects_an_idle_process() -> None:
    detected = threading.Event()
    with Watch(detected.set, PERIOD):
        assert detected.wait(60.0)


def test_computing_without_a_step_is_not_idle() -> None:
    detected = threading.Event()
    with Watch(detected.set, PERIOD):
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            sum(range(1_000))
    assert not detected.is_set()


def test_steps_are_not_idle() -> None:
    detected = threading.Event()
    with Watch(detected.set, PERIOD) as watch:
        for _ in range(40):
            time.sleep(LONG / 40)
            watch.stepped()
    assert not detected.is_set()


def test_a_save_may_wait_and_the_watch_detects_idleness_after_it() -> None:
    detected = threading.Event()
    with Watch(detected.set, PERIOD) as watch:
        with watch.patient():
            time.sleep(LONG)
            assert not detected.is_set()
        assert detected.wait(60.0)


def test_without_a_callback_there_is_no_thread() -> None:
    before = threading.active_count()
    with Watch(None):
        assert threading.active_count() == before


def test_only_virtual_devices_can_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deadlock.possible()
    for name, value in (("local_device_count", 1), ("process_count", 2), ("default_backend", "gpu")):
        with monkeypatch.context() as patch:
            patch.setattr(jax, name, lambda value=value: value)
            assert not deadlock.possible()


def test_the_same_command_restarts_with_the_same_process_id(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"""
import os, pathlib, sys, threading
from handwriting_gan.training import deadlock
marker = pathlib.Path({str(tmp_path / "marker")!r})
if marker.exists():
    print("restarted", sys.argv[1:], marker.read_text() == str(os.getpid()))
    raise SystemExit(3)
marker.write_text(str(os.getpid()))
with deadlock.Watch(deadlock.restart, 0.05):
    threading.Event().wait()
""")
    done = subprocess.run([sys.executable, program, "--seed", "1"], capture_output=True, text=True,
                          timeout=100, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stdout) == (3, "restarted ['--seed', '1'] True\n"), done.stderr
    assert done.stderr.startswith("the CPU's virtual devices are in a deadlock")
