"""A release replaces only an earlier release."""

import shutil
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments import release as command
from experiments.release import check_folder, in_half_precision, is_release, release
from handwriting_gan.errors import InputError
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.layout import RELEASED, Workdir


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    """A run's folder with the files that `release` reads."""
    root = tmp_path / "runs" / "model"
    for step in RELEASED.glob("checkpoints/*"):
        shutil.copytree(step, root / "checkpoints" / step.name)
    shutil.copy(Workdir(RELEASED).config, root)
    (root / "metrics.jsonl").touch()
    return root


def contents(folder: Path) -> dict[Path, bytes]:
    """The contents of all files below a folder."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_release_goes_to_a_new_folder_or_replaces_a_release(workdir: Path, tmp_path: Path) -> None:
    before, out = contents(workdir), tmp_path / "some" / "new"
    for _ in range(2):
        release(workdir, None, out)
        assert is_release(out)
        assert [path.name for path in out.parent.iterdir()] == ["new"]
    assert trained_model.load(out).config == trained_model.load(workdir).config
    assert contents(workdir) == before


def test_half_precision_halves_the_size_and_keeps_the_parameters_to_11_bits(workdir: Path, tmp_path: Path) -> None:
    whole, half = tmp_path / "whole", tmp_path / "half"
    release(workdir, None, whole)
    release(workdir, None, half, half=True)
    sizes = [sum(map(len, contents(folder / "checkpoints").values())) for folder in (whole, half)]
    assert sizes[1] < 0.6 * sizes[0]
    for one, other in zip(*(jax.tree.leaves(trained_model.load(folder).params) for folder in (whole, half)),
                          strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(other, one, rtol=2**-11, atol=2**-25)


def test_a_parameter_beyond_half_precision_is_refused() -> None:
    with pytest.raises(InputError, match="too large for half precision"):
        in_half_precision({"network": {"kernel": np.array([1.0, 1e5], np.float32)}})


def test_the_model_card_is_kept(workdir: Path, tmp_path: Path) -> None:
    release(workdir, None, tmp_path / "out")
    (tmp_path / "out" / "README.md").write_text("the card")
    release(workdir, None, tmp_path / "out")
    assert (tmp_path / "out" / "README.md").read_text() == "the card"


def test_an_empty_folder_is_allowed(workdir: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty", workdir)
    assert not list((tmp_path / "empty").iterdir())


def test_the_packaged_model_is_a_release() -> None:
    assert is_release(RELEASED)


@pytest.mark.parametrize("out", ["runs/model", "runs", ".", "runs/model/released", "runs/model/checkpoints",
                                 "runs/../runs/model", "link"])
def test_the_source_is_kept(out: str, workdir: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(workdir)
    before = contents(tmp_path)
    with pytest.raises(InputError, match="would change its source"):
        release(workdir, None, tmp_path / out)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("kind", ["notes", "run", "state", "no checkpoints", "file", "scored", "below a file"])
def test_other_folders_are_kept(kind: str, workdir: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    if kind == "notes":
        out.mkdir()
        (out / "notes.txt").write_text("mine")
    elif kind in ("file", "below a file"):
        out.write_text("mine")
    else:
        shutil.copytree(workdir, out)
        if kind != "run":
            (out / "metrics.jsonl").unlink()
        if kind == "state":
            step, = (out / "checkpoints").iterdir()
            (step / "state").mkdir()
        if kind == "no checkpoints":
            shutil.rmtree(out / "checkpoints")
            (out / "checkpoints").write_text("mine")
        if kind == "scored":
            (out / "scorecard.json").write_text("{}")
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"name a(nother| new folder)"):
        release(workdir, None, out / "below" if kind == "below a file" else out)
    assert contents(tmp_path) == before


def test_the_folder_is_checked_before_the_model_is_loaded(
        workdir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_model, "load", lambda _: pytest.fail("the model was loaded"))
    monkeypatch.setattr("sys.argv", ["release", "--workdir", str(workdir), "--out", str(tmp_path)])
    with pytest.raises(InputError):
        command.main()
    check_folder(tmp_path / "new", workdir)
    assert not (tmp_path / "new").exists()
