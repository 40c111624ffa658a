"""Importing the package avoids XLA's faulty fusions and messages, and keeps the user's own settings."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from handwriting_gan import environment
from handwriting_gan.environment import FUSION_FLAG, add_xla_flag

ROOT = Path(__file__).parents[1]
MATRIX_PRODUCTS = """
import jax, jax.numpy as jnp, numpy as np
import handwriting_gan

matrix = jnp.eye(3)
squared_lengths = jax.jit(jax.vmap(lambda row: jnp.sum((matrix @ row) ** 2)))
for count in (32_769, 40_961):
    rows = np.zeros((count, 3), np.float32)
    rows[:, 0] = np.arange(count)
    np.testing.assert_allclose(squared_lengths(rows), rows[:, 0] ** 2, rtol=1e-6)
"""
HIGH_RANK_SUM = """
import jax
import handwriting_gan
import numpy as np

ones = np.ones((3, 1, 2, 2, 8, 8, 8), np.float32)
assert np.all(jax.jit(lambda a, b: (a * b).sum(3))(ones, ones) == 2)
"""


def run(code: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Runs Python code in a subprocess with a changed environment; None unsets a variable."""
    changed = {"TF_CPP_MIN_LOG_LEVEL": None, "XLA_FLAGS": None, "PYTHONPATH": str(ROOT)} | changes
    kept = {name: value for name, value in os.environ.items() if name not in changed}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT,
                          env=kept | {name: value for name, value in changed.items() if value is not None})


@pytest.mark.parametrize("code", [MATRIX_PRODUCTS, HIGH_RANK_SUM])
def test_sums_are_correct_after_the_package_is_imported(code: str) -> None:
    """Guards against XLA's miscompilation on CPUs in jaxlib 0.10.2 and 0.11.0 (jax issues 39103 and 39257).

    Without the package's flag, jaxlib 0.10.2 computes wrong sums from row 32,768 on and crashes at rank 7.
    The code imports JAX first, as a user's script may.
    """
    done = run(code, JAX_DISABLE_MOST_OPTIMIZATIONS=None, JAX_PLATFORMS="cpu")
    assert done.returncode == 0, done.stderr[-500:]


@pytest.fixture
def affected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A jaxlib that miscompiles, without flags."""
    monkeypatch.setattr(environment, "_jaxlib_version", lambda: environment.MISCOMPILING[0])
    monkeypatch.setattr(environment, "_cpu_backend_has_started", lambda: False)
    monkeypatch.delenv("XLA_FLAGS", raising=False)


@pytest.mark.usefixtures("affected")
@pytest.mark.parametrize(("flags", "expected"), [
    ("", f"{FUSION_FLAG}={environment.WITHOUT_SUMS}"),
    ("--xla_a=1 --xla_b", f"--xla_a=1 --xla_b {FUSION_FLAG}={environment.WITHOUT_SUMS}"),
    (f"{FUSION_FLAG}=", f"{FUSION_FLAG}="),
    (f"--xla_a=1 {FUSION_FLAG}=dot", f"--xla_a=1 {FUSION_FLAG}=dot"),
    (f"{FUSION_FLAG}s=1", f"{FUSION_FLAG}s=1 {FUSION_FLAG}={environment.WITHOUT_SUMS}"),
])
def test_the_users_flags_are_kept(flags: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", flags)
    for _ in range(2):
        environment.prepare()
        assert os.environ["XLA_FLAGS"] == expected


@pytest.mark.parametrize("content", ["--xla_a=1\n--xla_b\n", None])
def test_a_file_of_flags_is_kept(content: str | None, tmp_path: Path,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    """XLA reads `XLA_FLAGS` as the path of a file if it does not begin with a dash."""
    if content:
        (tmp_path / "flags").write_text(content)
    monkeypatch.setenv("XLA_FLAGS", str(tmp_path / "flags"))
    assert add_xla_flag("--xla_c", "2")
    assert os.environ["XLA_FLAGS"] == ("--xla_a=1 --xla_b --xla_c=2" if content else "--xla_c=2")


@pytest.mark.parametrize("version", ["0.10.0", "0.10.1", "0.12.0.1", "0.13.0", None])
def test_a_correct_version_gets_no_flag(version: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_jaxlib_version", lambda: version)
    monkeypatch.delenv("XLA_FLAGS", raising=False)
    environment.prepare()
    assert "XLA_FLAGS" not in os.environ


@pytest.mark.usefixtures("affected")
def test_a_backend_that_started_with_faulty_fusions_gives_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "_cpu_backend_has_started", lambda: True)
    with pytest.warns(UserWarning, match="import handwriting_gan first"):
        environment.prepare()


def test_a_started_cpu_backend_is_detected() -> None:
    jax.devices()
    assert environment._cpu_backend_has_started()
    done = run("import jax\nfrom handwriting_gan import environment\n"
               "print(environment._cpu_backend_has_started())")
    assert done.stdout == "False\n"


@pytest.mark.parametrize(("own", "expected"), [(None, "3"), ("0", "0")])
def test_only_fatal_messages_of_xla_are_printed(own: str | None, expected: str) -> None:
    """XLA logs "Very slow compile?" as an error, which level 2 would print."""
    done = run("import experiments, os, jax; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])",
               TF_CPP_MIN_LOG_LEVEL=own)
    assert done.stdout == f"{expected}\n"


def test_matplotlib_logs_errors_only() -> None:
    assert logging.getLogger("matplotlib").level == logging.ERROR


IMPORT_EVERYTHING = """
import builtins, importlib.util, json, pathlib, pkgutil, sys

POSIX_ONLY = {"fcntl", "grp", "pwd", "resource", "termios"}
OWN = {"configs", "experiments", "handwriting_gan", "posixpath"}  # posixpath imports pwd for the home folder
original_import = builtins.__import__

def import_without_posix(name, globals=None, *rest, **named):
    importer = (globals or {}).get("__name__", "").split(".")[0]
    if name in POSIX_ONLY and importer in OWN:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return original_import(name, globals, *rest, **named)

builtins.__import__ = import_without_posix
found = []
for package in ("handwriting_gan", "experiments", "configs"):
    for module in pkgutil.walk_packages([package], f"{package}."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name != "torch":  # an extra
                raise
        except SystemExit:  # a benchmark exits with one line without torch
            assert importlib.util.find_spec("torch") is None
        found.append(module.name)
from handwriting_gan import cache
from experiments.benchmarks.turns import resident_peak
print(json.dumps([found, cache.folder(), resident_peak()]))
"""


def test_every_module_can_be_imported_without_posix_and_home() -> None:
    """As on Windows, and in a container whose user has no entry in the password file."""
    done = run(IMPORT_EVERYTHING, HOME=None, XDG_CACHE_HOME=None, JAX_COMPILATION_CACHE_DIR=None)
    unexpected = [line for line in done.stderr.splitlines() if "needs PyTorch" not in line]
    assert (done.returncode, unexpected) == (0, [])
    found, folder, peak = json.loads(done.stdout)
    assert {"handwriting_gan.train", "experiments.run_table", "configs.munit"} <= set(found)
    assert folder is None
    assert peak == 0


JAX_SETTINGS = {
    "JAX_NUMPY_RANK_PROMOTION": "raise", "JAX_NUMPY_DTYPE_PROMOTION": "strict", "JAX_ENABLE_X64": "1",
    "JAX_DEFAULT_PRNG_IMPL": "rbg", "JAX_THREEFRY_PARTITIONABLE": "0", "JAX_RANDOM_SEED_OFFSET": "7",
    "JAX_LEGACY_PRNG_KEY": "error", "JAX_TRANSFER_GUARD": "disallow", "JAX_DISABLE_JIT": "1",
}
RANDOM_SUM = """
import jax, jax.numpy as jnp
from handwriting_gan.errors import exit_in_one_line

def main():
    samples = jax.random.normal(jax.random.PRNGKey(3), (2, 3)) + jnp.arange(3)
    print(samples.dtype, [x.hex() for x in samples.ravel().tolist()])

exit_in_one_line(main)
"""


def test_an_entry_point_ignores_jax_options_of_the_user() -> None:
    unchanged, changed = run(RANDOM_SUM), run(RANDOM_SUM, **JAX_SETTINGS)
    assert (changed.returncode, changed.stderr) == (0, "")
    assert changed.stdout == unchanged.stdout
    assert changed.stdout.startswith("float32 ")


@pytest.mark.parametrize("platform", ["cuda", "cdua", "gpu", "tpu"])
def test_a_missing_platform_is_refused_in_one_line(platform: str) -> None:
    done = run("from handwriting_gan.errors import exit_in_one_line\nimport jax\n"
               "exit_in_one_line(lambda: jax.device_put(1.0))", JAX_PLATFORMS=platform)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: JAX finds no device for JAX_PLATFORMS={platform}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_the_page_is_read_as_utf_8_on_every_platform() -> None:
    done = run("import warnings; from handwriting_gan.writing import web_page; "
               "warnings.simplefilter('error'); print('Reading …' in web_page._bundle())",
               PYTHONWARNDEFAULTENCODING="1", PYTHONUTF8="1")
    assert done.stdout == "True\n", done.stderr
