"""Rows with a scorecard are kept, failures are reported, and the other rows continue."""

import json
import signal
import sys
from pathlib import Path

import pytest

from experiments import children, run_table
from experiments.run_table import (
    TABLES,
    Run,
    TableSpec,
    check_results,
    commands,
    curve_folder,
    default_folders,
    forecast_of,
    judged_points,
    points_of,
    requested_table,
    run,
    runs_of,
    select_rows,
    steps_of,
)
from handwriting_gan.errors import InputError
from handwriting_gan.workdir.layout import Workdir
from tests.experiments.conftest import send_when_present, sleeper

CARD = run_table.RESULTS / "rows" / "stargan_v1.json"
TABLE = TableSpec({"Done": "configs/done.py", "Breaks": "configs/more.py:breaks", "New": "configs/new.py"},
                  "folder", 30, "quick", "tiny")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """The runs that started; short programs replace training and evaluation, and `breaks` fails."""
    names = []

    def short_commands(row: Run, table: TableSpec, workdir: Path, data_folder: str | None) -> list[list[str]]:
        names.append([row.name, table.preset])
        path = Workdir(workdir).scorecard
        evaluate = (f"import pathlib, shutil; pathlib.Path({str(path.parent)!r}).mkdir(parents=True); "
                    f"shutil.copy({str(CARD)!r}, {str(path)!r})")
        failing = "raise SystemExit('disk full')" if row.name == "breaks" else "pass"
        return [[sys.executable, "-c", evaluate], [sys.executable, "-c", failing]]

    monkeypatch.setattr(run_table, "commands", short_commands)
    return names


def test_a_failing_row_leaves_its_error_and_the_others_continue(
        started: list[list[str]], tmp_path: Path) -> None:
    runs, results = tmp_path / "runs", tmp_path / "results"
    results.mkdir()
    (results / "done.json").write_text("kept")
    assert run(TABLE, runs, results) == ["breaks"]
    assert started == [["breaks", "tiny"], ["new", "tiny"]]
    assert (results / "done.json").read_text() == "kept"
    made = json.loads((results / "new.json").read_text())
    assert made["judges"]
    assert made["run"]["glyphs"] == 30
    assert made["run"]["seconds"] >= 0
    assert "core" in made["run"]["hardware"]
    assert "disk full" in (results / "breaks.failed.txt").read_text()
    assert not (results / "breaks.json").exists()


def test_a_failed_row_is_tried_again(started: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "new.failed.txt").write_text("it failed")
    table = TABLE._replace(rows={"New": "configs/new.py"})
    assert run(table, tmp_path / "runs", tmp_path) == []
    assert not (tmp_path / "new.failed.txt").exists()
    assert run(table, tmp_path / "runs", tmp_path) == []
    assert len(started) == 1


def test_an_aborted_command_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = tmp_path / "tried"
    program = f"import os, pathlib; pathlib.Path({str(tried)!r}).open('a').write('.'); os.abort()"
    monkeypatch.setattr(run_table, "commands", lambda *_: [[sys.executable, "-c", program]])
    table = TABLE._replace(rows={"New": "configs/new.py"})
    assert run(table, tmp_path / "runs", tmp_path) == ["new"]
    assert tried.read_text() == "."
    assert (tmp_path / "new.failed.txt").exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_all_rows_without_marking_them_failed(
        number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "first.failed.txt").write_text("from before")
    (tmp_path / "third.failed.txt").write_text("from before")

    def commands(row: Run, *_: object) -> list[list[str]]:
        return [sleeper(tmp_path / row.name)]

    monkeypatch.setattr(run_table, "commands", commands)
    table = TABLE._replace(rows={name: f"configs/{name}.py" for name in ("first", "second", "third")})
    send_when_present(number, tmp_path / "first.started", tmp_path / "second.started")
    with pytest.raises(SystemExit) as leaving, children.stop_together():
        run(table, tmp_path / "runs", tmp_path, jobs=2)
    assert leaving.value.code == 128 + number
    assert capsys.readouterr().err == (f"stopped by {signal.Signals(number).name}; "
                                       "run the same command again to resume\n")
    forwarded = signal.SIGTERM if number == signal.SIGHUP else number
    for name in ("first", "second"):
        assert (tmp_path / f"{name}.saved").read_text() == str(int(forwarded))
    assert not (tmp_path / "third.started").exists()
    assert [path.name for path in tmp_path.glob("*.failed.txt")] == ["third.failed.txt"]
    assert not list(tmp_path.glob("*.json"))


POINTS = TABLE._replace(rows={"New": "configs/stargan_v2.py"}, glyphs=30, protocol="full", points=(40, 10, 20))


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The flags of the commands that run; short programs replace training, which saves a step, and evaluation."""
    flags = []

    def short_commands(row: Run, table: TableSpec, workdir: Path, data_folder: str | None) -> list[list[str]]:
        train = ("import pathlib, sys; step = sys.argv[-1].rpartition('=')[2]; "
                 f"pathlib.Path({str(workdir)!r}, 'checkpoints', step).mkdir(parents=True, exist_ok=True)")
        evaluate = (f"import pathlib, shutil, sys; own = {str(Workdir(workdir).scorecard)!r}; "
                    "out = pathlib.Path(sys.argv[-1] if '--out' in sys.argv else own); "
                    f"out.parent.mkdir(parents=True, exist_ok=True); shutil.copy({str(CARD)!r}, out)")
        return [[sys.executable, "-c", train, f"--config.steps={steps_of(row, table)}"],
                [sys.executable, "-c", evaluate, "--protocol", table.protocol]]

    def run_command(command: list[str]) -> object:
        flags.append(command[3:])
        return children.run(command)

    monkeypatch.setattr(run_table, "commands", short_commands)
    monkeypatch.setattr(run_table, "run_command", run_command)
    return flags


def test_a_row_is_judged_by_the_quick_protocol_on_the_way_and_at_the_end(
        called: list[list[str]], tmp_path: Path) -> None:
    """Batches of four: 10, 20 and 30 glyphs are 3, 5 and 8 steps."""
    runs, results = tmp_path / "runs", tmp_path / "results"
    assert run(POINTS, runs, results) == []
    outs = [str(curve_folder(runs / "stargan_v2", glyphs) / "scorecard.json") for glyphs in (10, 20, 30)]
    train = "--config.steps=8"
    assert called == [
        [train, "--stop_at=3"], ["--protocol", "quick", "--out", outs[0]],
        [train, "--stop_at=5"], ["--protocol", "quick", "--out", outs[1]],
        [train, "--stop_at=8"], ["--protocol", "quick", "--out", outs[2]],
        [train], ["--protocol", "full"]]
    assert judged_points(results) == [10, 20, 30]
    for glyphs in (10, 20, 30):
        made = json.loads((curve_folder(results, glyphs) / "stargan_v2.json").read_text())
        assert made["run"] | {"hardware": ""} == {"glyphs": glyphs, "seed": 0, "hardware": "", "seconds": None}
    assert json.loads((results / "stargan_v2.json").read_text())["run"]["seconds"] >= 0


def test_a_row_goes_on_where_it_stopped(called: list[list[str]], tmp_path: Path) -> None:
    results = tmp_path / "results"
    folder = curve_folder(results, 10)
    folder.mkdir(parents=True)
    (folder / "stargan_v2.json").write_text("kept")
    assert run(POINTS, tmp_path / "runs", results) == []
    assert [flags[-1] for flags in called[::2]] == ["--stop_at=5", "--stop_at=8", "--config.steps=8"]
    assert (folder / "stargan_v2.json").read_text() == "kept"


def test_a_run_that_is_past_a_point_is_not_judged_there(called: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "runs" / "stargan_v2" / "checkpoints" / "4").mkdir(parents=True)
    assert run(POINTS, tmp_path / "runs", tmp_path / "results") == []
    assert judged_points(tmp_path / "results") == [20, 30]


def test_a_row_that_fails_at_a_point_keeps_its_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = [sys.executable, "-c", "raise SystemExit('disk full')"]
    monkeypatch.setattr(run_table, "commands", lambda *_: [failing, failing])
    assert run(POINTS, tmp_path / "runs", tmp_path) == ["stargan_v2"]
    assert "disk full" in (tmp_path / "stargan_v2.failed.txt").read_text()
    assert judged_points(tmp_path) == []


@pytest.mark.parametrize(("glyphs", "protocol", "points", "expected"), [
    (144_000, "full", (24_000, 72_000), [24_000, 72_000, 144_000]),
    (72_000, "quick", (24_000, 72_000), [24_000]),  # the table's own scorecard is that at the end
    (24_000, "full", (24_000, 72_000), []),
    (144_000, "full", (), []),
])
def test_points_are_below_the_budget(
        glyphs: int, protocol: str, points: tuple[int, ...], expected: list[int]) -> None:
    table = TABLE._replace(glyphs=glyphs, protocol=protocol, points=points)
    assert [point.glyphs for point in points_of(table)] == expected
    assert {point.protocol for point in points_of(table)} <= {"quick"}


def test_an_accelerator_runs_whole_dispatches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty steps of 64 glyphs a dispatch."""
    table = TABLES["ladder"]._replace(preset="base", glyphs=6_000_000)
    row = Run("configs/stargan_v2.py", 0)
    for each in (table, *points_of(table)):
        assert steps_of(row, each) % 20 == 0
        assert each.glyphs <= steps_of(row, each) * 64 < each.glyphs + 20 * 64


def card(preset: str, glyphs: int | None, protocol: str = "full", step: int = 3) -> str:
    """The text of a scorecard with these settings."""
    fields = json.loads(CARD.read_text())
    fields["made_from"] |= {"preset": preset, "step": step}
    fields["made_from"]["protocol"]["name"] = protocol
    fields["run"] = None if glyphs is None else {"glyphs": glyphs, "seed": 0, "hardware": "", "seconds": None}
    return json.dumps(fields)


def test_another_preset_or_budget_has_separate_default_folders() -> None:
    assert default_folders("ladder", requested_table("ladder")) == (run_table.RUNS, run_table.RESULTS)
    assert default_folders("ladder", requested_table("ladder", "small", 24_000, ["stargan_v1"])) == (
        run_table.RUNS, run_table.RESULTS)
    for preset, glyphs, name in ((None, 100, "small_100"), ("tiny", None, "tiny_24000")):
        runs, results = default_folders("ladder", requested_table("ladder", preset, glyphs))
        assert (runs, results) == (run_table.RUNS / name, run_table.RUNS / name / "results")


@pytest.mark.parametrize(("held", "field"), [
    (card("tiny", 24_000), "preset tiny, not small"),
    (card("small", 100), "glyphs 100, not 24000"),
    (card("small", 24_000, "quick"), "protocol quick, not full"),
    (card("small", None, step=7), "glyphs unknown, of 7 steps, not 24000"),
    ('{"name": "a package"}', "is not a scorecard"),
    ("[1", "is not a scorecard"),
])
def test_a_folder_with_other_scorecards_is_refused(held: str, field: str, tmp_path: Path) -> None:
    (tmp_path / "stargan_v1.json").write_text(held)
    with pytest.raises(InputError, match=field):
        check_results(TABLES["ladder"], tmp_path)


@pytest.mark.parametrize(("held", "field"), [
    (card("small", 10, "full"), "protocol full, not quick"),
    (card("small", 20, "quick"), "glyphs 20, not 10"),
    (card("tiny", 10, "quick"), "preset tiny, not small"),
    ("{}", "is not a scorecard"),
])
def test_scorecards_on_the_way_are_of_the_quick_protocol_and_of_their_folders_glyphs(
        held: str, field: str, tmp_path: Path) -> None:
    folder = curve_folder(tmp_path, 10)
    folder.mkdir(parents=True)
    (folder / "stargan_v1.json").write_text(card("small", 10, "quick"))
    check_results(TABLES["ladder"], tmp_path)
    (folder / "stargan_v1.1.json").write_text(held)
    with pytest.raises(InputError, match=field) as refused:
        check_results(TABLES["ladder"], tmp_path)
    assert "stargan_v1.1.json" in str(refused.value)


def test_glyphs_follow_from_the_steps_if_the_scorecard_lacks_them(tmp_path: Path) -> None:
    steps = steps_of(Run("configs/stargan_v1.py", 0), TABLES["ladder"])
    (tmp_path / "stargan_v1.1.json").write_text(card("small", None, step=steps))
    check_results(TABLES["ladder"], tmp_path)


@pytest.mark.parametrize("table", TABLES)
def test_the_committed_scorecards_have_their_tables_settings(table: str) -> None:
    check_results(TABLES[table], run_table.RESULTS / TABLES[table].folder)


@pytest.mark.parametrize(("flags", "reason"), [
    (["--rows", "stargan_v3"], "no row 'stargan_v3'"),
    (["--results", "{file}/results"], "cannot write"),
    (["--runs", "{file}/runs"], "cannot write"),
    (["--data_folder", "{empty}"], "holds no train-images-idx3-ubyte"),
    (["--seeds", "1.5"], "whole number from 1"),
    (["--jobs", "0"], "whole number from 1"),
    (["--points", "0"], "whole number from 1"),
    (["--forecast", "maybe"], "invalid choice"),
])
def test_bad_flags_are_refused_before_any_row(
        flags: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(run_table, "run_command", lambda command: pytest.fail("a row started"))
    monkeypatch.setattr(run_table, "RUNS", tmp_path / "runs")
    paths = {"file": str(tmp_path / "file"), "empty": str(tmp_path / "empty")}
    monkeypatch.setattr("sys.argv", ["run_table", "ladder", "--preset", "tiny",
                                     *(flag.format(**paths) for flag in flags)])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=reason):
        run_table.main()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_forecast_counts_what_is_left_of_every_missing_run(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seeds of eight steps: one has its scorecard, the other four steps and its first point behind it."""
    runs, results = tmp_path / "runs", tmp_path / "results"
    results.mkdir()
    (results / "stargan_v2.json").touch()
    (runs / "stargan_v2.1" / "checkpoints" / "4").mkdir(parents=True)
    asked = []
    monkeypatch.setattr(run_table.forecast, "step_seconds", lambda *given: asked.append(given) or {
        "configs/stargan_v2.py": 900.0})
    text = forecast_of(POINTS, runs, results, seeds=2, data_folder="data")
    assert asked == [({"configs/stargan_v2.py": 8}, "tiny", "data")]
    first, total, hour = text.splitlines()
    assert first == "stargan_v2.1: 4 steps of 900 s, 60 min"
    evaluation = sum(map(run_table.forecast.EVALUATION.get, ("quick", "quick", "full")))
    assert total.startswith("1 rows one after the other: about ")
    assert f"evaluation about {run_table.forecast.duration(evaluation)}" in total
    assert hour == "--glyphs 15 would take an hour of training in all, plus evaluation"


@pytest.mark.parametrize(("flag", "expected"), [
    ("only", ["forecast"]), ("first", ["forecast", "run"]), ("none", ["run"])])
def test_the_forecast_comes_first_or_alone_or_not(
        flag: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened = []
    monkeypatch.setattr(run_table, "check_before_training", lambda *_: None)
    monkeypatch.setattr(run_table, "forecast_of", lambda *_: happened.append("forecast"))
    monkeypatch.setattr(run_table, "run", lambda *_: happened.append("run") or [])
    monkeypatch.setattr("sys.argv", ["run_table", "ladder", "--runs", str(tmp_path), "--results", str(tmp_path),
                                     "--forecast", flag])
    run_table.main()
    assert happened == expected


def test_more_seeds_are_more_runs_and_jobs_run_at_the_same_time(
        started: list[list[str]], tmp_path: Path) -> None:
    table = TABLE._replace(rows={"New": "configs/new.py", "Other": "configs/other.py"})
    assert run(table, tmp_path / "runs", tmp_path, seeds=2, jobs=2) == []
    assert sorted(name for name, _ in started) == ["new", "new.1", "other", "other.1"]
    assert {path.name for path in tmp_path.glob("*.json")} == {
        "new.json", "new.1.json", "other.json", "other.1.json"}
    assert run(table, tmp_path / "runs", tmp_path, seeds=3, jobs=1) == []
    assert [name for name, _ in started[4:]] == ["new.2", "other.2"]


def test_rows_are_selected_by_name_in_the_tables_order() -> None:
    rows = select_rows(TABLES["ladder"], ["stargan_v2", "stargan_v1"])
    assert rows == {"A: StarGAN": "configs/stargan_v1.py",
                    "F: + diversity (StarGAN v2)": "configs/stargan_v2.py"}
    with pytest.raises(InputError, match="no row 'stargan_v3'; its rows are stargan_v1, "):
        select_rows(TABLES["ladder"], ["stargan_v3"])


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_a_config_and_the_same_budget(table: str) -> None:
    table = TABLES[table]
    for row in runs_of(table, seeds=2):
        training, evaluation = commands(row, table, Path("runs") / row.name)
        steps, = (int(word.partition("=")[2]) for word in training if word.startswith("--config.steps="))
        config = run_table.load_config(row.config, table.preset)
        targets = 36 if config.method in ("writer_guided", "flow_matching") else 1
        batches = config.get("discriminator_updates", config.get("content_discriminator_updates", 1))
        a_step = config.batch_size * targets * batches
        assert table.glyphs <= steps * a_step < table.glyphs + a_step
        assert f"--config.seed={row.seed}" in training
        assert evaluation[-4:] == ["--protocol", table.protocol, "--data", "mnist_writers"]


def test_a_method_that_reads_five_batches_a_step_has_a_fifth_of_the_steps() -> None:
    ladder = {row.name: row for row in runs_of(TABLES["ladder"], seeds=1)}
    steps = {name: steps_of(ladder[name], TABLES["ladder"])
             for name in ("stargan_v1", "multi_task_discriminator", "stargan_v2")}
    assert steps["stargan_v1"] == steps["multi_task_discriminator"] == -(-steps["stargan_v2"] // 5)


def test_the_suggestions_have_both_diversity_weights_and_the_relativistic_loss() -> None:
    weights = {row.name: run_table.load_config(row.config, "small").losses
               for row in runs_of(TABLES["suggestions"], seeds=1)}
    assert {name: weights[name].diversity for name in ("stargan_v2", "doubled_diversity", "heavier_diversity")} == {
        "stargan_v2": 1.0, "doubled_diversity": 2.0, "heavier_diversity": 4.0}
    assert set(weights["relativistic"]) == set(weights["stargan_v2"]) - {"adversarial"} | {"relativistic", "r2"}


def test_tables_that_share_a_folder_share_preset_budget_and_protocol() -> None:
    by_folder = {}
    for table in TABLES.values():
        by_folder.setdefault(table.folder, set()).add((table.preset, table.glyphs, table.protocol))
    assert all(len(budgets) == 1 for budgets in by_folder.values())
    names = [row.name for table in TABLES.values() for row in runs_of(table, seeds=1)]
    configs = {config for table in TABLES.values() for config in table.rows.values()}
    assert len(set(names)) == len(configs)
