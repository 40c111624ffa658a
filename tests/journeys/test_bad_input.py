"""Whatever is wrong, one line says so, with exit code 2 and nothing half-written."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from absl.testing import flagsaver
from PIL import Image

from configs import stargan_v2
from handwriting_gan import evaluate, write
from handwriting_gan import train as train_module
from handwriting_gan.data import mnist
from handwriting_gan.errors import exit_in_one_line
from handwriting_gan.workdir.layout import RELEASED

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "experiments" / "pictures" / "273.png"


def picture(folder: Path, kind: str) -> Path:
    """A bad picture of the given kind."""
    path = folder / f"{kind}.png"
    if kind == "text":
        path.write_text("273")
    elif kind == "empty":
        path.touch()
    elif kind == "blank":
        Image.new("L", (200, 100), 255).save(path)
    elif kind == "torn":
        path.write_bytes(PICTURE.read_bytes()[:700])
    elif kind == "huge":
        Image.new("1", (20_000, 20_000)).save(path)
    return path  # "missing" is left so


@pytest.mark.parametrize(("kind", "reason"), [
    ("missing", "no picture at"), ("text", "cannot be decoded"), ("empty", "cannot be decoded"),
    ("torn", "cannot be decoded"), ("blank", "no ink"), ("huge", "large|million"),
])
def test_a_bad_picture(kind: str, reason: str, tmp_path: Path, refused: Callable[..., str]) -> None:
    out = tmp_path / "out.png"
    said = refused(write, "--number", 481, "--like",
                   picture(tmp_path, kind), "--out", out)
    assert re.search(reason, said)
    assert not out.exists()


@pytest.mark.parametrize("number", ["", "4b1", "-48", "4.8", "٤٨"])
def test_a_number_that_is_not_digits(number: str, tmp_path: Path, refused: Callable[..., str]) -> None:
    said = refused(write, f"--number={number}", "--like", PICTURE,
                   "--out", tmp_path / "out.png")
    assert "digits" in said
    assert not list(tmp_path.iterdir())


def test_reads_of_another_length(tmp_path: Path, refused: Callable[..., str]) -> None:
    said = refused(write, "--number", 481, "--like", PICTURE,
                   "--reads", 2734, "--out", tmp_path / "out.png")
    assert "does not seem to show 4 digits" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("flags", "out", "reason"), [
    (("--vary", 1.5), "out.png", "no number from 0 to 1"),
    (("--vary", "x"), "out.png", "no number from 0 to 1"),
    (("--tries", 0), "out.png", "--tries"),
    (("--tries", 1_000), "out.png", "--tries"),
    (("--to", PICTURE), "out.png", "ends in .gif"),
    ((), "out.gif", "ends in .gif"),
    ((), "out.jpg", "ends in one of .png, .svg, .gif"),
    (("--paper",), "out.svg", "come with an --out that ends in .png"),
    (("--to", PICTURE, "--beside"), "out.gif", "come with an --out that ends in .png"),
    (("--line", 0), "out.png", "no whole number from 1"),
    (("--line", 2), "out.png", "shows 1 number, so there is no --line 2"),
    (("--to", PICTURE, "--tries", 2), "out.gif", "do not go together"),
    (("--to", "nothing.png"), "out.gif", "no picture at nothing.png"),
])
def test_a_bad_way_to_write(flags: tuple, out: str, reason: str, tmp_path: Path,
                            refused: Callable[..., str]) -> None:
    assert reason in refused(write, "--number", 481, "--like", PICTURE, *flags,
                             "--out", tmp_path / out)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("like", "out"), [("same.png", "same.png"), ("481_seen.png", "481.png")])
def test_a_picture_is_not_written_over(like: str, out: str, tmp_path: Path,
                                       refused: Callable[..., str]) -> None:
    shutil.copy(PICTURE, tmp_path / like)
    said = refused(write, "--number", 481, "--like", tmp_path / like, "--out", tmp_path / out)
    assert "would take the place of a picture" in said
    assert (tmp_path / like).read_bytes() == PICTURE.read_bytes()


def test_an_unwritable_place(tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "file").touch()
    said = refused(write, "--number", 481, "--like", PICTURE,
                   "--out", tmp_path / "file" / "out.png")
    assert "cannot write" in said


def _config(**changes: object) -> dict:
    return {**stargan_v2.get_config("tiny").to_dict(), **changes}


@pytest.mark.parametrize(("content", "reason"), [
    (None, "holds no run"),
    ("{", "cannot be read"),
    (json.dumps(_config(method="pix2pix")), "no method is called 'pix2pix'"),
    (json.dumps(_config(networks={})), "not the config of a stargan_v2 run"),
    ("[5]", "no JSON object"),
    (json.dumps(_config()), "no checkpoint yet"),
])
def test_a_workdir_that_cannot_be_used(content: str | None, reason: str, tmp_path: Path,
                                       refused: Callable[..., str]) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    before = sorted(tmp_path.rglob("*"))
    assert reason in refused(evaluate, "--workdir", tmp_path)
    assert reason in refused(write, "--number", 4, "--like", PICTURE,
                             "--workdir", tmp_path, "--out", tmp_path / "out.png")
    assert sorted(tmp_path.rglob("*")) == before


def train(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """The training door in a process of its own, since its flags can be parsed once only."""
    return subprocess.run([sys.executable, "-m", "handwriting_gan.train", *map(str, arguments)],
                          cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


def train_here(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    """The same in this process, which spares seconds of imports: for what is refused before it trains."""
    said, complaints = io.StringIO(), io.StringIO()
    with (flagsaver.flagsaver(), mock.patch.dict(os.environ, environment), contextlib.chdir(ROOT),
          mock.patch.object(sys, "argv", ["train", *map(str, arguments)]),
          contextlib.redirect_stdout(said), contextlib.redirect_stderr(complaints),
          warnings.catch_warnings(action="ignore")):
        try:
            code = exit_in_one_line(train_module.main)
        except SystemExit as leaving:
            code = leaving.code
    return subprocess.CompletedProcess(arguments, code or 0, said.getvalue(), complaints.getvalue())


@pytest.mark.parametrize(("arguments", "reason"), [
    (("--config.losses.cylce=2",), "cycle"),
    (("--config.seed=1.5",), "--config.seed"),
    (("--config.batch_size=5",), "multiple of 2"),
    (("--config.method=pix2pix",), "stargan_v2"),
    (("--config.data=cifar",), "mnist_5k"),
    (("--wokdir=x",), "workdir"),
    (("stray",), "stray"),
    (("--config.steps=-5",), "steps is -5"),
    (("--config.networks.width=0",), "networks.width"),
    (("--config.networks.levels=3",), "networks.levels"),
    (("--config=configs/nope.py:tiny",), "configs/nope.py"),
    (("--config=configs/stargan_v2.py:huge",), "tiny, small, base"),
    (("--config=configs/common.py:tiny",), "configs/stargan_v2.py:small"),
])
def test_a_bad_config(arguments: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    workdir = tmp_path / "run"
    done = train_here("--config", "configs/stargan_v2.py:tiny", "--workdir", workdir, *arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert reason in done.stderr
    assert not workdir.exists()


def test_a_model_of_another_shape(tmp_path: Path) -> None:
    """In a process of its own, where a library's own complaints would be seen too."""
    shutil.copytree(RELEASED, tmp_path, dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns("scorecard.json"))
    config = json.loads((tmp_path / "config.json").read_text())
    config["networks"]["style_dim"] //= 2
    (tmp_path / "config.json").write_text(json.dumps(config))
    done = subprocess.run([sys.executable, "-m", "handwriting_gan.evaluate", "--workdir", tmp_path],
                          cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "does not fit its config.json" in done.stderr
    assert not (tmp_path / "scorecard.json").exists()


@pytest.mark.parametrize("arguments", [
    ("--seed", "-1"), ("--seed", "x"), ("--protocol", "slow"), ("--data", "x")])
def test_a_bad_flag(arguments: tuple[str, str], tmp_path: Path, refused: Callable[..., str]) -> None:
    assert arguments[0] in refused(evaluate, "--workdir", tmp_path, *arguments)


def test_a_folder_without_the_data(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = train_here("--config", "configs/stargan_v2.py:tiny", "--workdir", tmp_path / "run",
                      "--config.data=mnist", "--data_folder", tmp_path / "data",
                      XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 2
    assert "train-images-idx3-ubyte" in done.stderr
    assert not (tmp_path / "run").exists()


def evaluated_on_writers(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                         refused: Callable[..., str]) -> str:
    """What evaluation says of MNIST's writers by files in the folder, once it has written nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "out"
    said = refused(evaluate, "--workdir", RELEASED, "--data", "mnist_writers",
                   "--data_folder", folder, "--out", out / "card.json")
    assert not out.exists()
    return said


def test_evaluation_on_writers_without_any_file(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]) -> None:
    (tmp_path / "data").mkdir()
    said = evaluated_on_writers(tmp_path / "data", tmp_path, monkeypatch, refused)
    assert "holds no train-images-idx3-ubyte" in said


@pytest.mark.skipif(mnist.FOLDER_VARIABLE not in os.environ, reason="needs a folder of MNIST's files")
def test_evaluation_on_writers_without_their_labels(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]) -> None:
    (tmp_path / "data").mkdir()
    for name in mnist.SHA256:
        path = mnist.find_file(Path(os.environ[mnist.FOLDER_VARIABLE]), name)
        (tmp_path / "data" / path.name).symlink_to(path.resolve())
    said = evaluated_on_writers(tmp_path / "data", tmp_path, monkeypatch, refused)
    assert "holds no qmnist-train-labels-idx2-int" in said


def test_a_workdir_with_another_config(tmp_path: Path) -> None:
    workdir = tmp_path / "run"
    workdir.mkdir()
    held = json.dumps(_config(seed=99))
    (workdir / "config.json").write_text(held)
    done = train("--config", "configs/stargan_v2.py:tiny", "--workdir", workdir)
    assert done.returncode == 2
    assert "seed 99 -> 0" in done.stderr
    assert (workdir / "config.json").read_text() == held
    assert [path.name for path in workdir.iterdir()] == ["config.json"]


def test_help_is_for_newcomers() -> None:
    done = train_here("--help")
    assert done.returncode == 0
    assert "configs/stargan_v2.py:small" in done.stdout
    assert "--workdir" in done.stdout
