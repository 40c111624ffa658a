"""A door says what is wrong in one line and ends with code 2."""

import pytest

from handwriting_gan.errors import InputError, exit_in_one_line


def test_an_input_error_becomes_one_line_on_stderr_and_code_2(
        capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise InputError("no such file;\n  name\tanother")

    with pytest.raises(SystemExit) as end:
        exit_in_one_line(main)
    said = capsys.readouterr()
    assert end.value.code == 2
    assert said.err == "error: no such file; name another\n"
    assert said.out == ""


def test_who_stops_a_door_sees_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as end:
        exit_in_one_line(main)
    assert end.value.code == 130
    assert capsys.readouterr().err == "stopped\n"


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    def main() -> None:
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        exit_in_one_line(main)


def test_a_main_that_ends_well_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    calls = []
    exit_in_one_line(lambda: calls.append("called"))
    assert calls == ["called"]
    assert capsys.readouterr() == ("", "")
