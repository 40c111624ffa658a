"""A result must not replace an input, a file of a run, or another file of the user."""

from pathlib import Path

import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.workdir.outputs import check_output


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run's folder."""
    root = tmp_path / "run"
    for name in ("checkpoints/4/averaged/data.json", "samples/latent_0000004.png", "events/x", "config.json",
                 "metrics.jsonl", "scorecard.json"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl", "checkpoints/4/averaged/data.json",
                                  "checkpoints/new.json", "samples/latent_0000004.png", "samples/new.png",
                                  "events/new.json", "samples/../config.json"])
def test_a_file_of_a_run_is_not_replaced(name: str, run: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="would change the run in"):
        check_output(run / name, ".json", ".jsonl", ".png")
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["scorecard.json", "new.png", "along/0000004.json", "../other/config.json"])
def test_other_files_in_a_workdir_may_be_written(name: str, run: Path) -> None:
    check_output(run / name, ".json", ".png")
    assert not (run / "along").exists()


def test_another_ending_is_an_error(tmp_path: Path) -> None:
    check_output(tmp_path / "page.HTML", ".html", ".htm")
    for name in ("page.py", "page", ".html", "page.html.md"):
        with pytest.raises(InputError, match=r"does not end in \.html or \.htm"):
            check_output(tmp_path / name, ".html", ".htm")


def test_only_an_earlier_result_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "README.md"
    check_output(out, ".md", begins=r"Width \d+")
    out.write_text("Width 32, and so on")
    check_output(out, ".md", begins=r"Width \d+")
    for content in (b"# Mine, of Width 32", b"", b"\xff\xfe"):
        out.write_bytes(content)
        with pytest.raises(InputError, match="is not an earlier result of this command"):
            check_output(out, ".md", begins=r"Width \d+")
        assert out.read_bytes() == content


def test_an_input_is_not_replaced_under_any_name(tmp_path: Path) -> None:
    (tmp_path / "source.png").touch()
    (tmp_path / "link.png").symlink_to(tmp_path / "source.png")
    (tmp_path / "folder").mkdir()
    for name in ("source.png", "link.png", "folder/../source.png"):
        with pytest.raises(InputError, match="would replace an input"):
            check_output(tmp_path / name, ".png", inputs=[None, tmp_path / "source.png"])
