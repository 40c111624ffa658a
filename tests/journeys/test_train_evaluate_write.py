"""The whole road at `tiny`: train, stop, resume, evaluate, write; each bit as if nobody had stopped."""

import itertools
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from configs import conditional_dcgan, stargan_v2
from experiments.compare_routes import with_route
from experiments.release import release
from handwriting_gan import evaluate, methods, write
from handwriting_gan.data import mnist, sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.protocol import PROTOCOLS, Protocol
from handwriting_gan.report import tables
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.sheets import for_training
from handwriting_gan.training import devices, optimizers, train_state
from handwriting_gan.training.interruption import InterruptedRunError
from handwriting_gan.training.loop import train
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.workdir.layout import RELEASED, Workdir

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
PICTURE, RESULTS = EXPERIMENTS / "pictures" / "273.png", EXPERIMENTS / "results"


@pytest.fixture(scope="module")
def config() -> ConfigDict:
    config = stargan_v2.get_config("tiny")
    config.networks.update({"levels": 0, "bottleneck_blocks": 1})  # which compile soon
    config.route = "source"  # a route that draws a latent, so that another seed is another try
    return config


@pytest.fixture(scope="module")
def unbroken(config: ConfigDict, glyphs: Glyphs, held_out: Glyphs,
             tmp_path_factory: pytest.TempPathFactory) -> tuple[Workdir, TrainState]:
    """A run that was never stopped."""
    workdir = Workdir(tmp_path_factory.mktemp("unbroken"))
    return workdir, train(config, workdir, glyphs, for_training(config, held_out))


@pytest.fixture(scope="module")
def quick_config() -> ConfigDict:
    """The config of a method that compiles soon."""
    return conditional_dcgan.get_config("tiny")


@pytest.fixture(scope="module")
def quick(quick_config: ConfigDict, glyphs: Glyphs, held_out: Glyphs,
          tmp_path_factory: pytest.TempPathFactory) -> tuple[Workdir, TrainState]:
    """Its run, never stopped."""
    workdir = Workdir(tmp_path_factory.mktemp("quick"))
    return workdir, train(quick_config, workdir, glyphs, for_training(quick_config, held_out))


def assert_same_run(one: Workdir, state: TrainState, other: Workdir, other_state: TrainState) -> None:
    """The same bits, the same log, the same sample sheet."""
    assert jax.tree.all(jax.tree.map(np.array_equal, state, other_state))
    assert one.metrics.read_bytes() == other.metrics.read_bytes()
    sheets = [workdir.sample("latent", int(state.step)).read_bytes() for workdir in (one, other)]
    assert sheets[0] == sheets[1]


def test_a_run_that_stopped_and_went_on_ends_in_the_same_bits(
        quick_config: ConfigDict, quick: tuple[Workdir, TrainState], glyphs: Glyphs, held_out: Glyphs,
        tmp_path: Path) -> None:
    half = quick_config.steps // 2
    halfway = train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out), stop_at=half)
    assert int(halfway.step) == half
    assert not jax.tree.all(jax.tree.map(np.array_equal, halfway.params, quick[1].params))
    resumed = train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out))
    assert_same_run(Workdir(tmp_path), resumed, *quick)


def test_a_run_asked_to_stop_saves_at_once_and_goes_on_to_the_same_bits(
        quick_config: ConfigDict, quick: tuple[Workdir, TrainState], glyphs: Glyphs, held_out: Glyphs,
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert jax.local_device_count() == 2
    compiled = devices.compiled

    def stopped_at_the_third(*arguments: object) -> Callable:
        dispatch, played = compiled(*arguments), itertools.count(1)

        def play(*inputs: object) -> tuple:
            if next(played) == 3:
                signal.raise_signal(signal.SIGTERM)
            return dispatch(*inputs)

        return play

    with monkeypatch.context() as patched:
        patched.setattr(devices, "compiled", stopped_at_the_third)
        with pytest.raises(InterruptedRunError, match="saved at step 3"):
            train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out))
    resumed = train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out))
    assert_same_run(Workdir(tmp_path), resumed, *quick)


@pytest.mark.slow  # the same law of a method that compiles sooner is above
def test_a_run_of_stargan_v2_that_stopped_ends_in_the_same_bits(
        config: ConfigDict, unbroken: tuple[Workdir, TrainState], glyphs: Glyphs, held_out: Glyphs,
        tmp_path: Path) -> None:
    train(config, Workdir(tmp_path), glyphs, for_training(config, held_out), stop_at=3)
    assert_same_run(Workdir(tmp_path), train(config, Workdir(tmp_path), glyphs, for_training(config, held_out)), *unbroken)


def test_a_run_whose_loss_is_no_number_stops_and_saves_nothing(
        quick_config: ConfigDict, glyphs: Glyphs, held_out: Glyphs, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = devices.compiled

    def spoiled(*arguments: object) -> Callable:
        dispatch, played = compiled(*arguments), itertools.count(1)

        def play(*inputs: object) -> tuple:
            state, terms = dispatch(*inputs)
            return state, jax.tree.map(lambda x: x * np.nan, terms) if next(played) == 3 else terms

        return play

    monkeypatch.setattr(devices, "compiled", spoiled)
    with pytest.raises(InputError, match="at step 3"):
        train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out))
    with pytest.raises(InputError, match="no checkpoint yet"):
        trained_model.load(tmp_path)


def test_a_finished_run_started_again_changes_nothing(
        quick_config: ConfigDict, quick: tuple[Workdir, TrainState], glyphs: Glyphs,
        held_out: Glyphs) -> None:
    workdir, state = quick
    lines = workdir.metrics.read_bytes()
    again = train(quick_config, workdir, glyphs, for_training(quick_config, held_out))
    assert jax.tree.all(jax.tree.map(np.array_equal, again, state))
    assert workdir.metrics.read_bytes() == lines


def test_every_network_moved_and_the_averages_follow(
        quick: tuple[Workdir, TrainState], quick_config: ConfigDict) -> None:
    _, state = quick
    assert int(state.step) == quick_config.steps
    assert_moved(quick_config, state)


def assert_moved(config: ConfigDict, state: TrainState) -> None:
    """No parameter of any network is what it was; the averages are near, but behind."""
    method, by_network = methods.build(config), optimizers.build(config)
    begun = jax.jit(lambda: train_state.create(method, by_network, config.seed))()
    assert set(begun.params) == set(state.params)
    for name, network in begun.params.items():
        still = jax.tree.map(np.array_equal, network, state.params[name])
        assert not any(jax.tree.leaves(still)), name
    for name, average in state.averaged.items():
        gap = jax.tree.map(lambda a, b: np.abs(a - b).max(), average, state.params[name])
        assert 0 < max(jax.tree.leaves(gap)) < 0.1


def logged(run: tuple[Workdir, TrainState]) -> list[dict[str, float]]:
    return [json.loads(line, parse_constant=pytest.fail)
            for line in run[0].metrics.read_text().splitlines()]


def test_the_log_has_every_term_at_every_logged_step(quick: tuple[Workdir, TrainState]) -> None:
    lines = logged(quick)
    assert [line["step"] for line in lines] == [2, 4, 6, 8]
    for line in lines:
        assert line.keys() == {"step", "discriminator/adversarial", "generator/adversarial"}


@pytest.mark.slow  # the same laws of a method that compiles sooner are above
def test_every_network_of_stargan_v2_moves_and_every_term_is_logged(
        unbroken: tuple[Workdir, TrainState], config: ConfigDict) -> None:
    assert_moved(config, unbroken[1])
    generator = {"adversarial", "style_reconstruction", "diversity", "cycle"}
    discriminator = {"adversarial", "r1"}
    for line in logged(unbroken):
        assert line.keys() - {"step"} == {
            f"{network}_{guide}/{term}" for guide in ("latent", "reference")
            for network, terms in (("generator", generator), ("discriminator", discriminator))
            for term in terms}


@pytest.fixture(scope="module")
def run(config: ConfigDict, untrained: Callable[..., Workdir]) -> Workdir:
    """One of StarGAN v2 with random networks."""
    return untrained(config, config.steps)


def test_sample_sheets_are_pictures_with_ink_and_paper(
        run: Workdir, held_out: Glyphs, tmp_path: Path) -> None:
    pages = draw_sheets(Workdir(tmp_path), trained_model.load(run.root), held_out)
    for mode, height in (("latent", 10 * 28), ("reference", 11 * 28 + 4)):
        sheet = np.asarray(Image.open(pages[mode]))
        assert sheet.shape == (2 * height, 2 * (11 * 28 + 4))
        assert sheet.min() < 50 < 200 < sheet.max()


@pytest.fixture
def small_protocol(monkeypatch: pytest.MonkeyPatch) -> Protocol:
    """The quick protocol with smaller counts."""
    small = PROTOCOLS["quick"]._replace(sources=1, outputs=3, sample=200, neighbours=200, spread=10,
                                        training_writers=20)
    monkeypatch.setitem(PROTOCOLS, "quick", small)
    return small


def test_evaluation_reads_the_averages_alone_and_fills_a_scorecard(
        run: Workdir, tmp_path: Path, run_door: Callable[..., None],
        small_protocol: Protocol, capsys: pytest.CaptureFixture) -> None:
    copy = Workdir(tmp_path)
    shutil.copytree(run.root, tmp_path, dirs_exist_ok=True)
    assert not list(copy.checkpoints.glob("*/state"))  # evaluation must not miss it
    run_door(evaluate, "--workdir", tmp_path, "--protocol", "quick")
    card = json.loads(copy.scorecard.read_text(), parse_constant=pytest.fail)
    made = {"method": "stargan_v2", "preset": "tiny", "step": 8, "trained_on": "mnist_5k",
            "route": "source", "data": "mnist_5k", "seed": 0, "held_out": 1_000, "held_out_writers": 0}
    assert made.items() <= card.made_from.items()
    assert card.made_from["protocol"].keys() == small_protocol._asdict().keys()
    assert "mnist_writers" in card["figures"]["hand"].reason
    figures = {name: card["figures"][name] for name in ("real", "latent", "reference")}
    assert figures["real"].digit_accuracy.value > 0.97
    for mode in ("latent", "reference"):
        assert figures[mode].outputs == 10 * 9 * 3
        assert (figures[mode].frechet_distance.value
                > figures["real"].frechet_distance.value)
    said = capsys.readouterr().out
    assert "latent-guided" in said
    assert "The hand is not judged" in said
    assert copy.scorecard.with_suffix(".md").read_text() == tables.markdown(card)
    assert np.asarray(Image.open(tmp_path / "scorecard_matrix.png")).shape == (624, 624)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_evaluation_writes_tables_and_pictures_beside_the_scorecard(
        elsewhere: bool, run: Workdir, tmp_path: Path, run_door: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """With figures that were measured before, for they take the time."""
    measured = json.loads((RESULTS / "rows" / "stargan_v2.json").read_text())
    copy, folder = Workdir(tmp_path / "run"), tmp_path / ("new" if elsewhere else "run")
    shutil.copytree(run.root, copy.root)
    before = sorted(copy.root.rglob("*"))
    monkeypatch.setattr(evaluate.bench, "prepare", lambda *_: None)
    monkeypatch.setattr(evaluate.scorecard, "make", lambda *_: measured)
    monkeypatch.setattr(evaluate.pages, "draw", lambda model, material, out: [out.with_suffix(".png")])
    name = "card.json" if elsewhere else "scorecard.json"
    run_door(evaluate, "--workdir", copy.root, *(("--out", folder / name) if elsewhere else ()))
    written = sorted(set(tmp_path.rglob("card.*") if elsewhere else copy.root.rglob("scorecard*")))
    assert sorted(set(copy.root.rglob("*")) - set(before)) == ([] if elsewhere else written)
    assert written == [folder / name, (folder / name).with_suffix(".md")]
    assert json.loads(written[0].read_text()) == measured
    assert written[1].read_text() == tables.markdown(measured)
    said = "".join(capsys.readouterr().out.split())
    assert all(str(path) in said for path in (*written, written[0].with_suffix(".png")))


@pytest.mark.slow  # tests/evaluation/test_hand.py has the laws
@pytest.mark.skipif(mnist.FOLDER_VARIABLE not in os.environ, reason="needs a folder of MNIST's files")
def test_evaluation_on_writers_judges_the_hand(
        run: Workdir, tmp_path: Path, run_door: Callable[..., None],
        small_protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the validation writers, as quick evaluation must; of 58, those with the lowest ids."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    load_both, asked = sources.load_both, []

    def few_writers(*arguments: str | None) -> tuple[Glyphs, Glyphs]:
        asked.append(arguments)
        train, held_out = load_both(*arguments)
        return train, held_out.take(held_out.writers < np.unique(held_out.writers)[12])

    monkeypatch.setattr(sources, "load_both", few_writers)
    out = tmp_path / "card.json"
    run_door(evaluate, "--workdir", run.root, "--data", "mnist_writers", "--out", out)
    assert asked == [("mnist_writers", None, "validation")]
    part = json.loads(out.read_text(), parse_constant=pytest.fail).hand(3)
    assert part.writers == 12
    rows = part.rows
    assert rows["twin"].retention["slant"].value > rows["floor"].retention["slant"].value
    assert rows["best_guess"].digit_accuracy.interval is not None
    assert {path.name for path in tmp_path.glob("card*")} == {
        "card.json", "card.md", "card_matrix.png", "card_unseen_writers.png", "card_worst_read.png",
        "card_attributes.png"}


def test_a_number_is_written_in_the_hand_of_a_picture(
        run: Workdir, tmp_path: Path, run_door: Callable[..., None],
        capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "new" / "481.png"
    arguments = ("--number", 481, "--like", PICTURE, "--workdir", run.root, "--out", out)
    run_door(write, *arguments)
    first = out.read_bytes()
    assert "read 273" in capsys.readouterr().out
    run_door(write, *arguments, "--seed", 1)
    assert out.read_bytes() != first
    run_door(write, *arguments, "--reads", 273)
    assert "given 273" in capsys.readouterr().out
    assert out.read_bytes() == first


def test_writing_in_python_is_what_the_door_does(run: Workdir, held_out: Glyphs) -> None:
    model = trained_model.load(run.root)
    glyphs = model.write(held_out.take([5, 300]), [4, 8, 1], seed=3)
    assert glyphs.shape == (3, 28, 28)
    assert glyphs.dtype == np.uint8
    assert np.array_equal(glyphs, model.write(held_out.take([5, 300]), [4, 8, 1], seed=3))
    with pytest.raises(ValueError, match="at least one glyph"):
        model.write(held_out.take([]), [4])


def test_guided_modes_do_not_depend_on_how_many_are_drawn_together(
        run: Workdir, held_out: Glyphs) -> None:
    model = trained_model.load(run.root)
    sources, references = held_out.take(slice(0, 300)), held_out.take(slice(300, 600))
    drawn = model.reference_guided(sources, references)
    assert drawn.shape == (300, 28, 28)
    few = model.reference_guided(sources.take(slice(0, 3)), references.take(slice(0, 3)))
    assert np.abs(drawn[:3].astype(int) - few).max() <= 1  # float arithmetic in other batch sizes


def test_a_released_model_writes_as_the_run_did(run: Workdir, tmp_path: Path, held_out: Glyphs) -> None:
    for _ in range(2):  # a release replaces the one before
        release(run.root, "source", tmp_path)
    released, whole = trained_model.load(tmp_path), with_route(trained_model.load(run.root), "source")
    references = held_out.take([5, 300])
    assert released.step == 8
    assert np.array_equal(released.write(references, [4, 8, 1]), whole.write(references, [4, 8, 1]))
    assert len(list(Workdir(tmp_path).checkpoints.glob("*/averaged"))) == 1
    assert not list(Workdir(tmp_path).checkpoints.glob("*/state"))


def test_what_is_released_fits_the_package() -> None:
    files = [path for path in RELEASED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8_000_000
    assert set(trained_model.load().modes) == {"writer", "blend"}
