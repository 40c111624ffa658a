"""`write` turns a photo of a number into another number in that hand, or reports why not in one line."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from experiments.make_photos import CONDITIONS, INKS, compose_scene
from handwriting_gan import write
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.writing.number import read_hand
from handwriting_gan.writing.reading import load_recognisers

ROWS = [250, 730, 330]  # a 2, a 7 and a 3 of the held-out glyphs
ORIENTATION = 0x0112  # the EXIF tag
RECOGNISERS = load_recognisers()
MODERATE = CONDITIONS["moderate"]._replace(inks=("blue",))


@pytest.fixture
def photo(held_out: Glyphs, tmp_path: Path) -> Path:
    """273 in blue on ruled paper, tilted, in uneven light."""
    return save(compose_scene(held_out.take(ROWS), MODERATE, np.random.default_rng(3)).photo,
                tmp_path / "273.jpg")


def save(photo: np.ndarray, path: Path, **options: object) -> Path:
    Image.fromarray(photo).save(path, quality=MODERATE.quality, **options)
    return path


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture
def write_481(photo: Path, tmp_path: Path, run_entry_point: Callable[..., None]) -> Callable[..., Path]:
    """Writes 481 in the hand of the photo, as the best guess of the released weights."""

    def call(*flags: object, like: Path = photo, out: str = "481.png") -> Path:
        run_entry_point(write, "--number", 481, "--like", like, "--reads", 273, "--vary", 0, *flags, "--out",
                 tmp_path / out)
        return tmp_path / out

    return call


@pytest.mark.slow  # tests/writing has the parts
def test_a_written_number_can_be_read(write_481: Callable[..., Path]) -> None:
    for flags in ((), ("--paper",)):
        assert read_hand(write_481(*flags), RECOGNISERS).glyphs.digits.tolist() == [4, 8, 1]


def test_transparent_ink_has_the_pens_colour(write_481: Callable[..., Path]) -> None:
    pixels = pixels_of(write_481())
    assert pixels.shape[-1] == 4
    np.testing.assert_allclose(pixels[pixels[..., 3] == 255][:, :3].mean(axis=0), INKS["blue"], atol=30)


@pytest.mark.slow  # tests/writing has the parts
def test_the_written_number_has_the_size_of_the_photos(photo: Path, write_481: Callable[..., Path],
                                                       tmp_path: Path) -> None:
    larger = tmp_path / "larger.jpg"
    Image.fromarray(pixels_of(photo)).resize((3_300, 2_100), Image.Resampling.BICUBIC).save(larger, quality=90)
    sizes = [read_hand(path, RECOGNISERS, reads="273").layout.size for path in (photo, larger)]
    assert sizes[1] == pytest.approx(3 * sizes[0], rel=0.1)
    heights = [len(pixels_of(write_481(like=path))) for path in (photo, larger)]
    assert heights[1] == pytest.approx(3 * heights[0], rel=0.1)


@pytest.mark.slow  # tests/writing has the parts
def test_the_cameras_orientation_does_not_matter(photo: Path, write_481: Callable[..., Path], tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    turned = save(np.rot90(pixels_of(photo)), tmp_path / "turned.png", exif=exif)
    assert write_481(like=turned, out="one.png").read_bytes() == write_481(
        like=save(pixels_of(photo), tmp_path / "upright.png"), out="other.png").read_bytes()


def test_beside_shows_the_photo_above(write_481: Callable[..., Path]) -> None:
    alone, both = (pixels_of(write_481("--paper", *flags)).astype(int) for flags in ((), ("--beside",)))
    assert len(both) > 1.5 * len(alone)
    np.testing.assert_allclose(both[-len(alone):, :100], alone[:, :100], atol=10)


def test_outlines_have_the_pens_colour(write_481: Callable[..., Path]) -> None:
    drawing = ElementTree.fromstring(write_481(out="481.svg").read_text())
    colour = bytes.fromhex(drawing[0].attrib["fill"].removeprefix("#"))
    np.testing.assert_allclose(list(colour), INKS["blue"], atol=40)
    assert drawing[0].attrib["d"].count("M") >= 3


def test_an_unsure_reading_is_refused_with_a_picture_of_it(
        held_out: Glyphs, refused: Callable[..., str], run_entry_point: Callable[..., None], tmp_path: Path) -> None:
    """The flag that the message names resolves the error."""
    scribble = compose_scene(held_out.take([*ROWS, 4, 5]), CONDITIONS["crowded"]._replace(touching=4),
                             np.random.default_rng(0))
    photo = save(scribble.photo, tmp_path / "crowded.jpg")
    message = refused(write, "--number", 481, "--like", photo, "--out", tmp_path / "481.png")
    assert "is a guess" in message
    assert not (tmp_path / "481.png").exists()
    assert pixels_of(tmp_path / "481_seen.png").std() > 10
    reads = re.search(r"--reads (\d+)", message)[1]
    run_entry_point(write, "--number", 481, "--like", photo, "--reads", reads, "--out", tmp_path / "481.png")
    assert (tmp_path / "481.png").exists()


@pytest.mark.slow  # tests/writing has the parts
def test_one_of_several_numbers_is_chosen(photo: Path, refused: Callable[..., str],
                                          run_entry_point: Callable[..., None], tmp_path: Path) -> None:
    one = pixels_of(photo)
    two = save(np.vstack([one, one]), tmp_path / "two.jpg")
    command = write, "--number", 481, "--like", two, "--out", tmp_path / "481.png"
    assert "shows 2 numbers; crop it to one, or choose one with --line, from 1 at the top to 2\n" in refused(*command)
    assert "no line 3; choose one from 1 to 2 with --line\n" in refused(*command, "--line", 3)
    assert {path.name for path in tmp_path.iterdir()} == {photo.name, two.name}
    run_entry_point(*command, "--line", 2, "--reads", 273)
    assert (tmp_path / "481.png").exists()


def bad_picture(kind: str, folder: Path) -> Path:
    """A file that is not a photo of a number."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80), np.uint8))
    if kind == "animation":
        noise.save(folder / "bad.gif", save_all=True, append_images=[noise.rotate(90)])
        return folder / "bad.gif"
    if kind == "pages":
        noise.save(folder / "bad.tif", save_all=True, append_images=[noise])
        return folder / "bad.tif"
    if kind == "measurements":
        Image.fromarray(np.ones((60, 80), np.float32)).save(folder / "bad.tif")
        return folder / "bad.tif"
    page = Image.new("L", (900, 1_200), 240)
    font = ImageFont.load_default(26)
    for row in range(40, 1_150, 44):
        ImageDraw.Draw(page).text((40, row), "A page of a book, which shows many numbers: 481.", 30, font)
    page.save(folder / "bad.jpg")
    return folder / "bad.jpg"


@pytest.mark.parametrize(("kind", "reason"), [
    ("animation", "holds 2 pictures; give one"), ("pages", "holds 2 pictures; give one"),
    ("measurements", "holds measurements"), ("text", "numbers; crop it to one|too many for a number"),
])
def test_other_pictures_than_a_photo_of_a_number_are_refused(kind: str, reason: str, refused: Callable[..., str],
                                      tmp_path: Path) -> None:
    bad = bad_picture(kind, tmp_path)
    assert re.search(reason, refused(write, "--number", 481, "--like", bad, "--out", tmp_path / "481.png"))
    assert list(tmp_path.iterdir()) == [bad]


@pytest.mark.parametrize("kind", ["CMYK", "sixteen bits", "several in a phone's format"])
def test_unusual_pictures_are_read(kind: str, photo: Path, tmp_path: Path,
                                   write_481: Callable[..., Path]) -> None:
    picture, path = Image.fromarray(pixels_of(photo)), tmp_path / "unusual.tif"
    if kind == "CMYK":
        picture.convert("CMYK").save(path)
    elif kind == "sixteen bits":
        Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257).save(path)
    else:
        path = tmp_path / "unusual.jpg"
        picture.save(path, format="MPO", save_all=True, append_images=[picture.resize((80, 60))])
    assert read_hand(write_481(like=path), RECOGNISERS).glyphs.digits.tolist() == [4, 8, 1]
