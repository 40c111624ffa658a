"""Uneven light, ruled lines and tilt are removed; the ink stays."""

import numpy as np
import pytest

from experiments.make_photos import CONDITIONS, Conditions, Scene, compose_scene
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.writing import paper
from handwriting_gan.writing.photo import to_page

ROWS = [250, 730, 310]
FAINT = 65  # just above the level at which make_photos counts ink


def scene_of(glyphs: Glyphs, conditions: Conditions, seed: int = 0) -> Scene:
    return compose_scene(glyphs.take(ROWS), conditions, np.random.default_rng(seed))


def agreement(ink: np.ndarray, truth: np.ndarray) -> float:
    """Intersection over union of two sets of pixels."""
    return (ink & truth).sum() / (ink | truth).sum()


def test_uneven_light_does_not_change_darkness(held_out: Glyphs) -> None:
    scene = scene_of(held_out, Conditions(light=(0.5, 0.5), noise=0.0))
    darkness = paper.darkness(scene.photo)
    clear = scene.masks == 0
    assert np.percentile(darkness[clear], 99) < 0.15 < 0.5 < np.median(darkness[~clear])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_tilt_is_that_of_the_ruled_lines(seed: int, held_out: Glyphs) -> None:
    scene = scene_of(held_out, CONDITIONS["moderate"], seed)
    assert paper.ruling_tilt(paper.darkness(scene.photo)) == pytest.approx(scene.tilt, abs=0.3)


def test_without_ruled_lines_no_tilt_is_found(held_out: Glyphs) -> None:
    assert paper.ruling_tilt(paper.darkness(scene_of(held_out, CONDITIONS["plain"]).photo)) is None


@pytest.mark.parametrize("ruling", ["ruled", "squared"])
def test_ruled_lines_are_removed_and_strokes_across_them_stay(ruling: str, held_out: Glyphs) -> None:
    plain, ruled = (scene_of(held_out, Conditions(ruling=(kind,), inks=("black",)))
                    for kind in ("plain", ruling))
    assert agreement(to_page(ruled.photo).ink > 0.5, ruled.masks > 0) > 0.85
    assert agreement(to_page(plain.photo).ink > 0.5, plain.masks > 0) > 0.85


def test_light_ink_on_dark_paper_is_found(held_out: Glyphs) -> None:
    scene = scene_of(held_out, CONDITIONS["plain"])
    assert agreement(to_page(255 - scene.photo).ink > 0.5, scene.masks > 0) > 0.85


def test_rotation_levels_a_rising_line(held_out: Glyphs) -> None:
    plane = np.zeros((101, 201), np.float32)
    columns = np.arange(201)
    plane[np.rint(50 - np.tan(np.deg2rad(5.0)) * (columns - 100)).astype(int), columns] = 1.0
    rows, columns = np.nonzero(paper.rotate(plane, 5.0)[:, 30:170] > 0.3)
    assert np.ptp(rows) <= 2
    np.testing.assert_array_equal(paper.rotate(plane, 0.0), plane)


@pytest.mark.parametrize("ruling", ["plain", "ruled", "squared"])
def test_bare_paper_is_the_paper_under_the_ink(ruling: str, held_out: Glyphs) -> None:
    """The scene is drawn again by the same seed with glyphs too faint to be ink."""
    conditions = Conditions(ruling=(ruling,), light=(0.4, 0.4), inks=("black",))
    inked = scene_of(held_out, conditions)
    empty = compose_scene(held_out.take(ROWS)._replace(images=np.minimum(held_out.take(ROWS).images, FAINT)),
                          conditions, np.random.default_rng(0))
    found = paper.without_ink(inked.photo, to_page(inked.photo).ink, 4).astype(float)
    under = inked.masks > 0
    assert np.abs(found - empty.photo)[under].mean() < 6.0
    assert np.abs(inked.photo - empty.photo.astype(float))[under].mean() > 60.0


def test_bare_paper_keeps_what_was_bare_and_its_grain(held_out: Glyphs) -> None:
    scene = scene_of(held_out, Conditions(noise=5.0))
    found = paper.without_ink(scene.photo, to_page(scene.photo).ink, 4)
    far = np.s_[:60]
    np.testing.assert_array_equal(found[far], scene.photo[far])
    assert found[scene.masks > 0].std() == pytest.approx(found[far].std(), rel=0.4)


def test_a_bare_blackboard_is_black(held_out: Glyphs) -> None:
    scene = scene_of(held_out, CONDITIONS["plain"])
    ink = to_page(scene.photo).ink
    np.testing.assert_array_equal(paper.without_ink(255 - scene.photo, ink, 4, dark=True),
                                  255 - paper.without_ink(scene.photo, ink, 4))


def test_where_all_is_ink_paper_is_even() -> None:
    photo = np.full((40, 60, 3), 90, np.uint8)
    np.testing.assert_array_equal(paper.without_ink(photo, np.ones((40, 60)), 2), photo)
