"""A process that stands still is noticed; one that computes, moves or may wait is left alone."""

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


def test_standing_still_is_noticed() -> None:
    noticed = threading.Event()
    with Watch(noticed.set, PERIOD):
        assert noticed.wait(60.0)


def test_computing_without_a_step_is_not_standing_still() -> None:
    noticed = threading.Event()
    with Watch(noticed.set, PERIOD):
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            sum(range(1_000))
    assert not noticed.is_set()


def test_whoever_makes_steps_is_left_alone() -> None:
    noticed = threading.Event()
    with Watch(noticed.set, PERIOD) as watch:
        for _ in range(40):
            time.sleep(LONG / 40)
            watch.moved()
    assert not noticed.is_set()


def test_a_save_may_wait_and_afterwards_standing_still_is_noticed_again() -> None:
    noticed = threading.Event()
    with Watch(noticed.set, PERIOD) as watch:
        with watch.patient():
            time.sleep(LONG)
            assert not noticed.is_set()
        assert noticed.wait(60.0)


def test_without_anything_to_do_nobody_watches() -> None:
    before = threading.active_count()
    with Watch(None):
        assert threading.active_count() == before


def test_it_is_possible_among_virtual_devices_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert deadlock.possible()
    for name, value in (("local_device_count", 1), ("process_count", 2), ("default_backend", "gpu")):
        with monkeypatch.context() as patch:
            patch.setattr(jax, name, lambda value=value: value)
            assert not deadlock.possible()


def test_the_same_command_starts_anew_under_the_same_number(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"""
import os, pathlib, sys, threading
from handwriting_gan.training import deadlock
been = pathlib.Path({str(tmp_path / "been")!r})
if been.exists():
    print("went on", sys.argv[1:], been.read_text() == str(os.getpid()))
    raise SystemExit(3)
been.write_text(str(os.getpid()))
with deadlock.Watch(deadlock.start_anew, 0.05):
    threading.Event().wait()
""")
    done = subprocess.run([sys.executable, program, "--seed", "1"], capture_output=True, text=True,
                          timeout=100, cwd=Path(__file__).parents[2])
    assert (done.returncode, done.stdout) == (3, "went on ['--seed', '1'] True\n"), done.stderr
    assert done.stderr.startswith("the virtual devices wait for each other")
