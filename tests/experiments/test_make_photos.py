"""Composed photos are deterministic and agree with their ground truth."""

import json
from pathlib import Path

import numpy as np
import pytest

from experiments import make_photos
from experiments.make_photos import (
    CONDITIONS,
    MAX_DIGITS,
    boxes,
    compose_scene,
    compressed,
    place_glyphs,
    sample_numbers,
)
from experiments.read_photos import in_order
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError

ROWS = [250, 730, 310]


@pytest.mark.parametrize("kind", CONDITIONS)
def test_a_scene_depends_on_its_seed_only_and_shows_every_digit(kind: str, held_out: Glyphs) -> None:
    one, again, other = (compose_scene(held_out.take(ROWS), CONDITIONS[kind], np.random.default_rng(seed))
                         for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.photo, again.photo)
    assert not np.array_equal(one.photo, other.photo)
    assert one.digits.tolist() == [2, 7, 3]
    assert set(np.unique(one.masks)) == {0, 1, 2, 3}
    lefts = [left for _, left, _, _ in boxes(one.masks)]
    assert lefts == sorted(lefts)
    assert abs(one.tilt) <= CONDITIONS[kind].tilt
    dark = one.photo.mean(axis=-1)
    assert np.median(dark[one.masks > 0]) < np.median(dark[one.masks == 0]) - 50


def test_only_touching_digits_touch(held_out: Glyphs) -> None:
    def gap(kind: str) -> int:
        scene = compose_scene(held_out.take(ROWS), CONDITIONS[kind], np.random.default_rng(0))
        first, second, third = boxes(scene.masks)
        return min(second[1] - first[3], third[1] - second[3])

    assert gap("touching") < 3 < gap("plain")


def test_a_number_has_distinct_glyphs_of_one_writer(written: Glyphs) -> None:
    numbers = list(sample_numbers(written, 20, 3, seed=1))
    assert len(numbers) == 20
    for number in numbers:
        assert len(set(number.writers.tolist())) == 1
        assert len({image.tobytes() for image in number.images}) == 3


def test_a_poorer_jpeg_is_smaller(held_out: Glyphs) -> None:
    photo = compose_scene(held_out.take(ROWS), CONDITIONS["plain"], np.random.default_rng(0)).photo
    assert len(compressed(photo, 40)) < len(compressed(photo, 90))


@pytest.mark.parametrize(("one", "other", "shared"), [
    ([2, 7, 3], [2, 7, 3], 3), ([2, 7, 3], [2, 3], 2), ([2, 7, 3], [7, 2], 1), ([1], [], 0),
    ([4, 1, 1], [4, 1], 2)])
def test_digits_in_order(one: list[int], other: list[int], shared: int) -> None:
    assert in_order(one, other) == in_order(other, one) == shared


@pytest.mark.parametrize("seed", range(5))
def test_the_longest_number_fits_on_the_page(seed: int, held_out: Glyphs) -> None:
    rng = np.random.default_rng(seed)
    glyphs = held_out.take(rng.integers(len(held_out.digits), size=MAX_DIGITS))
    layers = place_glyphs(glyphs.images, 190.0, CONDITIONS["plain"], rng)
    assert (layers.max(axis=(1, 2)) > 0.9).all()


@pytest.fixture
def make(written: Glyphs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Calls the tool for two photos in `tmp_path`."""

    def make() -> None:
        monkeypatch.setattr("sys.argv", ["make_photos", "--out", str(tmp_path), "--count", "2"])
        make_photos.main()

    monkeypatch.setattr(make_photos.sources, "load_both", lambda *_: (written, written))
    return make


def test_photos_overwrite_earlier_photos(make: object, tmp_path: Path) -> None:
    make()
    files = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.name for path in files} == {f"moderate_000{index}.{ending}" for index in (0, 1)
                                             for ending in ("jpg", "json", "masks.png")}
    (tmp_path / "moderate_0001.jpg").write_bytes(b"of another seed")
    make()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == files


@pytest.mark.parametrize(("name", "content"), [
    ("moderate_0001.jpg", "mine"), ("moderate_0001.json", json.dumps({"digits": [4]})),
    ("moderate_0000.json", "mine"), ("moderate_0001.masks.png", "mine")])
def test_other_files_are_kept_and_no_photo_is_saved(
        name: str, content: str, make: object, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match="was not made by this tool"):
        make()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == content
