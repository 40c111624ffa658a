"""Rows of a table side by side: those that are finished, by their headings."""

import dataclasses
from pathlib import Path

import pytest
from handwriting_gan.workdir.trained_model import TrainedModel

from experiments import draw_side_by_side
from experiments.checkout import RESULTS
from experiments.draw_side_by_side import check_alike, trained
from experiments.run_table import TABLES
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.workdir import trained_model
from handwriting_gan.workdir.layout import Workdir


def test_rows_that_are_finished_are_shown_by_their_headings(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_model, "load", lambda workdir: workdir)
    with pytest.raises(InputError, match="no row of the table rivals is finished"):
        trained("rivals", tmp_path)
    workdir = Workdir(tmp_path / "rows" / "conditional_dcgan")
    workdir.checkpoints.mkdir(parents=True)
    with pytest.raises(InputError, match="no row"):
        trained("rivals", tmp_path)
    workdir.scorecard.write_text("{}")
    assert trained("rivals", tmp_path) == {"conditional DCGAN": workdir.root}


@pytest.fixture(scope="module")
def released() -> TrainedModel:
    """Of the preset small, on mnist_writers, batch 2 of 36 glyphs each."""
    return trained_model.load()


def changed(model: TrainedModel, step: int, **fields: object) -> TrainedModel:
    """The model, as if it had been trained otherwise."""
    config = model.config.copy_and_resolve_references()
    config.update(fields)
    return dataclasses.replace(model, config=config, step=step)


def test_models_trained_alike_stand_side_by_side_whatever_their_batches(released: TrainedModel) -> None:
    glyphs = released.config.batch_size * released.method.examples.targets * 100
    twice = 2 * released.config.batch_size
    own = TABLES["few_shot"]._replace(glyphs=glyphs - 1)  # less than a step under it
    check_alike({"one": changed(released, 100), "other": changed(released, 50, batch_size=twice)}, own)


@pytest.mark.parametrize(("step", "fields", "said"), [
    (100, {"preset": "tiny"}, "one and other cannot stand side by side: preset is small in the one and tiny"),
    (100, {"data": "mnist"}, "data is mnist_writers in the one and mnist"),
    (101, {}, "other and one cannot stand side by side: in training the one had at least 7,201 glyphs"),
])
def test_models_that_were_not_trained_alike_do_not(
        step: int, fields: dict[str, str], said: str, released: TrainedModel) -> None:
    with pytest.raises(InputError, match=said):
        check_alike({"one": changed(released, 100), "other": changed(released, step, **fields)})


def test_what_is_published_is_of_the_tables_own_budget(released: TrainedModel) -> None:
    with pytest.raises(InputError, match="the published table and one cannot stand side by side"):
        check_alike({"one": changed(released, 100)}, TABLES["few_shot"])


@pytest.mark.parametrize(("flags", "where"), [
    ([], "runs"), (["--results", "{tmp}/other"], "other"), (["--publish"], None)])
def test_committed_pictures_are_replaced_on_demand_only(
        flags: list[str], where: str | None, tmp_path: Path, released: TrainedModel, held_out: Glyphs,
        monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(draw_side_by_side, "write_atomically", lambda path, content: written.append(path))
    monkeypatch.setattr(draw_side_by_side, "trained", lambda table, runs: {"one": released})
    monkeypatch.setattr(draw_side_by_side, "check_alike", lambda models, own: written.append(own))
    monkeypatch.setattr(draw_side_by_side.sources, "load_both", lambda *_: (held_out, held_out))
    monkeypatch.setattr(draw_side_by_side, "sample_episodes", lambda *_: None)
    for name in ("reference_guided", "hands", "labelled"):
        monkeypatch.setattr(draw_side_by_side.side_by_side, name, lambda *_: {})
    monkeypatch.setattr("sys.argv", ["draw", "rivals", "--runs", str(tmp_path / "runs"),
                                     *(flag.format(tmp=tmp_path) for flag in flags)])
    draw_side_by_side.main()
    folder = tmp_path / where if where else RESULTS
    assert written == [None if where else TABLES["rivals"],
                       folder / "rivals_matrix.png", folder / "rivals_hands.png"]
