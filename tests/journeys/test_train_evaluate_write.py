"""The whole pipeline at `tiny`: train, stop, resume to the same bits, evaluate, write."""

import dataclasses
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

from configs import conditional_dcgan, stargan_v2
from experiments.release import release
from handwriting_gan import evaluate, write
from handwriting_gan.data import mnist, sources
from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.data.pictures import GAP
from handwriting_gan.errors import InputError
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.protocol import PROTOCOLS, Protocol
from handwriting_gan.report import tables
from handwriting_gan.synthesis import sheets, trained_model
from handwriting_gan.synthesis.sheets import for_training
from handwriting_gan.training import devices
from handwriting_gan.training.interruption import InterruptedRunError
from handwriting_gan.training.loop import train
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.workdir.layout import RELEASED, Workdir

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
PICTURE, RESULTS = EXPERIMENTS / "pictures" / "273.png", EXPERIMENTS / "results"


@pytest.fixture(scope="module")
def config() -> ConfigDict:
    config = stargan_v2.get_config("tiny")
    config.networks.update({"levels": 0, "bottleneck_blocks": 1})  # to compile faster
    config.route = "source"  # this route samples a latent
    return config


@pytest.fixture(scope="module")
def uninterrupted(config: ConfigDict, glyphs: Glyphs, held_out: Glyphs,
             tmp_path_factory: pytest.TempPathFactory) -> tuple[Workdir, TrainState]:
    """A run without interruption."""
    workdir = Workdir(tmp_path_factory.mktemp("uninterrupted"))
    return workdir, train(config, workdir, glyphs, for_training(config, held_out))


@pytest.fixture(scope="module")
def quick_config() -> ConfigDict:
    """The config of a method that compiles fast."""
    return conditional_dcgan.get_config("tiny")


@pytest.fixture(scope="module")
def quick(quick_config: ConfigDict, glyphs: Glyphs, held_out: Glyphs,
          tmp_path_factory: pytest.TempPathFactory) -> tuple[Workdir, TrainState]:
    """Its run, without interruption."""
    workdir = Workdir(tmp_path_factory.mktemp("quick"))
    return workdir, train(quick_config, workdir, glyphs, for_training(quick_config, held_out))


def assert_same_run(one: Workdir, state: TrainState, other: Workdir, other_state: TrainState) -> None:
    """Checks that state, log and sample sheet are identical."""
    assert jax.tree.all(jax.tree.map(np.array_equal, state, other_state))
    assert one.metrics.read_bytes() == other.metrics.read_bytes()
    saved = [workdir.sample("latent", int(state.step)).read_bytes() for workdir in (one, other)]
    assert saved[0] == saved[1]


def test_a_stopped_run_resumes_to_the_same_bits(
        quick_config: ConfigDict, quick: tuple[Workdir, TrainState], glyphs: Glyphs, held_out: Glyphs,
        tmp_path: Path) -> None:
    half = quick_config.steps // 2
    halfway = train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out), stop_at=half)
    assert int(halfway.step) == half
    assert not jax.tree.all(jax.tree.map(np.array_equal, halfway.params, quick[1].params))
    resumed = train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out))
    assert_same_run(Workdir(tmp_path), resumed, *quick)


@pytest.mark.slow  # test_processes.py interrupts a run too, and a stopped run resumes above
def test_an_interrupted_run_saves_and_resumes_to_the_same_bits(
        quick_config: ConfigDict, quick: tuple[Workdir, TrainState], glyphs: Glyphs, held_out: Glyphs,
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert jax.local_device_count() == 2
    compiled = devices.compiled

    def with_signals(*arguments: object) -> Callable:
        dispatch, steps = compiled(*arguments), itertools.count(1)

        def signalled(*inputs: object) -> tuple:
            if next(steps) == 3:
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGTERM)  # a launcher and a scheduler may both send it
            return dispatch(*inputs)

        return signalled

    with monkeypatch.context() as patched:
        patched.setattr(devices, "compiled", with_signals)
        with pytest.raises(InterruptedRunError, match="saved at step 3"):
            train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out))
    resumed = train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out))
    assert_same_run(Workdir(tmp_path), resumed, *quick)


@pytest.mark.slow  # a method that compiles faster is above
def test_a_stopped_run_of_stargan_v2_resumes_to_the_same_bits(
        config: ConfigDict, uninterrupted: tuple[Workdir, TrainState], glyphs: Glyphs, held_out: Glyphs,
        tmp_path: Path) -> None:
    train(config, Workdir(tmp_path), glyphs, for_training(config, held_out), stop_at=3)
    resumed = train(config, Workdir(tmp_path), glyphs, for_training(config, held_out))
    assert_same_run(Workdir(tmp_path), resumed, *uninterrupted)


def test_a_loss_that_is_not_finite_stops_the_run_without_saving(
        quick_config: ConfigDict, glyphs: Glyphs, held_out: Glyphs, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = devices.compiled

    def diverging(*arguments: object) -> Callable:
        dispatch, steps = compiled(*arguments), itertools.count(1)

        def step(*inputs: object) -> tuple:
            state, terms = dispatch(*inputs)
            return state, jax.tree.map(lambda x: x * np.nan, terms) if next(steps) == 3 else terms

        return step

    monkeypatch.setattr(devices, "compiled", diverging)
    with pytest.raises(InputError, match="at step 3"):
        train(quick_config, Workdir(tmp_path), glyphs, for_training(quick_config, held_out))
    with pytest.raises(InputError, match="no checkpoint yet"):
        trained_model.load(tmp_path)


def test_running_a_finished_run_again_changes_nothing(
        quick_config: ConfigDict, quick: tuple[Workdir, TrainState], glyphs: Glyphs,
        held_out: Glyphs) -> None:
    workdir, state = quick
    lines = workdir.metrics.read_bytes()
    again = train(quick_config, workdir, glyphs, for_training(quick_config, held_out))
    assert jax.tree.all(jax.tree.map(np.array_equal, again, state))
    assert workdir.metrics.read_bytes() == lines


def test_training_changes_every_network_and_its_average(
        quick: tuple[Workdir, TrainState], quick_config: ConfigDict,
        assert_trained: Callable[..., None]) -> None:
    _, state = quick
    assert int(state.step) == quick_config.steps
    assert_trained(quick_config, state)


def logged(run: tuple[Workdir, TrainState]) -> list[dict[str, float]]:
    return [json.loads(line, parse_constant=pytest.fail)
            for line in run[0].metrics.read_text().splitlines()]


def test_the_log_has_every_term_at_every_logged_step(quick: tuple[Workdir, TrainState]) -> None:
    lines = logged(quick)
    assert [line["step"] for line in lines] == [2, 4, 6, 8]
    for line in lines:
        assert line.keys() == {"step", "discriminator/adversarial", "generator/adversarial"}


@pytest.mark.slow  # a method that compiles faster is above
def test_stargan_v2_trains_every_network_and_logs_every_term(
        uninterrupted: tuple[Workdir, TrainState], config: ConfigDict, assert_trained: Callable[..., None]) -> None:
    assert_trained(config, uninterrupted[1])
    generator = {"adversarial", "style_reconstruction", "diversity", "cycle"}
    discriminator = {"adversarial", "r1"}
    for line in logged(uninterrupted):
        assert line.keys() - {"step"} == {
            f"{network}_{guide}/{term}" for guide in ("latent", "reference")
            for network, terms in (("generator", generator), ("discriminator", discriminator))
            for term in terms}


@pytest.fixture(scope="module")
def run(config: ConfigDict, untrained: Callable[..., Workdir]) -> Workdir:
    """A run of StarGAN v2 with random networks."""
    return untrained(config, config.steps)


def test_sample_sheets_contain_ink_and_paper(run: Workdir, held_out: Glyphs) -> None:
    made = sheets.sheets(trained_model.load(run.root), held_out)
    for mode, height in (("latent", 10 * SIDE), ("reference", 11 * SIDE + GAP)):
        image = made[mode].ink
        assert image.shape == (height, 11 * SIDE + GAP)
        assert image.min() < 50 < 200 < image.max()


@pytest.fixture
def small_protocol(monkeypatch: pytest.MonkeyPatch) -> Protocol:
    """The quick protocol with smaller counts."""
    small = PROTOCOLS["quick"]._replace(sources=1, outputs=3, sample=200, neighbours=200, spread=10,
                                        training_writers=20)
    monkeypatch.setitem(PROTOCOLS, "quick", small)
    return small


@pytest.mark.slow  # tests/evaluation has the parts
def test_evaluation_reads_only_the_averages_and_fills_a_scorecard(
        run: Workdir, tmp_path: Path, run_entry_point: Callable[..., None],
        small_protocol: Protocol, capsys: pytest.CaptureFixture) -> None:
    copy = Workdir(tmp_path)
    shutil.copytree(run.root, tmp_path, dirs_exist_ok=True)
    assert not list(copy.checkpoints.glob("*/state"))  # evaluation does not need it
    run_entry_point(evaluate, "--workdir", tmp_path, "--protocol", "quick")
    card = scorecard.read(copy.scorecard)
    made = {"method": "stargan_v2", "preset": "tiny", "step": 8, "trained_on": "mnist_5k",
            "route": "source", "data": "mnist_5k", "seed": 0, "held_out": 1_000, "held_out_writers": 0}
    made_from = dataclasses.asdict(card.made_from)
    assert made.items() <= made_from.items()
    assert made_from["protocol"].keys() == small_protocol._asdict().keys()
    assert "mnist_writers" in card.no_hand
    assert card.real.digit_accuracy.value > 0.97
    for part in (card.guided["latent"], card.guided["reference"]):
        assert part.outputs == 10 * 9 * 3
        assert part.frechet_distance.value > card.real.frechet_distance.value
    output = capsys.readouterr().out
    assert "latent-guided" in output
    assert card.no_hand in output
    assert copy.scorecard.with_suffix(".md").read_text() == tables.markdown(card)
    assert (tmp_path / "scorecard_matrix.png").exists()


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.slow  # tests/report and tests/writing have the parts
def test_evaluation_writes_tables_and_pictures_beside_the_scorecard(
        elsewhere: bool, run: Workdir, tmp_path: Path, run_entry_point: Callable[..., None],
        monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """With measurements from a file, to save time."""
    measured = scorecard.read(RESULTS / "rows" / "stargan_v2.json")
    copy, folder = Workdir(tmp_path / "run"), tmp_path / ("new" if elsewhere else "run")
    shutil.copytree(run.root, copy.root)
    before = sorted(copy.root.rglob("*"))
    monkeypatch.setattr(evaluate.bench, "prepare", lambda *_: None)
    monkeypatch.setattr(evaluate, "measure", lambda *_: measured)
    monkeypatch.setattr(evaluate.examples, "collect", lambda *_: None)
    monkeypatch.setattr(evaluate.pages, "pictures", lambda _: {"matrix": b"PNG"})
    name = "card.json" if elsewhere else "scorecard.json"
    run_entry_point(evaluate, "--workdir", copy.root, *(("--out", folder / name) if elsewhere else ()))
    written = sorted(set(tmp_path.rglob("card*") if elsewhere else copy.root.rglob("scorecard*")))
    assert sorted(set(copy.root.rglob("*")) - set(before)) == ([] if elsewhere else written)
    stem = Path(name).stem
    assert written == [folder / name, folder / f"{stem}.md", folder / f"{stem}_matrix.png"]
    assert scorecard.read(folder / name) == measured
    assert (folder / f"{stem}.md").read_text() == tables.markdown(measured)
    output = "".join(capsys.readouterr().out.split())
    assert all(str(path) in output for path in written)


@pytest.mark.slow  # tests/evaluation/test_hand.py tests it without files
@pytest.mark.skipif(mnist.FOLDER_VARIABLE not in os.environ, reason="needs a folder of MNIST's files")
def test_evaluation_on_writers_measures_the_hand(
        run: Workdir, tmp_path: Path, run_entry_point: Callable[..., None],
        small_protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick evaluation uses validation writers; here the 12 with the lowest ids."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    load_both, calls = sources.load_both, []

    def few_writers(*arguments: str | None) -> tuple[Glyphs, Glyphs]:
        calls.append(arguments)
        train, held_out = load_both(*arguments)
        return train, held_out.take(held_out.writers < np.unique(held_out.writers)[12])

    monkeypatch.setattr(sources, "load_both", few_writers)
    out = tmp_path / "card.json"
    run_entry_point(evaluate, "--workdir", run.root, "--data", "mnist_writers", "--out", out)
    assert calls == [("mnist_writers", None, "validation")]
    measured = scorecard.read(out).hand(3)
    assert measured.writers == 12
    rows = measured.rows
    assert rows["twin"].retention["slant"].value > rows["floor"].retention["slant"].value
    assert rows["best_guess"].digit_accuracy.interval is not None
    assert {path.name for path in tmp_path.glob("card*")} == {
        "card.json", "card.md", "card_matrix.png", "card_unseen_writers.png", "card_traits.png",
        "card_worst_read.png", "card_attributes.png"}


@pytest.mark.slow  # tests/report and tests/writing have the parts
def test_a_number_is_written_in_the_hand_of_a_picture(
        run: Workdir, tmp_path: Path, run_entry_point: Callable[..., None],
        capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "new" / "481.png"
    arguments = ("--number", 481, "--like", PICTURE, "--workdir", run.root, "--out", out)
    run_entry_point(write, *arguments)
    first = out.read_bytes()
    assert "read 273" in capsys.readouterr().out
    run_entry_point(write, *arguments, "--seed", 1)
    assert out.read_bytes() != first
    run_entry_point(write, *arguments, "--reads", 273)
    assert "given 273" in capsys.readouterr().out
    assert out.read_bytes() == first


def test_writing_in_python_needs_only_a_workdir(run: Workdir, held_out: Glyphs) -> None:
    model = trained_model.load(run.root)
    glyphs = model.write(held_out.take([5, 300]), [4, 8, 1], seed=3)
    assert glyphs.shape == (3, 28, 28)
    assert glyphs.dtype == np.uint8
    assert np.array_equal(glyphs, model.write(held_out.take([5, 300]), [4, 8, 1], seed=3))
    with pytest.raises(ValueError, match="at least one glyph"):
        model.write(held_out.take([]), [4])


def test_guided_modes_do_not_depend_on_the_batch(
        run: Workdir, held_out: Glyphs) -> None:
    model = trained_model.load(run.root)
    sources, references = held_out.take(slice(0, 300)), held_out.take(slice(300, 600))
    many = model.reference_guided(sources, references)
    assert many.shape == (300, 28, 28)
    few = model.reference_guided(sources.take(slice(0, 3)), references.take(slice(0, 3)))
    assert np.abs(many[:3].astype(int) - few).max() <= 1  # rounding differs between batch sizes


def test_a_released_model_writes_like_the_run(run: Workdir, tmp_path: Path, held_out: Glyphs) -> None:
    for _ in range(2):  # a release replaces the one before
        release(run.root, "source", tmp_path)
    released, whole = trained_model.load(tmp_path), trained_model.load(run.root).with_fields(route="source")
    references = held_out.take([5, 300])
    assert released.step == 8
    assert np.array_equal(released.write(references, [4, 8, 1]), whole.write(references, [4, 8, 1]))
    assert len(list(Workdir(tmp_path).checkpoints.glob("*/averaged"))) == 1
    assert not list(Workdir(tmp_path).checkpoints.glob("*/state"))


def test_the_released_model_is_small_and_writes() -> None:
    files = [path for path in RELEASED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8_000_000
    assert set(trained_model.load().modes) == {"writer", "blend"}
