"""Every wrong input is an error of one line with exit code 2, and no file is written."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from absl import flags
from PIL import Image

from configs import stargan_v2
from handwriting_gan import evaluate, write
from handwriting_gan import train as trainer
from handwriting_gan.data import mnist
from handwriting_gan.workdir.layout import RELEASED

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "experiments" / "pictures" / "273.png"


def picture(folder: Path, kind: str) -> Path:
    """A bad picture of this kind."""
    path = folder / f"{kind}.png"
    if kind == "text":
        path.write_text("273")
    elif kind == "empty":
        path.touch()
    elif kind == "blank":
        Image.new("L", (200, 100), 255).save(path)
    elif kind == "truncated":
        path.write_bytes(PICTURE.read_bytes()[:700])
    elif kind == "huge":
        Image.new("1", (20_000, 20_000)).save(path)
    return path  # "missing" writes no file


@pytest.mark.parametrize(("kind", "reason"), [
    ("missing", "no picture at"), ("text", "cannot be decoded"), ("empty", "cannot be decoded"),
    ("truncated", "cannot be decoded"), ("blank", "no ink"), ("huge", "large|million"),
])
def test_a_bad_picture(kind: str, reason: str, tmp_path: Path, refused: Callable[..., str]) -> None:
    out = tmp_path / "out.png"
    message = refused(write, "--number", 481, "--like",
                      picture(tmp_path, kind), "--out", out)
    assert re.search(reason, message)
    assert not out.exists()


@pytest.mark.parametrize("number", ["", "4b1", "-48", "4.8", "٤٨"])
def test_a_number_that_is_not_all_digits(number: str, tmp_path: Path, refused: Callable[..., str]) -> None:
    message = refused(write, f"--number={number}", "--like", PICTURE,
                      "--out", tmp_path / "out.png")
    assert "digits" in message
    assert not list(tmp_path.iterdir())


def test_reads_with_another_number_of_digits(tmp_path: Path, refused: Callable[..., str]) -> None:
    message = refused(write, "--number", 481, "--like", PICTURE,
                      "--reads", 2734, "--out", tmp_path / "out.png")
    assert "does not seem to show 4 digits; crop it to the number, or correct --reads 2734\n" in message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("flags", "out", "reason"), [
    (("--vary", 1.5), "out.png", "not a number from 0 to 1"),
    (("--vary", "x"), "out.png", "not a number from 0 to 1"),
    (("--tries", 0), "out.png", "--tries"),
    (("--tries", 1_000), "out.png", "--tries"),
    (("--to", PICTURE), "out.png", "ends in .gif"),
    ((), "out.gif", "ends in .gif"),
    ((), "out.jpg", "ends in one of .png, .svg, .gif"),
    (("--paper",), "out.svg", "need an --out that ends in .png"),
    (("--to", PICTURE, "--beside"), "out.gif", "need an --out that ends in .png"),
    (("--line", 0), "out.png", "not a whole number from 1"),
    (("--line", 2), "out.png", "shows 1 number, so there is no line 2; choose one from 1 to 1 with --line"),
    (("--to", PICTURE, "--tries", 2), "out.gif", "cannot be combined"),
    (("--to", "nothing.png"), "out.gif", "no picture at nothing.png"),
])
def test_bad_flags_of_write(flags: tuple, out: str, reason: str, tmp_path: Path,
                            refused: Callable[..., str]) -> None:
    assert reason in refused(write, "--number", 481, "--like", PICTURE, *flags,
                             "--out", tmp_path / out)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("like", "out"), [("same.png", "same.png"), ("481_seen.png", "481.png")])
def test_a_picture_is_not_overwritten(like: str, out: str, tmp_path: Path,
                                      refused: Callable[..., str]) -> None:
    shutil.copy(PICTURE, tmp_path / like)
    message = refused(write, "--number", 481, "--like", tmp_path / like, "--out", tmp_path / out)
    assert "would overwrite a picture" in message
    assert (tmp_path / like).read_bytes() == PICTURE.read_bytes()


def test_an_unwritable_path(tmp_path: Path, refused: Callable[..., str]) -> None:
    (tmp_path / "file").touch()
    message = refused(write, "--number", 481, "--like", PICTURE,
                      "--out", tmp_path / "file" / "out.png")
    assert "cannot write" in message


def _config(**changes: object) -> dict:
    return {**stargan_v2.get_config("tiny").to_dict(), **changes}


@pytest.mark.parametrize(("content", "reason"), [
    (None, "holds no run"),
    ("{", "cannot be read"),
    (json.dumps(_config(method="pix2pix")), "'pix2pix'"),
    (json.dumps(_config(ema_decay=1.5)), "ema_decay is 1.5; it must be at least 0 and at most 0.999999"),
    (json.dumps(_config(truncation=math.nan)), "truncation is nan"),
    (json.dumps({name: value for name, value in _config().items() if name != "data"}), "config.json has no data"),
    (json.dumps(_config(networks={})), "not the config of a stargan_v2 run"),
    ("[5]", "not a JSON object"),
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
    """Runs `train` in a separate process."""
    return subprocess.run([sys.executable, "-m", "handwriting_gan.train", *map(str, arguments)],
                          cwd=ROOT, capture_output=True, text=True, check=False,
                          env={**os.environ, **environment})


TINY = "configs/stargan_v2.py:tiny"


@pytest.fixture
def refused_to_train(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch,
                     tmp_path: Path) -> Callable[..., str]:
    """Runs `train` in this process: an error of one line that leaves no workdir."""
    monkeypatch.chdir(ROOT)

    def call(*arguments: object) -> str:
        for name in [name for name in flags.FLAGS if name.startswith("config.")]:
            delattr(flags.FLAGS, name)
        flags.FLAGS.unparse_flags()
        for name in flags.FLAGS:
            flags.FLAGS[name].unparse()
        monkeypatch.delitem(sys.modules, "config_config", raising=False)  # ml_collections reuses the module
        before = sorted(tmp_path.rglob("*"))
        message = refused(trainer, "--workdir", tmp_path / "run", *arguments)
        assert sorted(tmp_path.rglob("*")) == before
        assert "\\" not in message
        return message

    return call


@pytest.mark.parametrize(("arguments", "reason"), [
    (("--config.losses.cylce=2",), "no field 'cylce'; did you mean \"cycle\""),
    (("--config.sed=2",), "no field 'sed'; did you mean \"seed\""),
    (("--config.losses.r1.deep=2",), "no field losses.r1.deep"),
    (("--config.seed=1.5",), "--config.seed is '1.5'; it must be a whole number"),
    (("--config.seed=-1",), "--config.seed is -1; it must be a whole number from 0"),
    (("--config.seed=2**40",), "--config.seed is '2**40'"),
    ((f"--config.seed={2**40}",), "--config.seed is 1099511627776"),
    ((f"--config.seed={'9' * 30}",), "--config.seed is 999"),
    ((f"--config.seed={'9' * 5000}",), "--config.seed is '999"),
    (("--config.batch_size=5",), "multiple of 2"),
    (("--config.batch_size=3.5",), "--config.batch_size is '3.5'"),
    (("--config.batch_size=-4",), "--config.batch_size is -4"),
    (("--config.method=pix2pix",), "stargan_v2"),
    (("--config.method=lord",), "--config.method is 'lord', but the config is for stargan_v2"),
    (("--config.preset=base",), "--config.preset would only rename preset tiny"),
    (("--config.data=cifar",), "mnist_5k"),
    (("--config.data=",), "--config.data is ''"),
    (("--config.tracker=paper",), "tensorboard, wandb"),
    (("--config.compute=float16",), "float32, bfloat16"),
    (("--config.averaging=0.9",), 'there is no field averaging; did you mean "ema_decay"'),
    (("--config.ema_decay=1.5",), "--config.ema_decay is 1.5; it must be at least 0 and at most 0.999999"),
    (("--config.ema_decay=nan",), "--config.ema_decay is nan"),
    (("--config.learning_rates.generator=0",), "--config.learning_rates.generator is 0.0"),
    (("--config.losses.cycle=1e400",), "--config.losses.cycle is inf"),
    (("--config.adam={'beta1': 3}",), "--config.adam.beta1 is 3"),
    (("--config.networks=None",), "--config.networks"),
    (("--config.networks=wide",), "--config.networks is a group of fields; change one of them"),
    (("--wokdir=x",), "workdir"),
    (("stray",), "stray"),
    (("--config.steps=-5",), "steps is -5"),
    (("--config.steps=0",), "--config.steps is 0"),
    (("--config.steps=1e3",), "--config.steps is '1e3'"),
    (("--config.steps=",), "--config.steps is ''"),
    (("--stop_at=9",), "--stop_at is 9; it must be from 1 to --config.steps, 8"),
    (("--dry_run", "--stop_at=9"), "--stop_at is 9"),
    (("--dry_run", "--config.batch_size=5"), "multiple of 2"),
    (("--processes=2",), "must be given together"),
    (("--coordinator=here", "--processes=2", "--process=0"), "--coordinator is 'here'; it must be HOST:PORT"),
    (("--coordinator=here:1", "--processes=2", "--process=2"), "--process is 2; it must be below"),
    (("--workdir=",), "a path is empty"),
    (("--workdir=gs://bucket/run",), "gs://bucket/run is a URL"),
    (("--config.data=mnist", "--data_folder=s3://bucket"), "s3://bucket is a URL"),
    (("--config.networks.width=0",), "networks.width"),
    (("--config.networks.levels=3",), "networks.levels"),
])
def test_bad_flags_of_train(arguments: tuple[str, ...], reason: str,
                            refused_to_train: Callable[..., str]) -> None:
    assert reason in refused_to_train("--config", TINY, *arguments)


@pytest.mark.parametrize(("config", "reason"), [
    ("configs/nope.py:tiny", "configs/nope.py"),
    ("configs/stargan_v2.py:huge", "tiny, small, base"),
    ("configs/stargan_v2.py:", "tiny, small, base"),
    ("configs/common.py:tiny", "configs/stargan_v2.py:small"),
    ("configs/ablations.py:nothing", "no ablation is called 'nothing'"),
    ("configs", "Is a directory: 'configs'"),
    ("README.md", "README.md, line"),
    ("experiments/pictures/273.png", "null bytes"),
    ("", "empty"),
])
def test_a_wrong_config_path(config: str, reason: str, refused_to_train: Callable[..., str]) -> None:
    assert reason in refused_to_train("--config", config)


@pytest.mark.parametrize(("content", "reason"), [
    ("def get_config(preset)\n    return 1", "config.py, line 1: expected ':'"),
    ("x = 1", "no function get_config"),
    ("def get_config(preset):\n    return {}['missing']", "the file raises KeyError: missing"),
    ("def get_config(preset):\n    raise RuntimeError('one\\ntwo')", "the file raises RuntimeError: one two"),
    ("def get_config(preset):\n    raise ValueError('no such thing')", "no such thing"),
    ("def get_config(preset):\n    pass", "must name a method's config"),
    ("def get_config(preset):\n    return {'method': 'dcgan', 'steps': 1, 'batch_size': 2}",
     "must name a method's config"),
    ("import no_such_module", "no_such_module"),
    ("from configs import dcgan\ndef get_config(preset):\n    config = dcgan.get_config(preset)\n"
     "    del config.ema_decay\n    return config", "the config has no ema_decay"),
    ("from configs import dcgan\ndef get_config(preset):\n    config = dcgan.get_config(preset)\n"
     "    config.stepz.more = 2", "the file raises AttributeError: 'stepz'"),
    ("def get_config(preset):\n    raise SystemExit(0)", "the file raises SystemExit"),
    *((f"from configs import stargan_v2\ndef get_config(preset):\n    config = stargan_v2.get_config(preset)\n"
       f"    del config.{field}\n    return config", reason) for field, reason in (
           ("data", "the config has no data"), ("networks", "the config has no networks"),
           ("losses", "the config does not fit its method, stargan_v2 ('losses')"))),
])
def test_an_error_in_a_config_file(content: str, reason: str, tmp_path: Path,
                                   refused_to_train: Callable[..., str]) -> None:
    (tmp_path / "config.py").write_text(content)
    assert reason in refused_to_train("--config", f"{tmp_path / 'config.py'}:tiny")


def test_data_without_writers_leaves_no_workdir(refused_to_train: Callable[..., str]) -> None:
    message = refused_to_train("--config", "configs/writer_guided.py:tiny", "--config.data=mnist_5k")
    assert "writers" in message


def test_a_bad_flag_of_train_in_a_separate_process(tmp_path: Path) -> None:
    done = train("--config", TINY, "--workdir", tmp_path / "run", "--config.steps=-5")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --config.steps is -5")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_model_with_other_shapes(tmp_path: Path) -> None:
    """In a separate process, whose stderr also shows the messages of libraries."""
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
def test_bad_flags_of_evaluate(arguments: tuple[str, str], tmp_path: Path, refused: Callable[..., str]) -> None:
    assert arguments[0] in refused(evaluate, "--workdir", tmp_path, *arguments)


def test_a_folder_without_the_data(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    done = train("--config", "configs/stargan_v2.py:tiny", "--workdir", tmp_path / "run",
                 "--config.data=mnist", "--data_folder", tmp_path / "data",
                 XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert done.returncode == 2
    assert "train-images-idx3-ubyte" in done.stderr
    assert not (tmp_path / "run").exists()


def error_on_writers(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                     refused: Callable[..., str]) -> str:
    """The error of an evaluation on MNIST's writers with the files in a folder; it writes nothing."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "out"
    message = refused(evaluate, "--workdir", RELEASED, "--data", "mnist_writers",
                      "--data_folder", folder, "--out", out / "card.json")
    assert not out.exists()
    return message


def test_evaluation_on_writers_without_any_file(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]) -> None:
    (tmp_path / "data").mkdir()
    message = error_on_writers(tmp_path / "data", tmp_path, monkeypatch, refused)
    assert "holds no train-images-idx3-ubyte" in message


@pytest.mark.skipif(mnist.FOLDER_VARIABLE not in os.environ, reason="needs a folder of MNIST's files")
def test_evaluation_on_writers_without_their_labels(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]) -> None:
    (tmp_path / "data").mkdir()
    for name in mnist.SHA256:
        path = mnist.find_file(Path(os.environ[mnist.FOLDER_VARIABLE]), name)
        (tmp_path / "data" / path.name).symlink_to(path.resolve())
    message = error_on_writers(tmp_path / "data", tmp_path, monkeypatch, refused)
    assert "holds no qmnist-train-labels-idx2-int" in message


def test_a_workdir_with_another_config(tmp_path: Path, refused_to_train: Callable[..., str]) -> None:
    workdir = tmp_path / "run"
    workdir.mkdir()
    content = json.dumps(_config(seed=99))
    (workdir / "config.json").write_text(content)
    for flag in ("--dry_run", "--nodry_run"):
        assert "seed 99 -> 0" in refused_to_train("--config", TINY, flag)
    assert (workdir / "config.json").read_text() == content
    assert [path.name for path in workdir.iterdir()] == ["config.json"]


@pytest.mark.parametrize("flag", ["--workdir", "--out"])
def test_a_url_is_refused_by_every_entry_point(
        flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert "is a URL" in refused(evaluate, "--workdir", RELEASED, flag, "gs://bucket/x.png")
    assert "is a URL" in refused(write, "--number", 4, "--like", PICTURE, "--out", "x.png",
                                      flag, "gs://bucket/x.png")
    assert not list(tmp_path.iterdir())


def test_the_help_of_train_names_configs_presets_and_data_sets() -> None:
    done = train("--help")
    assert done.returncode == 0
    assert "configs/common.py" not in done.stdout
    for name in ("configs/stargan_v2.py:small", "configs/lord.py", "configs/ablations.py", "tiny", "base", "mnist_5k",
                 "mnist_writers", "--workdir", "dry_run"):
        assert name in done.stdout, name
