"""Sources go by the names that the config uses."""

import numpy as np
import pytest

from handwriting_gan.data import mnist, sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError


def test_the_embedded_source_needs_no_folder(held_out: Glyphs) -> None:
    np.testing.assert_array_equal(sources.load("mnist_5k", "test").images, held_out.images)


def test_mnist_is_told_the_split_and_the_folder(
        held_out: Glyphs, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(split: str, folder: str | None) -> Glyphs:
        asked.append((split, folder))
        return held_out

    monkeypatch.setattr(mnist, "load", load)
    assert sources.load("mnist", "train", "some/folder") is held_out
    assert asked == [("train", "some/folder")]


def test_an_unknown_source_is_told_the_known_ones() -> None:
    with pytest.raises(InputError, match="'svhn'; there is mnist, mnist_5k"):
        sources.load("svhn", "train")
