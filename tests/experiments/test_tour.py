"""The tour notebook is valid, and its code runs from top to bottom."""

import ast
import json
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from experiments.checkout import ROOT

TOUR = ROOT / "experiments" / "tour.ipynb"


@pytest.fixture
def cells() -> list[str]:
    """The source of each code cell."""
    return ["".join(cell["source"]) for cell in json.loads(TOUR.read_text("utf-8"))["cells"]
            if cell["cell_type"] == "code"]


def test_the_notebook_has_format_4_5_and_no_outputs() -> None:
    notebook = json.loads(TOUR.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    names = [cell["id"] for cell in notebook["cells"]]
    assert len(set(names)) == len(names)
    for cell in notebook["cells"]:
        assert {"cell_type", "id", "metadata", "source"} <= cell.keys()
        assert cell["cell_type"] in ("markdown", "code")
        if cell["cell_type"] == "code":
            assert (cell["execution_count"], cell["outputs"]) == (None, [])


def test_every_code_cell_compiles_and_its_imports_exist(cells: list[str]) -> None:
    for cell in cells:
        compile(cell, TOUR.name, "exec")
    imports = [node for node in ast.walk(ast.parse(cells[0])) if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), TOUR.name, "exec"), {})


def test_the_cells_without_commands_run(cells: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first picture and the committed table."""
    monkeypatch.setattr(plt, "show", plt.close)
    names: dict[str, object] = {}
    for cell in (*cells[:2], cells[-1]):
        exec(compile(cell, TOUR.name, "exec"), names)
    assert list(names["aucs"])[-2:] == ["writer-guided", "twin"]


@pytest.mark.slow
def test_the_notebook_runs(cells: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: str(tmp_path))
    monkeypatch.setattr(plt, "show", plt.close)
    names: dict[str, object] = {}
    for cell in cells:
        exec(compile(cell, TOUR.name, "exec"), names)
    assert (tmp_path / "481.png").exists()
    assert (tmp_path / "stargan_v2" / "scorecard.json").exists()
