"""The race's arithmetic, and processes that take turns."""

import json
import math
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import children
from experiments.benchmarks import train_step, turns
from experiments.benchmarks.train_step import MATRIX_PRODUCT, Result
from experiments.benchmarks.turns import Turn, Worker, ratios, seconds, take_turns
from handwriting_gan.errors import InputError
from tests.experiments.conftest import send_once_there

OURS = [Turn(1.0, 1), Turn(2.0, 1), Turn(1.0, 1)]
THEIRS = [Turn(2.0, 1), Turn(3.0, 1), Turn(1.5, 1)]

TOY = '''
"""A worker that sleeps, and writes down when it did."""
import sys, time
from pathlib import Path
from experiments.benchmarks.turns import answer

def play(iterations):
    with Path(sys.argv[1]).open("a") as log:
        print(sys.argv[2], iterations, file=log)
    time.sleep(0.01 * iterations)
    return iterations

answer(play, flops=5.0)
'''

PLAYS_TWENTY = '''
"""A worker whose dispatch is twenty iterations of 10 ms."""
import time
from experiments.benchmarks.turns import answer

def play(iterations):
    time.sleep(0.2)
    return 20

answer(play, peak_bytes=lambda: 7)
'''


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """Two workers of a module that stands beside the benchmarks."""
    (tmp_path / "toy.py").write_text(TOY)
    started = turns.subprocess.Popen
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setattr(turns.subprocess, "Popen", lambda command, **options: started(
        [sys.executable, tmp_path / "toy.py", *command[3:]], **options))
    return [Worker("toy", tmp_path / "log", name) for name in "AB"]


def test_workers_take_turns_and_each_is_timed(toys: list[Worker], tmp_path: Path) -> None:
    played = take_turns(toys, rounds=2, iterations=3)
    for toy in toys:
        toy.__exit__()
    order = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert [name for name, count in order if count == "3"] == ["A", "B", "A", "B"]
    assert [len(each) for each in played] == [2, 2]
    assert all(turn.seconds >= 0.01 and turn.peak_bytes > 1_000_000 for each in played for turn in each)
    assert [toy.flops for toy in toys] == [5.0, 5.0]


def test_a_signal_stops_the_worker_in_turn_and_the_others(toys: list[Worker], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as leaving, children.stop_together(), toys[0], toys[1]:
        send_once_there(signal.SIGTERM, tmp_path / "log", pause=0.2)
        toys[1].play(5_000)  # 50 s
    assert leaving.value.code == 143
    assert [toy._process.returncode for toy in toys] == [0, -signal.SIGTERM]


def test_a_worker_that_ends_is_named() -> None:
    with pytest.raises(InputError, match=r"benchmarks.no_such_worker ended with exit code 1"):
        Worker("no_such_worker")


def test_each_round_gives_one_ratio_of_speeds() -> None:
    assert ratios(OURS, THEIRS).tolist() == [2.0, 1.5, 1.5]
    assert seconds(OURS) == 1.0


def test_a_row_has_the_median_ratio_its_range_and_the_share_of_the_peak() -> None:
    row = train_step.describe("PyTorch, eager", Result(THEIRS, 4e9), Result(OURS, 2e9), peak=4e9)
    assert row[:6] == ["PyTorch, eager", "2.00", "1.50 [1.50, 2.00]", "4", "2", "50 %"]


def test_what_is_not_known_or_not_compared_is_a_dash() -> None:
    row = train_step.describe("PyTorch, eager", Result(THEIRS, math.nan), Result(OURS, 2e9), peak=4e9)
    assert row[3:6] == ["–", "–", "–"]  # noqa: RUF001
    assert train_step.describe(MATRIX_PRODUCT, Result(THEIRS, 1.0), Result(OURS, 2e9), 4e9)[2] == "–"  # noqa: RUF001


def test_fewer_bits_race_whole_floats_as_well() -> None:
    assert list(train_step.entrants("float32", 32, 32)) == [
        "ours", "ours, one constant batch", "PyTorch, eager", "PyTorch, generator phases compiled",
        "matrix product"]
    fewer = train_step.entrants("bfloat16", 32, 64)
    assert fewer["ours"] == ("our_step", "--width", 32, "--batch", 64, "--compute", "bfloat16")
    assert fewer["ours, float32"] == ("our_step", "--width", 32, "--batch", 64)
    assert {"PyTorch, eager", "PyTorch, eager, bfloat16"} < set(fewer)


def test_speed_is_by_the_iterations_played_not_by_those_asked_for() -> None:
    worker = subprocess.run([sys.executable, "-c", PLAYS_TWENTY], input="1\n", text=True, check=True,
                            capture_output=True, cwd=Path(__file__).parents[2])
    _, turn = map(json.loads, worker.stdout.splitlines())
    assert turn["peak_bytes"] == 7
    assert 0.01 <= turn["seconds"] < 0.1
