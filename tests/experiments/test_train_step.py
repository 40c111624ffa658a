"""The arithmetic of the speed comparison, and workers that take turns."""

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
from tests.experiments.conftest import send_when_present

OURS = [Turn(1.0, 1), Turn(2.0, 1), Turn(1.0, 1)]
THEIRS = [Turn(2.0, 1), Turn(3.0, 1), Turn(1.5, 1)]

TOY = '''
"""Worker that sleeps and logs its turns."""
import sys, time
from pathlib import Path
from experiments.benchmarks.turns import serve

def run(iterations):
    with Path(sys.argv[1]).open("a") as log:
        print(sys.argv[2], iterations, file=log)
    time.sleep(0.01 * iterations)
    return iterations

serve(run, flops=5.0)
'''

RUNS_TWENTY = '''
"""Worker that always runs twenty iterations of 10 ms."""
import time
from experiments.benchmarks.turns import serve

def run(iterations):
    time.sleep(0.2)
    return 20

serve(run, peak_bytes=lambda: 7)
'''


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """Two workers of a module outside the benchmarks."""
    (tmp_path / "toy.py").write_text(TOY)
    started = turns.subprocess.Popen
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setattr(turns.subprocess, "Popen", lambda command, **options: started(
        [sys.executable, tmp_path / "toy.py", *command[3:]], **options))
    return [Worker("toy", tmp_path / "log", name) for name in "AB"]


def test_workers_take_turns_and_each_is_timed(toys: list[Worker], tmp_path: Path) -> None:
    turns_of = take_turns(toys, rounds=2, iterations=3)
    for toy in toys:
        toy.__exit__()
    order = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert [name for name, count in order if count == "3"] == ["A", "B", "A", "B"]
    assert [len(each) for each in turns_of] == [2, 2]
    assert all(turn.seconds >= 0.01 and turn.peak_bytes > 1_000_000 for each in turns_of for turn in each)
    assert [toy.flops for toy in toys] == [5.0, 5.0]


def test_a_signal_stops_all_workers(toys: list[Worker], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as leaving, children.stop_together(), toys[0], toys[1]:
        send_when_present(signal.SIGTERM, tmp_path / "log", pause=0.2)
        toys[1].run(5_000)  # 50 s
    assert leaving.value.code == 143
    assert [toy._process.returncode for toy in toys] == [0, -signal.SIGTERM]


def test_a_worker_that_ends_early_is_named() -> None:
    with pytest.raises(InputError, match=r"benchmarks.no_such_worker ended with exit code 1"):
        Worker("no_such_worker")


def test_each_round_has_one_ratio_of_speeds() -> None:
    assert ratios(OURS, THEIRS).tolist() == [2.0, 1.5, 1.5]
    assert seconds(OURS) == 1.0


def test_a_row_has_the_median_ratio_its_range_and_the_fraction_of_the_peak() -> None:
    row = train_step.describe("PyTorch, eager", Result(THEIRS, 4e9), Result(OURS, 2e9), peak=4e9)
    assert row[:6] == ["PyTorch, eager", "2.00", "1.50 [1.50, 2.00]", "4", "2", "50 %"]


def test_unknown_values_are_dashes() -> None:
    row = train_step.describe("PyTorch, eager", Result(THEIRS, math.nan), Result(OURS, 2e9), peak=4e9)
    assert row[3:6] == ["–", "–", "–"]  # noqa: RUF001
    assert train_step.describe(MATRIX_PRODUCT, Result(THEIRS, 1.0), Result(OURS, 2e9), 4e9)[2] == "–"  # noqa: RUF001


def test_bfloat16_is_compared_with_float32_as_well() -> None:
    assert list(train_step.workers("float32", 32, 32)) == [
        "ours", "ours, one constant batch", "PyTorch, eager", "PyTorch, generator phases compiled",
        "matrix product"]
    bfloat16 = train_step.workers("bfloat16", 32, 64)
    assert bfloat16["ours"] == ("our_step", "--width", 32, "--batch", 64, "--compute", "bfloat16")
    assert bfloat16["ours, float32"] == ("our_step", "--width", 32, "--batch", 64)
    assert {"PyTorch, eager", "PyTorch, eager, bfloat16"} < set(bfloat16)


def test_speed_counts_the_iterations_that_ran() -> None:
    worker = subprocess.run([sys.executable, "-c", RUNS_TWENTY], input="1\n", text=True, check=True,
                            capture_output=True, cwd=Path(__file__).parents[2])
    _, turn = map(json.loads, worker.stdout.splitlines())
    assert turn["peak_bytes"] == 7
    assert 0.01 <= turn["seconds"] < 0.1
