"""Every tool checks its flags and its output path before it loads data or starts a process."""

import importlib
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments import children
from handwriting_gan import export_web, write
from handwriting_gan.data import sources
from handwriting_gan.errors import InputError
from handwriting_gan.recognition import digit_classifier, wholeness, writer_encoder
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.layout import RELEASED

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "experiments" / "pictures" / "273.png"
TOOLS = {  # {module: (required flags, suffix of the result)}
    "experiments.compare_routes": (["--workdir", str(RELEASED)], ".md"),
    "experiments.compare_solvers": (["--workdir", str(RELEASED)], ".md"),
    "experiments.judge_judges": ([], ".md"),
    "experiments.read_photos": ([], ".md"),
    "experiments.make_example": ([], ".png"),
    "experiments.fit_wholeness": ([], ".npz"),
    "experiments.soak": ([], ".md"),
    "experiments.benchmarks.growth": ([], ".md"),
    "experiments.benchmarks.train_step": ([], ".md"),
    "handwriting_gan.export_web": ([], ".html"),
    "handwriting_gan.write": (["--number", "4", "--like", str(PICTURE)], ".png"),
    "handwriting_gan.recognition.fit": (["judge"], ".npz"),
}
PUBLISHING = ("experiments.make_example", "experiments.fit_wholeness", "handwriting_gan.recognition.fit")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Calls a tool's `main`, which must fail before its work begins."""

    def fail(*_: object, **__: object) -> None:
        pytest.fail("work began")

    for module, name in ((sources, "load"), (sources, "load_both"), (children, "start"),
                         (digit_classifier, "load"), (wholeness, "load"), (writer_encoder, "load"),
                         (trained_model, "load")):
        monkeypatch.setattr(module, name, fail)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)  # PyTorch counts as installed

    def call(module: str, *flags: object) -> None:
        monkeypatch.setattr("sys.argv", [module, *map(str, flags)])
        importlib.import_module(module).main()

    return call


@pytest.mark.parametrize("module", TOOLS)
def test_an_output_that_cannot_be_written_is_refused_first(
        module: str, call: Callable[..., None], tmp_path: Path) -> None:
    flags, ending = TOOLS[module]
    (tmp_path / "file").touch()
    (tmp_path / f"folder{ending}").mkdir()
    for out in (f"file/out{ending}", f"folder{ending}"):
        with pytest.raises(InputError, match="cannot write"):
            call(module, *flags, "--out", tmp_path / out)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", f"folder{ending}"]


@pytest.mark.parametrize("module", [
    module for module, (_, ending) in TOOLS.items() if ending in (".md", ".html")])
def test_a_file_of_the_user_is_kept(module: str, call: Callable[..., None], tmp_path: Path) -> None:
    flags, ending = TOOLS[module]
    (tmp_path / f"mine{ending}").write_text("<!DOCTYPE html>\n<title>Mine</title>")
    with pytest.raises(InputError, match="earlier result of this command"):
        call(module, *flags, "--out", tmp_path / f"mine{ending}")


@pytest.mark.parametrize(("module", "result"), [
    ("compare_routes", "routes"), ("judge_judges", "judges"), ("read_photos", "photos"), ("soak", "soak"),
    ("benchmarks.growth", "growth"), ("benchmarks.train_step", "train_step"),
    ("benchmarks.train_step", "train_step_h100")])
def test_a_committed_result_may_be_replaced(module: str, result: str, call: Callable[..., None],
                                              tmp_path: Path) -> None:
    flags, _ = TOOLS[f"experiments.{module}"]
    shutil.copy(ROOT / "experiments" / "results" / f"{result}.md", tmp_path)
    with pytest.raises(pytest.fail.Exception, match="work began"):
        call(f"experiments.{module}", *flags, *(["--folder", tmp_path / "soak"] if module == "soak" else []),
             "--out", tmp_path / f"{result}.md")


@pytest.mark.parametrize("module", PUBLISHING)
def test_packaged_files_are_replaced_only_with_publish(
        module: str, call: Callable[..., None], tmp_path: Path) -> None:
    flags, ending = TOOLS[module]
    with pytest.raises(InputError, match=r"one of the arguments --out --publish is required"):
        call(module, *flags)
    with pytest.raises(InputError, match="not allowed with"):
        call(module, *flags, "--publish", "--out", tmp_path / f"out{ending}")


@pytest.mark.parametrize(("module", "flags"), [
    ("experiments.compare_routes", ["--workdir", "x", "--seed", "-1"]),
    ("experiments.make_example", ["--publish", "--rows", "-1"]),
    ("experiments.make_example", ["--publish", "--rows", "10000"]),
    ("experiments.make_photos", ["--out", "x", "--length", "9"]),
    ("experiments.benchmarks.writing", ["--references", "1001"]),
])
def test_numbers_out_of_range_are_refused(
        module: str, flags: list[str], call: Callable[..., None]) -> None:
    with pytest.raises(InputError, match="whole number from"):
        call(module, *flags)


def test_every_number_flag_has_a_range() -> None:
    files = [*(ROOT / "experiments").rglob("*.py"), *(ROOT / "handwriting_gan").rglob("*.py")]
    assert not [path for path in files if "type=int" in path.read_text() or "type=float" in path.read_text()]


@pytest.mark.parametrize("name", ["parity", "pytorch_step", "train_step"])
def test_without_pytorch_a_benchmark_exits_with_one_line(
        name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "experiments.benchmarks.pytorch_stargan_v2", raising=False)
    monkeypatch.delitem(sys.modules, f"experiments.benchmarks.{name}", raising=False)
    monkeypatch.setattr("sys.argv", [name])
    with pytest.raises(SystemExit) as leaving:
        runpy.run_module(f"experiments.benchmarks.{name}", run_name="__main__")
    assert leaving.value.code == 2
    assert capsys.readouterr().err == "error: this needs PyTorch; pip install -c constraints.txt -e '.[bench]'\n"


def test_files_of_a_run_are_not_replaced(call: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="would change the run in"):
        call(write.__name__, "--number", 4, "--like", PICTURE, "--out", tmp_path / "samples" / "new.png")
    with pytest.raises(InputError, match=r"does not end in \.html or \.htm"):
        call(export_web.__name__, "--out", tmp_path / "config.json")
    assert (tmp_path / "config.json").read_text() == "{}"
