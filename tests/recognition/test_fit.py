"""The command fits the judge that is asked for, as its recipe says unless told otherwise."""

from pathlib import Path

import numpy as np
import pytest

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.recognition import archive, digit_classifier, fit, wholeness
from handwriting_gan.recognition.fit import RECIPES, Recipe
from handwriting_gan.recognition.fitting import Params
from handwriting_gan.recognition.writer_encoder import BUILDS


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> object:
    """What the command prints: its one judge keeps the number of glyphs, the steps and the seed."""

    def count(glyphs: Glyphs, steps: int, seed: int) -> Params:
        return {"told": np.array([len(glyphs.digits), steps, seed], np.float32)}

    def call(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["fit", *map(str, arguments)])
        fit.main()
        return "".join(capsys.readouterr().out.splitlines())

    monkeypatch.setattr(fit, "RECIPES", {"judge": Recipe(count, "mnist_5k", 7, 3, "judge.npz")})
    monkeypatch.setattr(archive, "FOLDER", tmp_path)
    return call


def test_a_recipe_is_followed_unless_told_otherwise(said: object, tmp_path: Path) -> None:
    for flags, told in (([], [4000, 7, 3]), (["--steps", 1], [4000, 1, 3]), (["--seed", 0], [4000, 7, 0])):
        said("judge", "--publish", *flags)
        assert archive.load(tmp_path / "judge.npz")[0]["told"].tolist() == told


def test_the_command_says_where_and_what_it_saved(said: object, tmp_path: Path) -> None:
    out = tmp_path / "other.npz"
    printed = said("judge", "--out", out)
    assert printed == f"{out}: sha256 {archive.load(out)[1]}"
    assert not (tmp_path / "judge.npz").exists()


def test_weights_are_saved_in_the_precision_of_the_recipe(said: object, tmp_path: Path) -> None:
    said("judge", "--publish")
    assert archive.load(tmp_path / "judge.npz")[0]["told"].dtype == np.float16


@pytest.mark.parametrize("arguments", [
    pytest.param(["--publish"], id="no judge"),
    pytest.param(["reader", "--publish"], id="a judge that there is not"),
    pytest.param(["judge", "--publish", "--steps", 0], id="no steps"),
    pytest.param(["judge", "--publish", "--seed", -1], id="a seed below 0"),
    pytest.param(["judge"], id="nowhere to write"),
])
def test_what_cannot_be_fitted_is_refused(arguments: list[object], said: object) -> None:
    with pytest.raises(InputError, match="see fit --help"):
        said(*arguments)


def test_every_file_that_ships_has_its_recipe() -> None:
    elsewhere = {wholeness.WEIGHTS.name}  # experiments.fit_wholeness, which has to compose and cut numbers
    assert {recipe.weights for recipe in RECIPES.values()} | elsewhere == {
        path.name for path in archive.FOLDER.iterdir()}
    assert RECIPES["digit_classifier"].weights == digit_classifier.WEIGHTS.name
    for name, build in BUILDS.items():
        assert RECIPES[name].weights == build.weights


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_what_ships_has_the_precision_of_its_recipe(recipe: Recipe) -> None:
    with np.load(archive.FOLDER / recipe.weights) as weights:
        assert {weights[name].dtype for name in weights} == {np.dtype(recipe.precision)}


def test_all_weights_together_take_at_most_three_megabytes() -> None:
    assert sum(path.stat().st_size for path in archive.FOLDER.iterdir()) <= 3_000_000
