"""The command fits the named judge by its recipe; flags override steps and seed."""

from pathlib import Path

import numpy as np
import pytest

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.recognition import archive, digit_classifier, fit, wholeness
from handwriting_gan.recognition.fit import RECIPES, Recipe
from handwriting_gan.recognition.fitting import Params
from handwriting_gan.recognition.writer_encoder import ARCHITECTURES


@pytest.fixture
def fit_judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> object:
    """`fit_judge(*arguments)`: the command's output; the weights are the number of glyphs, the steps and the seed."""

    def count(glyphs: Glyphs, steps: int, seed: int) -> Params:
        return {"arguments": np.array([len(glyphs.digits), steps, seed], np.float32)}

    def call(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["fit", *map(str, arguments)])
        fit.main()
        return "".join(capsys.readouterr().out.splitlines())

    monkeypatch.setattr(fit, "RECIPES", {"judge": Recipe(count, "mnist_5k", 7, 3, "judge.npz")})
    monkeypatch.setattr(archive, "FOLDER", tmp_path)
    return call


def test_flags_override_the_recipe(fit_judge: object, tmp_path: Path) -> None:
    for flags, expected in (([], [4000, 7, 3]), (["--steps", 1], [4000, 1, 3]), (["--seed", 0], [4000, 7, 0])):
        fit_judge("judge", "--publish", *flags)
        assert archive.load(tmp_path / "judge.npz")[0]["arguments"].tolist() == expected


def test_the_command_prints_the_path_and_the_hash(fit_judge: object, tmp_path: Path) -> None:
    out = tmp_path / "other.npz"
    printed = fit_judge("judge", "--out", out)
    assert printed == f"{out}: sha256 {archive.load(out)[1]}"
    assert not (tmp_path / "judge.npz").exists()


def test_weights_are_saved_in_the_precision_of_the_recipe(fit_judge: object, tmp_path: Path) -> None:
    fit_judge("judge", "--publish")
    assert archive.load(tmp_path / "judge.npz")[0]["arguments"].dtype == np.float16


@pytest.mark.parametrize("arguments", [
    pytest.param(["--publish"], id="no judge"),
    pytest.param(["reader", "--publish"], id="an unknown judge"),
    pytest.param(["judge", "--publish", "--steps", 0], id="zero steps"),
    pytest.param(["judge", "--publish", "--seed", -1], id="a negative seed"),
    pytest.param(["judge"], id="no output"),
])
def test_invalid_arguments_are_refused(arguments: list[object], fit_judge: object) -> None:
    with pytest.raises(InputError, match="see fit --help"):
        fit_judge(*arguments)


def test_every_file_of_weights_has_a_recipe() -> None:
    elsewhere = {wholeness.WEIGHTS.name}  # fitted by experiments.fit_wholeness on composed numbers
    assert {recipe.weights for recipe in RECIPES.values()} | elsewhere == {
        path.name for path in archive.FOLDER.iterdir()}
    assert RECIPES["digit_classifier"].weights == digit_classifier.WEIGHTS.name
    for name, architecture in ARCHITECTURES.items():
        assert RECIPES[name].weights == architecture.weights


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_weights_have_the_precision_of_their_recipe(recipe: Recipe) -> None:
    with np.load(archive.FOLDER / recipe.weights) as weights:
        assert {weights[name].dtype for name in weights} == {np.dtype(recipe.precision)}


def test_all_weights_together_take_at_most_three_megabytes() -> None:
    assert sum(path.stat().st_size for path in archive.FOLDER.iterdir()) <= 3_000_000
