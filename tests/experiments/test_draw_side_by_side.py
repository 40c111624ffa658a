"""Rows of a table side by side: those that are finished, by their headings."""

from pathlib import Path

import pytest

from configs import conditional_dcgan
from experiments.draw_side_by_side import trained
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.training.loop import train
from handwriting_gan.workdir.layout import Workdir


def test_rows_that_are_finished_are_shown_by_their_headings(
        glyphs: Glyphs, held_out: Glyphs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row of the table rivals is finished"):
        trained("rivals", tmp_path)
    config = conditional_dcgan.get_config("tiny")
    config.update({"steps": 1, "checkpoint_every": 1})
    workdir = Workdir(tmp_path / "rows" / "conditional_dcgan")
    train(config, workdir, glyphs, held_out)
    with pytest.raises(InputError, match="no row"):
        trained("rivals", tmp_path)
    workdir.scorecard.write_text("{}")
    model, = trained("rivals", tmp_path).items()
    assert model[0] == "conditional DCGAN"
    assert model[1].step == 1
