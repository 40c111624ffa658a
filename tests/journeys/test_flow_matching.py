"""Flow matching at `tiny`: train, resume, save sheets, evaluate, write, and compare solvers."""

from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from configs import flow_matching
from experiments import compare_solvers
from handwriting_gan import evaluate, write
from handwriting_gan.data import sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.evaluation.scorecard import BEST_GUESS, NATURAL_TRY
from handwriting_gan.report.columns import DASH
from handwriting_gan.synthesis.sheets import for_training
from handwriting_gan.training.loop import train
from handwriting_gan.workdir.layout import Workdir

PICTURE = Path(__file__).parents[2] / "experiments" / "pictures" / "273.png"


@pytest.mark.slow  # tests/methods and tests/networks have the parts
def test_flow_matching_trains_resumes_is_evaluated_and_writes(
        written: Glyphs, held_out: Glyphs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        killed_copy: Callable[[Workdir], Workdir], assert_trained: Callable[..., None],
        run_entry_point: Callable[..., None]) -> None:
    config = flow_matching.get_config("tiny")
    config.update({"steps": 4, "checkpoint_every": 2, "sample_every": 4})
    by_writers = held_out._replace(writers=np.arange(len(held_out.digits), dtype=np.int32) % 10)
    sheets, workdir = for_training(config, by_writers), Workdir(tmp_path / "uninterrupted")
    state = train(config, workdir, written, sheets)
    assert_trained(config, state)
    killed = killed_copy(workdir)
    jax.tree.map(np.testing.assert_array_equal, train(config, killed, written, sheets), state)
    assert killed.metrics.read_bytes() == workdir.metrics.read_bytes()
    with Image.open(workdir.sample("writer", 4)) as sheet:
        assert len(sheet.getcolors(2**16) or []) > 2

    small = PROTOCOLS["quick"]._replace(sample=200, neighbours=200, spread=10, training_writers=20)
    monkeypatch.setitem(PROTOCOLS, "quick", small)
    monkeypatch.setattr(compare_solvers, "PROTOCOL", small)
    monkeypatch.setattr(sources, "load_both", lambda *_: (written, by_writers))
    run_entry_point(evaluate, "--workdir", workdir.root)
    card = scorecard.read(workdir.scorecard)
    assert card.made_from.method == "flow_matching"
    assert card.guided == {}
    for hand in card.hands:
        for row in (BEST_GUESS, NATURAL_TRY):
            assert hand.rows[row].digit_accuracy.value < 0.5  # after 4 steps

    run_entry_point(write, "--number", 481, "--like", PICTURE, "--workdir", workdir.root,
                    "--out", tmp_path / "481.png")
    assert (tmp_path / "481.png").exists()

    monkeypatch.setattr(compare_solvers, "STEPS", (2,))
    monkeypatch.setattr(compare_solvers, "GLYPHS", 20)
    run_entry_point(compare_solvers, "--workdir", workdir.root, "--out", tmp_path / "solvers.md")
    table = (tmp_path / "solvers.md").read_text("utf-8").split("\n\n")[0].splitlines()
    settings = [line.strip("|").split(" | ")[:3] for line in table[2:]]
    assert [[cell.strip() for cell in row] for row in settings[::2]] == [
        ["euler", "2", "2"], ["heun", "2", "4"], [DASH] * 3]
