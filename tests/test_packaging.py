"""The wheel holds exactly the files that its commands need, and the commands work from any folder."""

import configparser
import importlib
import importlib.util
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import checkout
from handwriting_gan import train

ROOT = Path(__file__).parents[1]
PACKAGES = ("configs", "experiments", "handwriting_gan")
DATA = (  # files that are not modules
    "experiments/launch/*.sh",
    "experiments/pictures/273.png",
    "handwriting_gan/recognition/weights/*",
    "handwriting_gan/released/**/*",
    "handwriting_gan/writing/page/*",
)
COMMANDS = {"demo", "evaluate", "export-web", "sample", "tables", "train", "write"}


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> set[Path]:
    """The files that setuptools puts into a wheel, without its metadata."""
    if importlib.util.find_spec("setuptools") is None:
        pytest.skip("setuptools is not installed; the extra `test` brings it")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run([sys.executable, "-c", "from setuptools import setup; setup()", "-q", "build_py",
                           "--build-lib", folder], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder) for path in files if path.suffix != ".pyc"}


def test_a_wheel_holds_exactly_the_modules_and_the_data(packaged: set[Path]) -> None:
    modules = {path for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    data = {path for pattern in DATA for path in ROOT.glob(pattern) if path.is_file()}
    assert packaged == {path.relative_to(ROOT) for path in modules | data}


@pytest.mark.parametrize("pattern", DATA)
def test_a_wheel_holds_each_kind_of_data(pattern: str, packaged: set[Path]) -> None:
    assert any(path.match(pattern.replace("**", "*/*")) or path.match(pattern) for path in packaged)


def test_the_console_scripts_are_functions() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    scripts = dict(line.split(" = ") for line in
                   setup["options.entry_points"]["console_scripts"].strip().splitlines())
    assert set(scripts) == {f"handwriting-gan-{name}" for name in COMMANDS}
    for target in scripts.values():
        module, function = target.split(":")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("flag", ["--config", "-config"])
def test_a_config_is_found_from_any_folder(
        flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    named, installed = "configs/stargan_v2.py:small", f"{ROOT / 'configs' / 'stargan_v2.py'}:small"
    rest = ["--config.data=configs/munit.py", "--workdir", "configs/munit.py"]
    assert train.find_config(["train", flag, named, *rest]) == ["train", flag, installed, *rest]
    assert train.find_config(["train", *rest, f"{flag}={named}"]) == ["train", *rest, f"{flag}={installed}"]


@pytest.mark.parametrize("name", ["stargan_v2", "munit:small", "ablations:without_r1:tiny"])
def test_a_config_in_the_current_directory_takes_precedence(
        name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path, colon, preset = name.partition(":")
    config = f"configs/{path}.py{colon}{preset}"
    assert train.resolve(config) == f"{ROOT / 'configs' / path}.py{colon}{preset}"
    assert train.resolve(f"./{config}") == train.resolve(config)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / f"{path}.py").touch()
    assert train.resolve(config) == config


@pytest.mark.parametrize("config", [
    "configs/nothing.py:small", "mine/stargan_v2.py", "stargan_v2.py:small", "/nowhere/configs/munit.py",
    "../configs/munit.py", "configs", "", ":", "configs/../setup.cfg",
    f"configs/{'long' * 100}.py",
])
def test_other_paths_of_configs_stay_unchanged(config: str, tmp_path: Path,
                                           monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    assert train.resolve(config) == config
    assert train.find_config(["train", "--config"]) == ["train", "--config"]


def test_experiments_use_the_folders_of_the_checkout() -> None:
    assert checkout.IS_CHECKOUT
    assert (checkout.ROOT, checkout.RUNS) == (ROOT, ROOT / "runs")
    assert ROOT / "experiments" / "results" == checkout.RESULTS


def test_installed_experiments_use_the_current_directory(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "site-packages" / "experiments"
    installed.mkdir(parents=True)
    shutil.copy(checkout.__file__, installed)
    current = tmp_path / "current"
    current.mkdir()
    monkeypatch.chdir(current)
    found = runpy.run_path(str(installed / "checkout.py"))
    assert not found["IS_CHECKOUT"]
    assert [found[name] for name in ("ROOT", "RUNS", "RESULTS")] == [
        current, current / "runs", current / "results"]
