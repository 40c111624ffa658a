"""Several processes, or other devices, train like one process.

The fast siblings are in tests/training: test_train_step.py, test_devices.py and test_processes.py.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from configs import stargan_v2
from handwriting_gan import methods
from handwriting_gan.training import optimizers, train_state
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.workdir import checkpoints
from handwriting_gan.workdir.layout import Workdir

# Networks that compile quickly; with a fixed schedule, so that the compiled step does not depend on `steps`.
SMALL = {"networks.levels": 0, "networks.bottleneck_blocks": 1, "diversity_decay_steps": 8}
COMMAND = (sys.executable, "-m", "handwriting_gan.train", "--config", "configs/stargan_v2.py:tiny",
           *(f"--config.{name}={value}" for name, value in SMALL.items()))
ROOT = Path(__file__).parents[2]
QUICKLY_COMPILED = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
pytestmark = pytest.mark.slow
TOLERANCE = 0.05  # of the distance from the start; Adam amplifies rounding errors of small gradients


def start(workdir: Path, devices: int, *flags: object) -> subprocess.Popen:
    """Starts a training on `devices` virtual devices."""
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": str(devices), "XLA_FLAGS": QUICKLY_COMPILED}
    return subprocess.Popen([*COMMAND, "--workdir", workdir, *map(str, flags)], env=environment, cwd=ROOT,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def start_pair(workdir: Path, *flags: object) -> list[subprocess.Popen]:
    """Starts two processes with two devices each; the second has a workdir that it cannot write to."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    joined = ("--coordinator", f"localhost:{port}", "--processes", 2, "--process")
    return [start(folder, 2, *joined, index, *flags)
            for index, folder in enumerate((workdir, Path("/proc/nowhere")))]


def finish(process: subprocess.Popen, exit_code: int = 0) -> str:
    """Waits for the end; returns stdout and stderr."""
    output = "".join(process.communicate(timeout=300))
    assert process.returncode == exit_code, output
    return output


def create() -> TrainState:
    """The state before the first step."""
    config = stargan_v2.get_config("tiny")
    config.update_from_flattened_dict(SMALL)
    return train_state.create(methods.build(config), optimizers.build(config), config.seed)


def load_state(workdir: Path) -> TrainState:
    """The state in the newest checkpoint."""
    abstract = jax.eval_shape(create)
    with checkpoints.open_for_training(Workdir(workdir)) as manager:
        restored = checkpoints.restore(manager, {"state": abstract.replace(averaged={})})
    assert restored is not None
    return restored.items["state"]


def distance(one: TrainState, other: TrainState) -> float:
    """The Euclidean distance between the parameters."""
    return float(np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(
        jax.tree.leaves(one.params), jax.tree.leaves(other.params), strict=True))))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with one process and four devices until step 4."""
    workdir = tmp_path_factory.mktemp("whole")
    finish(start(workdir, 4, "--stop_at", 4))
    return workdir


def test_two_processes_with_two_devices_train_like_one_with_four(whole: Path, tmp_path: Path) -> None:
    first, second = start_pair(tmp_path / "pair", "--stop_at", 4)
    assert "pictures:" in finish(first)
    assert "step" not in finish(second)
    pair, one = load_state(tmp_path / "pair"), load_state(whole)
    assert int(pair.step) == int(one.step) == 4
    assert distance(pair, one) < TOLERANCE * distance(one, jax.jit(create)())
    lines = [(folder / "metrics.jsonl").read_text().count("\n") for folder in (tmp_path / "pair", whole)]
    assert lines == [2, 2]


def test_a_run_resumes_on_other_devices(whole: Path, tmp_path: Path) -> None:
    """Two steps from the same state, on four devices and on two."""
    ends = []
    for devices in (4, 2):
        workdir = tmp_path / str(devices)
        shutil.copytree(whole, workdir)
        finish(start(workdir, devices, "--stop_at", 6))
        ends.append(load_state(workdir))
    four, two = ends
    assert int(four.step) == int(two.step) == 6
    assert distance(four, two) < TOLERANCE * distance(four, load_state(whole))


def test_a_signal_to_one_process_stops_all_at_the_same_step(tmp_path: Path) -> None:
    first, second = start_pair(tmp_path / "pair", "--config.steps=100000", "--config.sample_every=100000",
                               "--config.checkpoint_every=100000")
    deadline = time.monotonic() + 200
    while not (lines := tmp_path / "pair" / "metrics.jsonl").exists() or not lines.read_text():
        assert time.monotonic() < deadline
        assert second.poll() is None
        time.sleep(0.2)
    for _ in range(2):  # a launcher and a scheduler may both send it
        second.send_signal(signal.SIGTERM)
        time.sleep(0.3)
    outputs = [finish(process, exit_code=143) for process in (first, second)]
    step = int(load_state(tmp_path / "pair").step)
    assert all(f"saved at step {step}" in output for output in outputs)


def test_all_processes_exit_if_the_first_cannot_begin(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    first, second = start_pair(tmp_path / "file")
    assert "is a file" in finish(first, exit_code=2)
    assert "process 0 could not begin" in finish(second, exit_code=2)
