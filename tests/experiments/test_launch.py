"""The launch scripts as dry runs on a CPU: every line runs, and `train` parses its flags."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LAUNCH = Path(__file__).parents[2] / "experiments" / "launch"
ALONE = ("export SLURM_JOB_ID=1 SLURM_NTASKS=1 SLURM_PROCID=0 SLURM_LOCALID=0 "
         "SLURM_STEP_NODELIST=localhost")  # the environment of a job with one process, which --distributed reads
STAND_INS = {  # programs that this machine lacks; each runs its command here
    "python": f'exec {sys.executable} "$@"',
    "nvidia-smi": r'printf "GPU 0\nGPU 1\n"',
    "srun": f'shift; {ALONE}; exec {sys.executable} "$@"',
    "gcloud": f'{ALONE}; cd "$CLONE/.."; for command; do :; done; '
              f'eval "${{command//.venv\\/bin\\/python/{sys.executable}}}"',
}


@pytest.fixture
def launch(tmp_path: Path) -> callable:
    """Runs a script with stand-ins for programs that this machine lacks."""
    for name, body in STAND_INS.items():
        (tmp_path / name).write_text(f"#!/usr/bin/env bash\n{body}\n")
        (tmp_path / name).chmod(0o755)
    clone = tmp_path / "home" / "handwriting_gan"
    clone.parent.mkdir()
    clone.symlink_to(LAUNCH.parents[1])

    def run(script: str, **environment: str) -> str:
        path = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CLONE": str(clone)}
        done = subprocess.run([LAUNCH / script, "--dry_run", "--config.data=mnist_5k"], cwd=clone,
                              capture_output=True, text=True, timeout=200, check=False,
                              env=os.environ | path | environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_every_script_has_a_test() -> None:
    assert {path.name for path in LAUNCH.glob("*.sh")} == {
        "cpu.sh", "single_gpu.sh", "gpu_node.sh", "tpu_pod.sh", "slurm.sh"}


@pytest.mark.parametrize("script", sorted(LAUNCH.glob("*.sh")), ids=lambda path: path.name)
def test_a_script_is_valid_bash_and_passes_its_arguments_on(script: Path) -> None:
    subprocess.run(["bash", "-n", script], check=True)
    assert "handwriting_gan.train" in script.read_text()
    assert re.search(r"\$[@*]", script.read_text())


@pytest.mark.parametrize(("script", "environment", "batch", "compute"), [
    pytest.param("cpu.sh", {}, 16, "float32", marks=pytest.mark.slow),
    pytest.param("slurm.sh", {"BATCH": "96"}, 96, "bfloat16", marks=pytest.mark.slow),
    pytest.param("single_gpu.sh", {}, 64, "bfloat16", marks=pytest.mark.slow),
    pytest.param("gpu_node.sh", {}, 128, "bfloat16", marks=pytest.mark.slow),
    pytest.param("tpu_pod.sh", {"TPU": "my-slice", "ZONE": "here"}, 512, "bfloat16", marks=pytest.mark.slow),
])
def test_a_dry_run_reports_batch_and_precision(script: str, environment: dict[str, str], batch: int,
                                           compute: str, launch: callable) -> None:
    output = launch(script, **environment)
    assert "process 0 of 1; 2 devices" in output
    assert f"batch {batch}: {batch // 2} on each device" in output
    assert f"computed in {compute}" in output
