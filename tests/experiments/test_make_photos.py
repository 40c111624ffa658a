"""Composed photos: deterministic, true to what they say, harder where they should be."""

import numpy as np
import pytest

from experiments.make_photos import CONDITIONS, boxes, compose_scene, compressed, draw_numbers
from experiments.read_photos import in_order
from handwriting_gan.data.glyphs import Glyphs

ROWS = [250, 730, 310]


@pytest.mark.parametrize("kind", CONDITIONS)
def test_a_scene_is_a_function_of_its_seed_and_shows_every_digit(kind: str, held_out: Glyphs) -> None:
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


def test_digits_that_touch_do_and_others_do_not(held_out: Glyphs) -> None:
    def gap(kind: str) -> int:
        scene = compose_scene(held_out.take(ROWS), CONDITIONS[kind], np.random.default_rng(0))
        first, second, third = boxes(scene.masks)
        return min(second[1] - first[3], third[1] - second[3])

    assert gap("touching") < 3 < gap("plain")


def test_numbers_are_of_one_writer_each_and_no_glyph_twice(written: Glyphs) -> None:
    numbers = list(draw_numbers(written, 20, 3, seed=1))
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
