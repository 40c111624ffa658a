"""An entry point reports an input error in one line and exits with code 2."""

import argparse
from pathlib import Path

import pytest

from handwriting_gan.errors import Flags, InputError, exit_in_one_line, number_between, one_line


def test_an_input_error_becomes_one_line_on_stderr_and_code_2(
        capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise InputError("no such file;\n  name\tanother")

    with pytest.raises(SystemExit) as end:
        exit_in_one_line(main)
    printed = capsys.readouterr()
    assert end.value.code == 2
    assert printed.err == "error: no such file; name another\n"
    assert printed.out == ""


def test_an_interrupted_entry_point_prints_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as end:
        exit_in_one_line(main)
    assert end.value.code == 130
    assert capsys.readouterr().err == "stopped\n"


def test_other_exceptions_keep_their_traceback() -> None:
    def main() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        exit_in_one_line(main)


def test_a_successful_main_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    calls = []
    exit_in_one_line(lambda: calls.append("called"))
    assert calls == ["called"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("text", "number"), [("0", 0.0), ("1", 1.0), (".25", 0.25), ("1e-1", 0.1)])
def test_a_number_within_bounds_is_accepted(text: str, number: float) -> None:
    assert number_between(0.0, 1.0)(text) == number


@pytest.mark.parametrize("text", ["-0.1", "1.01", "nan", "inf", "much", ""])
def test_other_text_than_a_number_within_bounds_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number from 0 to 1"):
        number_between(0.0, 1.0)(text)


def test_every_entry_point_reports_errors_in_one_line() -> None:
    root = Path(__file__).parents[1]
    files = [file for package in ("handwriting_gan", "experiments") for file in (root / package).rglob("*.py")
             if '__name__ == "__main__"' in file.read_text("utf-8")]
    assert len(files) > 20
    assert not [file.name for file in files if "exit_in_one_line(main)" not in file.read_text("utf-8")]


@pytest.mark.parametrize(("description", "first"), [("Makes tables.\n\nLong text.", "Makes tables."), (None, "")])
def test_the_help_begins_with_the_first_line_of_the_description_and_ends_with_the_example(
        description: str | None, first: str) -> None:
    """With `python -OO` there is no docstring."""
    parser = Flags(description, example="python -m tool --out x")
    assert parser.description == first
    assert parser.format_help().endswith("python -m tool --out x\n")
    assert "Long text" not in parser.format_help()


def test_no_tool_reads_its_docstring_itself() -> None:
    root = Path(__file__).parents[1]
    assert not [file.name for package in ("handwriting_gan", "experiments") for file in (root / package).rglob("*.py")
                if "__doc__." in file.read_text("utf-8")]


@pytest.mark.parametrize(("error", "line"), [
    (ValueError("one\n  two"), "one two"),
    (KeyError("name"), "name"),
    (AttributeError(str(KeyError("'cylce'\nDid you mean \"cycle\"?"))), "'cylce'; did you mean \"cycle\"?"),
    (MemoryError(), "MemoryError"),
    (ValueError("5"), "5"),
])
def test_an_exception_is_one_line_without_escapes(error: Exception, line: str) -> None:
    assert one_line(error) == line
