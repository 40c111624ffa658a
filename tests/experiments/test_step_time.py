"""The measured step is that of the row's own config, without the steps that warm up."""

import json
import time
from collections.abc import Callable

import pytest
from ml_collections import ConfigDict

from experiments.benchmarks import step_time


def test_the_steps_of_a_rows_config_are_timed_after_a_warm_up(
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """The stand-in runs two steps a call; the first call is slow, as if it compiled."""
    prepared, asked = [], []

    def prepare(config: ConfigDict, glyphs: str) -> tuple[Callable[[int], int], None]:
        prepared.append((config, glyphs))

        def run(steps: int) -> int:
            time.sleep(0.01 if asked else 0.3)
            asked.append(steps)
            return 2

        return run, None

    monkeypatch.setattr(step_time, "prepare", prepare)
    monkeypatch.setattr(step_time, "LEAST", 0.05)
    monkeypatch.setattr(step_time.devices, "one_virtual_device_per_core", lambda size: asked.clear())
    monkeypatch.setattr(step_time.cache, "keep_compiled", lambda: None)
    monkeypatch.setattr(step_time.sources, "load", lambda *given: given)
    monkeypatch.setattr("sys.argv", ["step_time", "configs/ablations.py:without_cycle", "--preset", "tiny",
                                     "--steps", "77", "--data_folder", "here"])
    step_time.main()
    (config, glyphs), = prepared
    assert (config.data, config.steps, config.preset, "cycle" in config.losses) == ("mnist_writers", 77, "tiny", False)
    assert glyphs == ("mnist_writers", "train", "here")
    assert asked[0] == step_time.WARM_UP
    assert set(asked[1:]) == {1}
    assert 0.005 <= json.loads(capsys.readouterr().out)["seconds"] < 0.05
