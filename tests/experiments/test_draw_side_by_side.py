"""Pictures of evaluated rows side by side."""

import dataclasses
from pathlib import Path

import pytest

from experiments import draw_side_by_side
from experiments.checkout import RESULTS
from experiments.draw_side_by_side import check_alike, load_rows
from experiments.run_table import TABLES
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.workdir.layout import Workdir


def test_evaluated_rows_are_loaded_by_heading(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trained_model, "load", lambda workdir: workdir)
    with pytest.raises(InputError, match="no row of the table comparison is evaluated"):
        load_rows("comparison", tmp_path)
    workdir = Workdir(tmp_path / "rows" / "conditional_dcgan")
    workdir.checkpoints.mkdir(parents=True)
    with pytest.raises(InputError, match="no row"):
        load_rows("comparison", tmp_path)
    workdir.scorecard.write_text("{}")
    assert load_rows("comparison", tmp_path) == {"conditional DCGAN": workdir.root}


@pytest.fixture(scope="module")
def released() -> TrainedModel:
    """Of the preset small, on mnist_writers, batch 2 of 36 glyphs each."""
    return trained_model.load()


def changed(model: TrainedModel, step: int, **fields: object) -> TrainedModel:
    """The model with another step and other config fields."""
    config = model.config.copy_and_resolve_references()
    config.update(fields)
    return dataclasses.replace(model, config=config, step=step)


def test_models_of_one_budget_may_differ_in_batch_size(released: TrainedModel) -> None:
    glyphs = 100 * released.method.glyphs_per_step(released.config.batch_size)
    twice = 2 * released.config.batch_size
    own = TABLES["few_shot"]._replace(glyphs=glyphs - 1)  # less than a step under it
    check_alike({"one": changed(released, 100), "other": changed(released, 50, batch_size=twice)}, own)


@pytest.mark.parametrize(("step", "fields", "message"), [
    (100, {"preset": "tiny"}, "one and other cannot be compared: preset is small in the first and tiny"),
    (100, {"data": "mnist"}, "data is mnist_writers in the first and mnist"),
    (101, {}, "other and one cannot be compared: in training the first saw at least 7,201 glyphs"),
])
def test_models_that_differ_in_training_are_refused(
        step: int, fields: dict[str, str], message: str, released: TrainedModel) -> None:
    with pytest.raises(InputError, match=message):
        check_alike({"one": changed(released, 100), "other": changed(released, step, **fields)})


def test_published_pictures_need_the_tables_own_budget(released: TrainedModel) -> None:
    with pytest.raises(InputError, match="the published table and one cannot be compared"):
        check_alike({"one": changed(released, 100)}, TABLES["few_shot"])


@pytest.mark.parametrize(("flags", "where"), [
    ([], "runs"), (["--results", "{tmp}/other"], "other"), (["--publish"], None)])
def test_committed_pictures_are_replaced_only_with_publish(
        flags: list[str], where: str | None, tmp_path: Path, released: TrainedModel, held_out: Glyphs,
        monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    monkeypatch.setattr(draw_side_by_side, "write_atomically", lambda path, content: written.append(path))
    monkeypatch.setattr(draw_side_by_side, "load_rows", lambda table, runs: {"one": released})
    monkeypatch.setattr(draw_side_by_side, "check_alike", lambda models, own: written.append(own))
    monkeypatch.setattr(draw_side_by_side.sources, "load_both", lambda *_: (held_out, held_out))
    monkeypatch.setattr(draw_side_by_side, "sample_episodes", lambda *_: None)
    for name in ("translations", "hands"):
        monkeypatch.setattr(draw_side_by_side.examples, name, lambda *_: {})
    monkeypatch.setattr(draw_side_by_side, "labelled_rows", lambda rows: b"")
    monkeypatch.setattr("sys.argv", ["draw_side_by_side", "comparison", "--runs", str(tmp_path / "runs"),
                                     *(flag.format(tmp=tmp_path) for flag in flags)])
    draw_side_by_side.main()
    folder = tmp_path / where if where else RESULTS
    assert written == [None if where else TABLES["comparison"],
                       folder / "comparison_matrix.png", folder / "comparison_hands.png"]
