"""The code follows the table of packages in .github/CONTRIBUTING.md and the other rules of the architecture."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "handwriting_gan"
CONTRIBUTING = ROOT / ".github" / "CONTRIBUTING.md"
BASE = {"errors", "files", "cache", "environment"}  # modules below every package
ENTRY_POINTS = {"train", "evaluate", "write", "sample", "demo", "export_web"}
PACKAGES = {  # package: what it may import of the others: a package, a module or a name of a module
    "data": set(),
    "networks": set(),
    "losses": set(),
    "metrics": set(),
    "methods": {"networks", "losses", "data.batches", "data.hands", "data.glyphs"},
    "workdir": set(),
    "synthesis": {"methods", "workdir", "data"},
    "training": {"data", "methods", "workdir"},
    "recognition": {"data", "networks"},
    "evaluation": {"data", "recognition", "metrics", "synthesis"},
    "report": {"evaluation.scorecard", "evaluation.examples", "metrics.bootstrap.Estimate",
               "metrics.morphometrics.ATTRIBUTES", "metrics.morphometrics.TRAITS", "data.pictures", "data.glyphs"},
    "writing": {"data", "recognition", "synthesis"},
}
METHOD_FILES = {PACKAGE / "methods" / "__init__.py"}  # the catalogue may look a method up by its name
FILES = sorted(PACKAGE.rglob("*.py"))


def imports(tree: ast.Module) -> Iterator[str]:
    """What a module imports of this project, in full: `errors.InputError`, `data.glyphs.Glyphs`, `data.mnist`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{name.name}" for name in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == PACKAGE.name:
                yield name.removeprefix(PACKAGE.name).removeprefix(".")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def is_within(name: str, allowed: set[str]) -> bool:
    """Whether an imported name is in one of the packages or modules, or is one of them."""
    return any(f"{name}.".startswith(f"{each}.") for each in allowed)


def module_of(name: str) -> str:
    """The module that an imported name is in, or is."""
    path = PACKAGE.joinpath(*name.split("."))
    return name if path.with_suffix(".py").exists() or path.is_dir() else name.rpartition(".")[0]


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_what_the_table_allows(package: str) -> None:
    allowed = PACKAGES[package] | BASE | {package}
    wrong = {f"{path.name}: {name}" for path in (PACKAGE / package).rglob("*.py") for name in imports(parse(path))
             if not is_within(name, allowed)}
    assert not wrong


def test_the_base_modules_import_only_each_other() -> None:
    for name in BASE:
        assert all(is_within(found, BASE) for found in imports(parse(PACKAGE / f"{name}.py")))


def test_entry_points_do_not_import_each_other() -> None:
    for name in ENTRY_POINTS:
        assert all(is_within(found, PACKAGES.keys() | BASE) for found in imports(parse(PACKAGE / f"{name}.py")))


def test_every_module_is_in_the_table() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"} == BASE | ENTRY_POINTS
    assert {path.parent.name for path in PACKAGE.glob("*/*.py")} == PACKAGES.keys()


def test_no_module_imports_itself_through_others() -> None:
    """Also inside a function: such an import would only hide the cycle."""
    graph = {module_name(path): {module_of(name) for name in imports(parse(path))} for path in FILES}
    finished: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"import cycle: {' -> '.join((*path, module))}"
        if module not in finished:
            for other in graph.get(module, ()):
                visit(other, (*path, module))
            finished.add(module)

    for module in graph:
        visit(module, ())


def names(node: ast.AST) -> set[str]:
    """All identifiers, attributes, imported names and strings in a piece of code."""
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            found.add(each.id)
        elif isinstance(each, ast.Attribute):
            found.add(each.attr)
        elif isinstance(each, ast.alias):
            found.add(each.name.split(".")[-1])
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            found.add(each.value)
    return found


def test_one_file_calls_pmap() -> None:
    assert [path for path in FILES if "pmap" in names(parse(path))] == [PACKAGE / "training" / "devices.py"]


@pytest.mark.parametrize("code", ["jax.pmap(f)", "from jax import pmap as p", "getattr(jax, 'pmap')(f)",
                                  "import jax as j\nj.pmap", "from jax.api import pmap"])
def test_every_spelling_of_pmap_is_found(code: str) -> None:
    assert "pmap" in names(ast.parse(code))


def reads_method(node: ast.AST) -> bool:
    """Whether an expression uses a method's name, as in `config.method`, `config["method"]` and `method.lower()`."""
    owners = {each.value for each in ast.walk(node)
              if isinstance(each, ast.Attribute) and not hasattr(str, each.attr)}  # config of config.method
    for each in ast.walk(node):
        match each:
            case ast.Name(id="method") | ast.Attribute(attr="method"):
                if each not in owners:  # model.method.phases is of a Method
                    return True
            case ast.Subscript(slice=ast.Constant(value="method")):
                return True
            case ast.Call(args=arguments):
                if any(isinstance(argument, ast.Constant) and argument.value == "method" for argument in arguments):
                    return True
    return False


def compares_two(node: ast.Compare) -> bool:
    """Whether a comparison is between the names of two configs, which needs no method's name."""
    return all(reads_method(each) for each in (node.left, *node.comparators))


def branches_on_method(tree: ast.AST) -> bool:
    """Whether code compares a method's name, matches it or looks something up by it."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=comparators):
                if any(map(reads_method, (left, *comparators))) and not compares_two(node):
                    return True
            case ast.Match(subject=key) | ast.Subscript(slice=key):
                if reads_method(key):
                    return True
            case ast.Call(func=ast.Attribute(attr="get" | "pop" | "setdefault"), args=[key, *_]):
                if reads_method(key) and not isinstance(key, ast.Constant):
                    return True
            case ast.Call(func=ast.Attribute(attr="startswith" | "endswith" | "removeprefix", value=name)):
                if reads_method(name):
                    return True
    return False


@pytest.mark.parametrize("code", [
    "config.method == 'lord'", "'lord' == config.method", "model.config.method in ('lord', 'munit')",
    "'style' in config.method", "config['method'] != 'lord'", "config.get('method') == 'lord'",
    "match config.method:\n    case 'lord': pass", "{'lord': 1}[config.method]", "TABLE.get(config.method)",
    "config.method.startswith('star')", "card.made_from.method == 'lord'", "getattr(config, 'method') == 'lord'",
    "1 if str(config.method) == 'lord' else 2", "method = config.method\nif method == 'lord': pass",
    "config.method.lower() == 'lord'", "match config.method.split('_'):\n    case ['lord']: pass",
])
def test_a_branch_on_the_method_is_found(code: str) -> None:
    assert branches_on_method(ast.parse(code))


@pytest.mark.parametrize("code", [
    "config.method", "build(config.method)", "model.method.phases[0]", "old.method != new.method",
    "name in model.synthesis", "f'{config.method}'",
    "mode in self.method.synthesis", "len(model.method.phases) == 2", "config.get('method')",
])
def test_other_uses_of_the_method_are_not_branches(code: str) -> None:
    assert not branches_on_method(ast.parse(code))


def test_only_the_catalogue_branches_on_the_method() -> None:
    files = [path for path in FILES if path not in METHOD_FILES]
    assert not [str(path.relative_to(ROOT)) for path in files if branches_on_method(parse(path))]


def test_reports_do_not_use_models() -> None:
    for path in (PACKAGE / "report").rglob("*.py"):
        assert "TrainedModel" not in path.read_text("utf-8"), path


def test_no_file_has_a_vague_name() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|misc|managers?|common_code)$")
    for folder in ("handwriting_gan", "configs", "experiments", "tests"):
        assert not [path for path in (ROOT / folder).rglob("*") if vague.search(path.stem)]


def table_of_contributing() -> dict[str, set[str]]:
    """The first and the last column of the table of packages: `{package: its imports, as PACKAGES has them}`."""
    section = CONTRIBUTING.read_text("utf-8").split("\n## Packages\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in section.splitlines()
            if line.startswith("|")]
    assert [cell.strip("| ") for cell in rows[0]] == ["package", "holds", "may import"]
    return {row[0].strip("| `"): set(re.findall(r"`([\w.]+)`", row[-1])) for row in rows[2:]}


def test_the_table_of_contributing_is_this_one() -> None:
    assert table_of_contributing() == PACKAGES | {"entry points": set()}
    text = CONTRIBUTING.read_text("utf-8")
    for name in BASE | ENTRY_POINTS:
        assert f"`{name}.py`" in text, name
