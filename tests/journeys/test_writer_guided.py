"""The writer-guided road at `tiny`: train, stop, resume, evaluate; then tries, best guesses and a morph."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from handwriting_gan.training.samples import draw_sheets
from ml_collections import ConfigDict
from PIL import Image

from configs import writer_guided
from experiments.release import release
from handwriting_gan import evaluate, write
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.synthesis import trained_model
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
def signed(held_out: Glyphs) -> Glyphs:
    """The embedded test glyphs, as if every tenth were one writer's."""
    return held_out._replace(writers=np.arange(len(held_out.digits), dtype=np.int32) % 10)


@pytest.fixture(scope="module")
def unbroken(config: ConfigDict, written: Glyphs, signed: Glyphs,
             tmp_path_factory: pytest.TempPathFactory) -> tuple[Workdir, TrainState]:
    """A run that was never stopped."""
    workdir = Workdir(tmp_path_factory.mktemp("unbroken"))
    return workdir, train(config, workdir, written, for_training(config, signed))


@pytest.fixture(scope="module")
def run(config: ConfigDict, untrained: Callable[..., Workdir]) -> Workdir:
    """One with random networks."""
    return untrained(config, 4)


@pytest.fixture
def write_481(run: Workdir, tmp_path: Path,
              run_door: Callable[..., None]) -> Callable[..., Image.Image]:
    """Has 481 written in the hand of the picture of 273."""

    def call(*flags: object, out: str = "481.png") -> Image.Image:
        run_door(write, "--number", 481, "--like", PICTURE, "--workdir", run.root, *flags,
                 "--out", tmp_path / out)
        return Image.open(io.BytesIO((tmp_path / out).read_bytes()))

    return call


@pytest.mark.slow  # test_train_evaluate_write.py has the same law of a method that compiles sooner
def test_a_run_that_stopped_and_went_on_ends_in_the_same_bits(
        config: ConfigDict, unbroken: tuple[Workdir, TrainState], written: Glyphs, signed: Glyphs,
        as_if_killed: Callable[[Workdir], Workdir]) -> None:
    workdir, state = unbroken
    killed = as_if_killed(workdir)
    resumed = train(config, killed, written, for_training(config, signed))
    assert jax.tree.all(jax.tree.map(np.array_equal, resumed, state))
    assert killed.metrics.read_bytes() == workdir.metrics.read_bytes()
    sheets = [each.sample("writer", config.steps).read_bytes() for each in (killed, workdir)]
    assert sheets[0] == sheets[1]


def test_a_sheet_shows_references_best_guesses_and_tries_of_each_writer(
        run: Workdir, signed: Glyphs, tmp_path: Path) -> None:
    page = draw_sheets(Workdir(tmp_path), trained_model.load(run.root), signed)["writer"]
    sheet = np.asarray(Image.open(page))
    assert sheet.shape == (2 * 10 * 28, 2 * (5 * 28 + 4 + 10 * 28 + 4 + 10 * 28))
    assert sheet.min() < 50 < 200 < sheet.max()


@pytest.mark.slow  # tests/data/test_hands.py has the same law
def test_nobody_can_be_learned_where_no_writer_is_known(
        config: ConfigDict, glyphs: Glyphs, signed: Glyphs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="choose --config"):
        train(config, Workdir(tmp_path), glyphs, for_training(config, signed))


def test_a_release_writes_and_blends_as_the_run_did_and_has_no_route(
        run: Workdir, signed: Glyphs, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="writer_guided has no routes"):
        release(run.root, "source", tmp_path)
    release(run.root, None, tmp_path)
    released, whole = (trained_model.load(root) for root in (tmp_path, run.root))
    one, other = signed.take([5, 300]), signed.take([700])
    np.testing.assert_array_equal(released.write(one, [4, 8, 1]), whole.write(one, [4, 8, 1]))
    np.testing.assert_array_equal(released.blend(one, other, [4], 0.5), whole.blend(one, other, [4], 0.5))


@pytest.mark.slow  # tests/evaluation/test_scorecard.py has the same law of a model that is not trained
def test_evaluation_fills_a_scorecard_though_there_is_no_guided_mode(
        unbroken: tuple[Workdir, TrainState], tmp_path: Path, run_door: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch) -> None:
    small = PROTOCOLS["quick"]._replace(sources=1, outputs=3, sample=200, neighbours=200, spread=10)
    monkeypatch.setitem(PROTOCOLS, "quick", small)
    run_door(evaluate, "--workdir", unbroken[0].root, "--data", "mnist_5k", "--out", tmp_path / "card.json")
    card = json.loads((tmp_path / "card.json").read_text(), parse_constant=pytest.fail)
    assert card.made_from["method"] == "writer_guided"
    assert set(card["figures"]) == {"real", "hand"}
    assert (tmp_path / "card.md").exists()


def test_a_best_guess_is_always_the_same_and_a_natural_try_another(
        write_481: Callable[..., Image.Image]) -> None:
    def pixels(*flags: object) -> np.ndarray:
        return np.asarray(write_481(*flags))

    best = pixels("--vary", 0)
    np.testing.assert_array_equal(best, pixels("--vary", 0, "--seed", 1))
    natural = pixels()
    np.testing.assert_array_equal(natural, pixels("--vary", 0.5))
    assert not np.array_equal(natural, pixels("--seed", 1))
    assert not np.array_equal(natural, best)


def test_a_sheet_has_a_line_for_each_try(write_481: Callable[..., Image.Image]) -> None:
    one, other = (np.asarray(write_481("--seed", seed)) for seed in (3, 4))
    sheet = np.asarray(write_481("--seed", 3, "--tries", 2))
    assert len(sheet) == len(one) + len(other)
    np.testing.assert_array_equal(sheet[:len(one), :one.shape[1]], one)
    np.testing.assert_array_equal(sheet[len(one):, :other.shape[1]], other)


def test_a_morph_is_a_film_from_one_hand_to_the_other_and_back(
        write_481: Callable[..., Image.Image]) -> None:
    film = write_481("--to", PICTURE.with_name("902.png"), out="morph.gif")
    assert film.format == "GIF"
    frames = []
    for frame in range(film.n_frames):
        film.seek(frame)
        frames.append(np.asarray(film.convert("L")))
    assert len({frame.shape for frame in frames}) == 1
    assert len({frame.tobytes() for frame in frames}) > 10
