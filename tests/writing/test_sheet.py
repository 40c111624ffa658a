"""A written line in the pen's colour: transparent, on the photo's paper, as outlines, below the photo."""

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from skimage.draw import polygon2mask

from experiments.make_photos import INKS, Conditions, compose_scene
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.writing import sheet
from handwriting_gan.writing.composition import compose, regular_layout
from handwriting_gan.writing.photo import Page, to_page
from handwriting_gan.writing.segment import Box, find_strokes

ROWS = [250, 730, 310]
BLUE = (38, 58, 150)


@pytest.fixture(scope="module")
def ink(held_out: Glyphs) -> np.ndarray:
    return compose(held_out.images[ROWS], regular_layout(60))


def photo_in(colour: str, glyphs: Glyphs, **conditions: object) -> tuple[Page, Box]:
    scene = compose_scene(glyphs.take(ROWS), Conditions(inks=(colour,), noise=1.0, **conditions),
                          np.random.default_rng(1))
    page = to_page(scene.photo)
    return page, find_strokes(page.ink).box


@pytest.mark.parametrize("colour", ["blue", "red", "black"])
def test_the_colour_is_the_pens(colour: str, held_out: Glyphs) -> None:
    found = sheet.pen_colour(*photo_in(colour, held_out))
    np.testing.assert_allclose(found, INKS[colour], atol=25)


def test_the_colour_of_a_pale_number_next_to_a_dark_one_is_its_own() -> None:
    photo = np.full((60, 200, 3), 240, np.uint8)
    photo[20:40, 20:26], photo[20:40, 150:156] = (10, 10, 10), (140, 60, 60)
    page = Page(photo, (240.0 - photo.mean(axis=-1)) / 230.0)
    np.testing.assert_allclose(sheet.pen_colour(page, Box(20, 150, 40, 156)), (140, 60, 60), atol=5)


def test_transparent_ink_has_its_level_as_opacity(ink: np.ndarray) -> None:
    picture = sheet.transparent(ink, BLUE)
    np.testing.assert_array_equal(picture[..., 3], ink)
    assert (picture[..., :3] == BLUE).all()


def test_full_ink_covers_the_paper(ink: np.ndarray) -> None:
    paper = np.random.default_rng(0).integers(200, 255, (*ink.shape, 3), np.uint8)
    picture = sheet.on_paper(ink, BLUE, paper)
    assert (picture[ink == 255] == BLUE).all()
    np.testing.assert_array_equal(picture[ink == 0], paper[ink == 0])


def test_transparent_ink_pasted_on_paper_equals_ink_on_paper(ink: np.ndarray) -> None:
    paper = Image.new("RGB", ink.shape[::-1], (250, 240, 220))
    pasted = paper.copy()
    pasted.paste(Image.fromarray(sheet.transparent(ink, BLUE)), (0, 0), Image.fromarray(ink))
    np.testing.assert_allclose(np.asarray(pasted, int), sheet.on_paper(ink, BLUE, np.asarray(paper)), atol=1)


def test_the_paper_is_the_photos_without_its_number(held_out: Glyphs) -> None:
    page, box = photo_in("blue", held_out, light=(0.4, 0.4))
    layout = regular_layout(100.0)
    paper = sheet.paper_for(page, box, layout, 500)
    assert paper.shape == (layout.rows, 500, 3)
    top, left = box.bottom - layout.baseline, box.left - layout.margin
    there = page.photo[top:top + layout.rows, left:left + 500].astype(int)
    clear = page.ink[top:top + layout.rows, left:left + 500] < 0.02
    assert (np.abs(there - paper).max(axis=-1) > 40).mean() > 0.03  # at the removed number
    assert np.abs(there - paper)[clear].mean() < 2.0


def test_paper_continues_beyond_the_photos_edges(held_out: Glyphs) -> None:
    page, box = photo_in("black", held_out)
    paper = sheet.paper_for(page, box, regular_layout(150.0), 3 * page.photo.shape[1])
    assert paper.shape[1] == 3 * page.photo.shape[1]
    assert paper.min() > 180


def test_the_photo_is_cropped_around_the_number(held_out: Glyphs) -> None:
    page, box = photo_in("black", held_out)
    around = sheet.photo_around(page, box)
    margin = round(sheet.PHOTO_MARGIN * box.height)
    assert len(around) <= box.height + 2 * margin
    np.testing.assert_array_equal(sheet.photo_around(page, Box(0, 0, *page.photo.shape[:2])), page.photo)


def test_pictures_are_stacked_on_white() -> None:
    upper, lower = np.zeros((2, 3, 3), np.uint8), np.full((4, 5, 3), 9, np.uint8)
    both = sheet.stack_pictures(upper, lower)
    assert both.shape == (6, 5, 3)
    np.testing.assert_array_equal(both[2:], lower)
    assert (both[:2, 3:] == 255).all()
    assert not both[:2, :3].any()


def polygons_of(drawing: str) -> list[list[tuple[float, float]]]:
    path = ElementTree.fromstring(drawing)[0].attrib["d"]
    return [[tuple(map(float, point.split())) for point in closed.split("L")]
            for closed in re.findall(r"M([^MZ]+)Z", path)]


def test_outlines_enclose_the_ink(ink: np.ndarray) -> None:
    drawing = sheet.to_svg(ink, BLUE)
    root = ElementTree.fromstring(drawing)
    assert (root.attrib["width"], root.attrib["height"]) == (str(ink.shape[1]), str(ink.shape[0]))
    assert root[0].attrib["fill"] == "#263a96"
    filled = np.zeros(ink.shape, bool)
    for polygon in polygons_of(drawing):
        centres = np.array(polygon)[:, ::-1] - 0.5
        filled ^= polygon2mask(ink.shape, centres)  # a path inside another is a hole
    inked = ink > sheet.EDGE
    assert (filled & inked).sum() / (filled | inked).sum() > 0.97


def test_outlines_have_no_steps(ink: np.ndarray) -> None:
    """Outlines along pixels would have right angles."""
    angles = []
    for polygon in polygons_of(sheet.to_svg(ink, BLUE)):
        edges = np.diff(np.array([*polygon, *polygon[:2]]), axis=0)
        directions = np.arctan2(edges[:, 1], edges[:, 0])
        angles += np.abs(np.angle(np.exp(1j * np.diff(directions)))).tolist()
    assert (np.array(angles) < np.pi / 4).mean() > 0.9


def test_a_page_without_ink_has_no_outline() -> None:
    assert polygons_of(sheet.to_svg(np.zeros((20, 30), np.uint8), BLUE)) == []


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_survives_as_png(channels: int) -> None:
    picture = np.random.default_rng(0).integers(0, 255, (5, 7, channels), np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(sheet.to_png(picture)))), picture)
