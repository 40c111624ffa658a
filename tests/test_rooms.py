"""The house's import table, kept by the code's own imports."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "handwriting_gan"
GROUND = {"errors", "files", "cache", "environment"}  # modules below every room
ROOMS = {  # room: the rooms that it may import
    "data": set(),
    "networks": set(),
    "losses": set(),
    "methods": {"networks", "losses", "data"},
    "workdir": {"methods", "data"},
    "training": {"data", "methods", "workdir"},
    "recognition": {"data", "networks"},
    "evaluation": {"data", "recognition", "workdir"},
    "writing": {"data", "recognition", "workdir"},
}
DOORS = {"train", "evaluate", "write", "export_web", "demo"}
DATA_IN_METHODS = {f"handwriting_gan.data.{name}" for name in ("batches", "hands", "glyphs")}  # its types


def imports(file: Path) -> set[str]:
    """The modules of ours that a file imports, in full."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            found |= {f"{node.module}.{name.name}" if _is_module(node.module, name.name)
                      else node.module for name in node.names}
    return {name for name in found if name.split(".")[0] == "handwriting_gan"}


def _is_module(package: str, name: str) -> bool:
    folder = PACKAGE.parent / package.replace(".", "/")
    return (folder / f"{name}.py").exists() or (folder / name).is_dir()


def room_of(module: str) -> str:
    """The part of `handwriting_gan.room.file` that names the room, or the ground's or a door's module."""
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_its_row_allows(room: str) -> None:
    allowed = ROOMS[room] | GROUND | {room}
    for file in (PACKAGE / room).rglob("*.py"):
        assert {room_of(name) for name in imports(file)} <= allowed, file


def test_the_ground_imports_only_itself() -> None:
    for name in GROUND:
        assert {room_of(found) for found in imports(PACKAGE / f"{name}.py")} <= GROUND


def test_doors_do_not_import_each_other() -> None:
    for name in DOORS:
        rooms = {room_of(found) for found in imports(PACKAGE / f"{name}.py")}
        assert rooms <= set(ROOMS) | GROUND


def test_methods_know_of_data_only_its_types() -> None:
    for file in (PACKAGE / "methods").rglob("*.py"):
        assert {name for name in imports(file) if room_of(name) == "data"} <= DATA_IN_METHODS


def test_every_module_is_ground_a_door_or_in_a_room() -> None:
    top = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert top == GROUND | DOORS
    assert rooms == set(ROOMS)


def test_only_one_file_says_pmap() -> None:
    sayers = [file for file in PACKAGE.rglob("*.py") if "jax.pmap(" in file.read_text()]
    assert sayers == [PACKAGE / "training" / "devices.py"]


def test_only_the_catalogue_asks_which_method_it_is() -> None:
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Compare) and file.parent.name != "methods":
                assert not ast.unparse(node.left).endswith("config.method"), file
