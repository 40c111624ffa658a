"""`--help` of every tool: what it does, an example, help for every flag and every default."""

import argparse
import importlib

import pytest

from handwriting_gan.errors import Flags

TOOLS = ("compare_routes", "compare_solvers", "draw_side_by_side", "first_run", "follow", "judge_judges", "make_tables",
         "release", "run_table", "soak", "benchmarks.growth", "benchmarks.matrix_product", "benchmarks.our_step",
         "benchmarks.parity", "benchmarks.pytorch_step", "benchmarks.step_time",
         "benchmarks.train_step", "benchmarks.writing")


class Parsed(Exception):  # noqa: N818 - not an error
    """Carries a parser out of a tool's `main`."""


@pytest.fixture(params=TOOLS)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> argparse.ArgumentParser:
    """The parser of a tool."""
    if request.param in ("benchmarks.parity", "benchmarks.pytorch_step"):
        pytest.importorskip("torch", reason="only the comparison needs PyTorch")

    def stop(self: Flags) -> None:
        raise Parsed(self, request.param)

    monkeypatch.setattr(Flags, "parse_args", stop)
    with pytest.raises(Parsed) as stopped:
        importlib.import_module(f"experiments.{request.param}").main()
    return stopped.value.args[0]


def test_help_has_an_example_and_every_default(parser: argparse.ArgumentParser, request: pytest.FixtureRequest,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    page = parser.format_help()
    assert parser.description
    example, = (line for line in page.splitlines() if line.startswith("example: "))
    assert f"python -m experiments.{request.node.callspec.params['parser']}" in example
    for action in parser._actions:
        assert action.help, action.dest
        if action.default not in (None, False, argparse.SUPPRESS):
            assert f"(default: {action.default})" in page or "default" in action.help, action.dest
