"""Sources are looked up by the names in the config."""

from types import ModuleType

import numpy as np
import pytest

from handwriting_gan.data import mnist, mnist_writers, sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError


def test_the_embedded_source_needs_no_folder(held_out: Glyphs) -> None:
    np.testing.assert_array_equal(sources.load("mnist_5k", "test").images, held_out.images)


@pytest.mark.parametrize(("name", "module", "split", "expected"), [
    ("mnist", mnist, "train", "train"),
    ("mnist", mnist, "test", "test"),
    ("mnist", mnist, "validation", "test"),
    ("mnist_writers", mnist_writers, "train", "train"),
    ("mnist_writers", mnist_writers, "test", "test"),
    ("mnist_writers", mnist_writers, "validation", "validation"),
])
def test_a_source_receives_the_folder_and_a_split_that_it_has(
        name: str, module: ModuleType, split: str, expected: str, held_out: Glyphs,
        monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def load(split: str, folder: str | None) -> Glyphs:
        calls.append((split, folder))
        return held_out

    monkeypatch.setattr(module, "load", load)
    assert sources.load(name, split, "some/folder") is held_out
    assert calls == [(expected, "some/folder")]


def test_the_embedded_source_validates_on_its_test_set(held_out: Glyphs) -> None:
    np.testing.assert_array_equal(sources.load("mnist_5k", "validation").images, held_out.images)


@pytest.mark.parametrize(("held_out", "expected"), [
    ([], ["train", "test"]),
    (["validation"], ["train", "validation"]),
])
def test_load_both_returns_the_training_and_the_held_out_glyphs(
        held_out: list[str], expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_writers, "load", lambda split, folder: (split, folder))
    monkeypatch.setattr(mnist_writers, "load_training", lambda folder: {
        split: (split, folder) for split in ("train", "validation")})
    both = sources.load_both("mnist_writers", "some/folder", *held_out)
    assert both == tuple((split, "some/folder") for split in expected)


def test_an_unknown_source_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="'svhn'; it must be one of mnist, mnist_writers, mnist_5k"):
        sources.load("svhn", "train")


@pytest.mark.parametrize("name", sources.NAMES)
def test_every_name_is_a_source(name: str, held_out: Glyphs, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (mnist, mnist_writers):
        monkeypatch.setattr(module, "load", lambda split, folder: held_out)
    assert isinstance(sources.load(name, "test"), Glyphs)
