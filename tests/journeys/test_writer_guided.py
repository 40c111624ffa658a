"""The writer-guided method at `tiny`: train, resume, evaluate; tries, best guesses and a morph."""

import io
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from configs import writer_guided
from experiments.release import release
from handwriting_gan import evaluate, write
from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.data.pictures import GAP
from handwriting_gan.errors import InputError
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.synthesis import sheets, trained_model
from handwriting_gan.synthesis.sheets import for_training
from handwriting_gan.training.loop import train
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.workdir.layout import Workdir

PICTURE = Path(__file__).parents[2] / "experiments" / "pictures" / "273.png"


@pytest.fixture(scope="module")
def config() -> ConfigDict:
    config = writer_guided.get_config("tiny")
    config.update({"steps": 4, "checkpoint_every": 2, "sample_every": 4})
    return config


@pytest.fixture(scope="module")
def by_writers(held_out: Glyphs) -> Glyphs:
    """The embedded test glyphs with invented writers: every tenth glyph has the same."""
    return held_out._replace(writers=np.arange(len(held_out.digits), dtype=np.int32) % 10)


@pytest.fixture(scope="module")
def uninterrupted(config: ConfigDict, written: Glyphs, by_writers: Glyphs,
             tmp_path_factory: pytest.TempPathFactory) -> tuple[Workdir, TrainState]:
    """A run without interruption."""
    workdir = Workdir(tmp_path_factory.mktemp("uninterrupted"))
    return workdir, train(config, workdir, written, for_training(config, by_writers))


@pytest.fixture(scope="module")
def run(config: ConfigDict, untrained: Callable[..., Workdir]) -> Workdir:
    """A run with random networks."""
    return untrained(config, 4)


@pytest.fixture
def write_481(run: Workdir, tmp_path: Path,
              run_entry_point: Callable[..., None]) -> Callable[..., Image.Image]:
    """Writes 481 in the hand of the picture of 273; returns the result."""

    def call(*flags: object, out: str = "481.png") -> Image.Image:
        run_entry_point(write, "--number", 481, "--like", PICTURE, "--workdir", run.root, *flags,
                 "--out", tmp_path / out)
        return Image.open(io.BytesIO((tmp_path / out).read_bytes()))

    return call


@pytest.mark.slow  # test_train_evaluate_write.py tests a method that compiles faster
def test_a_killed_run_resumes_to_the_same_bits(
        config: ConfigDict, uninterrupted: tuple[Workdir, TrainState], written: Glyphs, by_writers: Glyphs,
        killed_copy: Callable[[Workdir], Workdir]) -> None:
    workdir, state = uninterrupted
    killed = killed_copy(workdir)
    resumed = train(config, killed, written, for_training(config, by_writers))
    assert jax.tree.all(jax.tree.map(np.array_equal, resumed, state))
    assert killed.metrics.read_bytes() == workdir.metrics.read_bytes()
    saved = [each.sample("writer", config.steps).read_bytes() for each in (killed, workdir)]
    assert saved[0] == saved[1]


@pytest.mark.slow  # tests/methods and tests/writing have the parts
def test_a_sheet_shows_references_best_guesses_and_tries_of_each_writer(run: Workdir, by_writers: Glyphs) -> None:
    sheet = sheets.sheets(trained_model.load(run.root), by_writers)["writer"]
    assert sheet.ink.shape == (10 * SIDE, 5 * SIDE + GAP + 10 * SIDE + GAP + 10 * SIDE)
    assert sheet.ink.min() < 50 < 200 < sheet.ink.max()


@pytest.mark.slow  # tests/data/test_hands.py tests it too
def test_training_without_writers_is_an_error(
        config: ConfigDict, glyphs: Glyphs, by_writers: Glyphs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mnist_writers"):
        train(config, Workdir(tmp_path), glyphs, for_training(config, by_writers))


@pytest.mark.slow  # tests/methods and tests/writing have the parts
def test_a_release_writes_and_blends_like_the_run_and_has_no_route(
        run: Workdir, by_writers: Glyphs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="writer_guided has no route"):
        release(run.root, "source", tmp_path)
    release(run.root, None, tmp_path)
    released, whole = (trained_model.load(root) for root in (tmp_path, run.root))
    one, other = by_writers.take([5, 300]), by_writers.take([700])
    np.testing.assert_array_equal(released.write(one, [4, 8, 1]), whole.write(one, [4, 8, 1]))
    np.testing.assert_array_equal(released.blend(one, other, [4], 0.5), whole.blend(one, other, [4], 0.5))


@pytest.mark.slow  # tests/evaluation/test_measure.py tests a model without training
def test_evaluation_without_a_guided_mode_fills_a_scorecard(
        uninterrupted: tuple[Workdir, TrainState], tmp_path: Path, run_entry_point: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch) -> None:
    small = PROTOCOLS["quick"]._replace(sources=1, outputs=3, sample=200, neighbours=200, spread=10)
    monkeypatch.setitem(PROTOCOLS, "quick", small)
    run_entry_point(evaluate, "--workdir", uninterrupted[0].root, "--data", "mnist_5k", "--out", tmp_path / "card.json")
    card = scorecard.read(tmp_path / "card.json")
    assert card.made_from.method == "writer_guided"
    assert (card.guided, card.hands) == ({}, [])
    assert "mnist_writers" in card.no_hand
    assert (tmp_path / "card.md").exists()


@pytest.mark.slow  # tests/methods and tests/synthesis have the parts
def test_the_seed_changes_a_natural_try_but_not_the_best_guess(
        write_481: Callable[..., Image.Image]) -> None:
    def pixels(*flags: object) -> np.ndarray:
        return np.asarray(write_481(*flags))

    best = pixels("--vary", 0)
    np.testing.assert_array_equal(best, pixels("--vary", 0, "--seed", 1))
    natural = pixels()
    np.testing.assert_array_equal(natural, pixels("--vary", 0.5))
    assert not np.array_equal(natural, pixels("--seed", 1))
    assert not np.array_equal(natural, best)


@pytest.mark.slow  # tests/methods and tests/writing have the parts
def test_a_sheet_of_tries_has_a_line_for_each(write_481: Callable[..., Image.Image]) -> None:
    one, other = (np.asarray(write_481("--seed", seed)) for seed in (3, 4))
    sheet = np.asarray(write_481("--seed", 3, "--tries", 2))
    assert len(sheet) == len(one) + len(other)
    np.testing.assert_array_equal(sheet[:len(one), :one.shape[1]], one)
    np.testing.assert_array_equal(sheet[len(one):, :other.shape[1]], other)


def test_a_morph_is_an_animation(
        write_481: Callable[..., Image.Image]) -> None:
    animation = write_481("--to", PICTURE.with_name("902.png"), out="morph.gif")
    assert animation.format == "GIF"
    frames = []
    for frame in range(animation.n_frames):
        animation.seek(frame)
        frames.append(np.asarray(animation.convert("L")))
    assert len({frame.shape for frame in frames}) == 1
    assert len({frame.tobytes() for frame in frames}) > 10
