"""The log contains no step twice and no incomplete line."""

import json
from pathlib import Path

import pytest

from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.workdir.metric_log import MetricLog
from handwriting_gan.workdir.trackers import TensorBoard


def log(folder: Path, begin: int, steps: range) -> None:
    writer = MetricLog(Workdir(folder), begin, TensorBoard(Workdir(folder), begin))
    for step in steps:
        writer.write(step, {"loss": step / 10}, speed=1.0)
    writer.close()


def steps_in(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in Workdir(folder).metrics.read_text().splitlines()]


def test_resuming_removes_the_lines_after_the_checkpoint(tmp_path: Path) -> None:
    log(tmp_path, 0, range(1, 6))
    log(tmp_path, 3, range(4, 8))
    assert steps_in(tmp_path) == [1, 2, 3, 4, 5, 6, 7]


def test_an_incomplete_last_line_is_dropped(tmp_path: Path) -> None:
    log(tmp_path, 0, range(1, 3))
    with Workdir(tmp_path).metrics.open("a") as file:
        file.write('{"step": 3, "lo')
    log(tmp_path, 3, range(4, 5))
    assert steps_in(tmp_path) == [1, 2, 4]


def test_the_lines_contain_no_time(tmp_path: Path) -> None:
    log(tmp_path, 0, range(1, 2))
    assert json.loads(Workdir(tmp_path).metrics.read_text()) == {"step": 1, "loss": 0.1}


def test_tensorboard_receives_events(tmp_path: Path) -> None:
    log(tmp_path, 0, range(1, 2))
    assert [path.stat().st_size > 0 for path in Workdir(tmp_path).events.iterdir()] == [True]


GARBAGE = (b"\xff\xfe\x00", b"no JSON", b"[1, 2]", b"5", b"{}", b'{"step": "2"}', b'{"step": true}',
           b'{"step": 2.5}', b"[" * 100_000)


@pytest.mark.parametrize("position", [0, 1, 3])
def test_unreadable_lines_are_moved(position: int, tmp_path: Path,
                                    capsys: pytest.CaptureFixture[str]) -> None:
    log(tmp_path, 0, range(1, 4))
    metrics = Workdir(tmp_path).metrics
    lines = metrics.read_bytes().splitlines()
    metrics.write_bytes(b"\n".join([*lines[:position], *GARBAGE, *lines[position:], b""]))
    log(tmp_path, 3, range(4, 5))
    assert steps_in(tmp_path) == [1, 2, 3, 4]
    assert (tmp_path / "metrics_damaged.jsonl").read_bytes() == b"\n".join([*GARBAGE, b""])
    assert capsys.readouterr().err.count("\n") == 1


def test_a_complete_last_line_without_a_newline_is_kept(tmp_path: Path) -> None:
    log(tmp_path, 0, range(1, 3))
    metrics = Workdir(tmp_path).metrics
    metrics.write_bytes(metrics.read_bytes().rstrip())
    log(tmp_path, 2, range(3, 4))
    assert steps_in(tmp_path) == [1, 2, 3]
