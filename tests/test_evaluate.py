"""Evaluation checks its output paths before it measures."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from handwriting_gan import evaluate
from handwriting_gan.errors import InputError
from handwriting_gan.evaluate import check_outputs

CARD = Path(__file__).parents[1] / "experiments" / "results" / "stargan_v2.json"


def test_the_check_accepts_a_new_path_or_a_scorecard_and_changes_nothing(tmp_path: Path) -> None:
    check_outputs(tmp_path / "some" / "card.json")
    assert not list(tmp_path.iterdir())
    shutil.copy(CARD, tmp_path / "card.json")
    (tmp_path / "card.md").write_text("its tables")
    (tmp_path / "card_matrix.png").write_text("its picture")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    check_outputs(tmp_path / "card.json")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("files", "out", "reason"), [
    ({"file": ""}, "file/card.json", "cannot write"),
    ({"card.json/x": ""}, "card.json", "regular file"),
    ({"card.md/x": ""}, "card.json", r"card\.md: .*regular file"),
    ({"card_attributes.png/x": ""}, "card.json", r"card_attributes\.png: .*regular file"),
    ({}, "card.md", "does not end in .json"),
    ({}, "", "does not end in .json"),
    ({"config.json": "{}"}, "config.json", "would change the run in"),
    ({"config.json": "{}"}, "metrics.jsonl", "does not end in .json"),
    ({"config.json": "{}"}, "checkpoints/card.json", "would change the run in"),
    ({"package.json": '{"name": "mine"}'}, "package.json", "is not a scorecard"),
    ({"notes.json": "not JSON"}, "notes.json", "is not a scorecard"),
    ({"README.md": "mine"}, "README.json", r"README\.md exists and belongs to no scorecard"),
    ({"card_matrix.png": "mine"}, "card.json", r"card_matrix\.png exists and belongs to no scorecard"),
])
def test_other_files_are_kept_and_refused_before_any_work(
        files: dict[str, str], out: str, reason: str, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    model = SimpleNamespace(config=SimpleNamespace(data="mnist_5k"))
    monkeypatch.setattr(evaluate.trained_model, "load", lambda _: model)
    monkeypatch.setattr(evaluate.sources, "load_both", lambda *_: pytest.fail("work began"))
    monkeypatch.setattr("sys.argv", ["evaluate", "--workdir", "any", "--out", str(tmp_path / out)])
    with pytest.raises(InputError, match=reason):
        evaluate.main()
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before
