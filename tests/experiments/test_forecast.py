"""A forecast from measured steps: its arithmetic, its words, and a config that cannot be measured."""

import sys
from pathlib import Path

import pytest

from experiments import forecast
from experiments.forecast import EVALUATION, Planned, describe, duration, rounded_down


def test_a_forecast_adds_up_what_is_left_of_every_run() -> None:
    planned = [Planned("one", "a.py", steps=1_000, left=600, glyphs=8_000, protocols=("quick", "full")),
               Planned("one.1", "a.py", steps=1_000, left=1_000, glyphs=8_000, protocols=("full",))]
    one, other, total, hour = describe(planned, {"a.py": 0.5}).splitlines()
    assert one == "one: 600 steps of 0.5 s, 5 min"
    assert other == "one.1: 1,000 steps of 0.5 s, 8 min"
    evaluation = EVALUATION["quick"] + 2 * EVALUATION["full"]
    assert total == (f"2 rows one after the other: about {duration(800 + evaluation)}, of which training takes 13 min "
                     f"and evaluation about {duration(evaluation)} (as on two cores)")
    # Two runs of 8,000 glyphs take 1,000 seconds, so an hour is enough for 28,800 glyphs each.
    assert hour == "--glyphs 28000 would take an hour of training in all, plus evaluation"


def test_a_run_that_could_not_be_measured_is_named_and_not_counted() -> None:
    planned = [Planned(name, f"{name}.py", 10, 10, 40, ("quick",)) for name in ("good", "bad")]
    lines = describe(planned, {"good.py": 1.0}).splitlines()
    assert lines[:2] == ["good: 10 steps of 1 s, 10 s", "bad: a step could not be measured"]
    assert lines[2].startswith("1 rows")
    assert describe(planned, {}).splitlines()[-1].startswith("0 rows")


def test_without_runs_there_is_nothing_to_forecast() -> None:
    assert describe([], {}) == "every row has its scorecard"


@pytest.mark.parametrize(("seconds", "text"), [
    (0.4, "0 s"), (99.4, "99 s"), (100, "2 min"), (5_940, "99 min"), (6_000, "1 h 40 min"), (36_061, "10 h 1 min")])
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("number", "rounded"), [
    (0.2, 1), (1.9, 1), (99.9, 99), (100, 100), (129, 120), (98_765, 98_000), (6_000_000, 6_000_000)])
def test_glyphs_are_rounded_down_to_two_digits(number: float, rounded: int) -> None:
    assert rounded_down(number) == rounded


def test_each_config_is_measured_in_a_process_and_one_that_fails_is_named(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """A short program replaces the measurement."""
    started, given = forecast.children.run, []

    def run(command: list[str], **options: object) -> object:
        given.append(command[3:])
        program = ("print('loading'); print('{\"seconds\": 0.25}')" if "good" in command[3] else
                   "raise SystemExit('error: no such config')")
        return started([sys.executable, "-c", program], **options)

    monkeypatch.setattr(forecast.children, "run", run)
    found = forecast.step_seconds({"good.py": 100, "bad.py": 7}, "tiny", str(tmp_path))
    assert found == {"good.py": 0.25}
    assert given == [["good.py", "--preset=tiny", "--steps=100", f"--data_folder={tmp_path}"],
                     ["bad.py", "--preset=tiny", "--steps=7", f"--data_folder={tmp_path}"]]
    assert capsys.readouterr().out.splitlines() == [forecast.MEASURING, "bad.py: error: no such config"]
    assert forecast.step_seconds({}, "tiny") == {}
    assert not capsys.readouterr().out
