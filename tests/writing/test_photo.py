"""The ink does not depend on a picture's format, brightness or orientation; pictures without ink are refused."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.make_photos import CONDITIONS, compose_scene
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.writing import photo
from handwriting_gan.writing.composition import compose, regular_layout
from handwriting_gan.writing.photo import WORKING_PIXELS, Page, read_page, to_ink, to_page

ORIENTATION = 0x0112  # the EXIF tag


@pytest.fixture(scope="module")
def page(held_out: Glyphs) -> np.ndarray:
    """A scan of three digits: grey levels, dark on light."""
    return 255 - compose(held_out.images[[250, 720, 310]], regular_layout(40))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "picture.png"


def ink_of(picture: Image.Image, path: Path, **options: object) -> np.ndarray:
    """Saves a picture and reads its ink."""
    picture.save(path, **options)
    return read_page(path).ink


def test_ink_is_1_and_paper_is_0(page: np.ndarray, path: Path) -> None:
    ink = ink_of(Image.fromarray(page), path)
    assert (ink.dtype, ink.shape) == (np.float32, page.shape)
    assert set(np.unique(ink[page == 255])) == {0.0}
    assert set(np.unique(ink[page == 0])) == {1.0}
    assert 0.0 <= ink.min() < ink.max() <= 1.0


def test_darker_pixels_hold_more_ink(page: np.ndarray, path: Path) -> None:
    ink = ink_of(Image.fromarray(page), path)
    order = np.argsort(page, axis=None)
    assert (np.diff(ink.ravel()[order]) <= 0).all()


def test_light_on_dark_is_the_same_ink_as_dark_on_light(page: np.ndarray, path: Path) -> None:
    dark_on_light = ink_of(Image.fromarray(page), path)
    light_on_dark = ink_of(Image.fromarray(255 - page), path)
    np.testing.assert_allclose(light_on_dark, dark_on_light, atol=1e-5)


@pytest.mark.parametrize(("contrast", "brightness"), [(0.5, 0.0), (0.5, 0.5), (0.2, 0.4)])
def test_brightness_and_contrast_do_not_matter(contrast: float, brightness: float,
                                               page: np.ndarray) -> None:
    dark = 1.0 - page / 255.0
    np.testing.assert_allclose(to_ink(contrast * dark + brightness), to_ink(dark), atol=1e-5)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_the_picture_mode_does_not_matter(mode: str, path: Path, page: np.ndarray) -> None:
    black_or_white = np.where(page > 127, 255, 0).astype(np.uint8)
    deep = Image.fromarray(black_or_white.astype(np.uint16) * 257)
    picture = deep if mode == "I;16" else Image.fromarray(black_or_white).convert(mode)
    np.testing.assert_array_equal(ink_of(picture, path), black_or_white == 0)


def test_transparent_pixels_are_paper(page: np.ndarray, path: Path) -> None:
    expected = ink_of(Image.fromarray(page), path)
    black = np.zeros((*page.shape, 4), np.uint8)
    black[..., 3] = 255 - page
    np.testing.assert_allclose(ink_of(Image.fromarray(black), path), expected, atol=0.01)


def test_coloured_ink_is_ink(page: np.ndarray, path: Path) -> None:
    blue, cream = np.array([20, 40, 160]), np.array([250, 240, 210])
    weight = page[..., None] / 255.0
    coloured = np.rint(weight * cream + (1 - weight) * blue).astype(np.uint8)
    np.testing.assert_allclose(ink_of(Image.fromarray(coloured), path), (255 - page) / 255.0,
                               atol=0.05)


@pytest.mark.parametrize(("orientation", "as_seen"), [
    (1, lambda levels: levels),
    (2, np.fliplr),
    (3, lambda levels: np.rot90(levels, 2)),
    (6, lambda levels: np.rot90(levels, -1)),
    (8, np.rot90),
])
def test_the_cameras_orientation_does_not_matter(
        orientation: int, as_seen: Callable[[np.ndarray], np.ndarray], page: np.ndarray,
        path: Path) -> None:
    upright = ink_of(Image.fromarray(page), path)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    np.testing.assert_array_equal(ink_of(Image.fromarray(page), path, exif=exif), as_seen(upright))


def test_a_jpeg_shows_nearly_the_same_ink(page: np.ndarray, path: Path) -> None:
    expected = ink_of(Image.fromarray(page), path)
    blurred = ink_of(Image.fromarray(page), path.with_suffix(".jpg"), quality=90)
    assert np.abs(blurred - expected).mean() < 0.02


def png(levels: np.ndarray) -> bytes:
    """The bytes of a PNG."""
    content = io.BytesIO()
    Image.fromarray(levels).save(content, format="PNG")
    return content.getvalue()


NOISE = png(np.random.default_rng(0).integers(0, 255, (40, 60), np.uint8))


@pytest.mark.parametrize("content", [
    pytest.param(b"", id="no bytes"),
    pytest.param(b"4 8 1\n", id="a text"),
    pytest.param(NOISE[:len(NOISE) // 2], id="half a PNG"),
    pytest.param(NOISE[:20], id="the beginning of a PNG"),
])
def test_a_file_that_cannot_be_decoded_is_named(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{path} cannot be decoded as a picture"):
        read_page(path)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_uniform_picture_shows_no_ink(level: int, path: Path) -> None:
    path.write_bytes(png(np.full((40, 60), level, np.uint8)))
    with pytest.raises(InputError, match=f"no ink stands out in {path}"):
        read_page(path)


def test_a_single_pixel_shows_no_ink(path: Path) -> None:
    path.write_bytes(png(np.zeros((1, 1), np.uint8)))
    with pytest.raises(InputError, match="no ink"):
        read_page(path)


def test_ink_hardly_darker_than_its_paper_does_not_stand_out(page: np.ndarray) -> None:
    with pytest.raises(InputError, match="no ink"):
        to_ink(0.4 - 0.1 * page / 255.0)


def test_a_large_dark_block_is_not_writing() -> None:
    dark = np.zeros((40, 60))
    dark[2:-2, 2:-2] = 1.0
    with pytest.raises(InputError, match="no ink"):
        to_ink(dark)


def test_a_missing_picture_is_named(path: Path) -> None:
    with pytest.raises(InputError, match=f"there is no picture at {path}"):
        read_page(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path} cannot be read: Is a directory"):
        read_page(tmp_path)


def test_a_picture_with_too_many_pixels_is_refused(
        path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(NOISE)
    monkeypatch.setattr(photo, "MAX_PIXELS", 40 * 60 - 1)
    with pytest.raises(InputError, match="60 x 40 pixels; crop or shrink it"):
        read_page(path)


def test_a_decompression_bomb_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(NOISE)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000)
    with pytest.raises(InputError, match="far too many pixels"):
        read_page(path)


def test_a_large_picture_below_the_limit_is_read_without_a_warning(
        page: np.ndarray, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", page.size - 1)
    assert ink_of(Image.fromarray(page), path).shape == page.shape


def test_ink_is_detected_in_a_reduced_photo(page: np.ndarray) -> None:
    large = np.repeat(np.kron(page, np.ones((12, 12), np.uint8))[..., None], 3, axis=-1)
    found = to_page(large)
    assert found.ink.size == pytest.approx(WORKING_PIXELS, rel=0.1)
    assert found.photo is large
    assert found.scale == pytest.approx(found.ink.shape[0] / len(large), rel=0.01)


def test_a_window_is_the_photo_mirrored_beyond_its_edges() -> None:
    photo = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    page = Page(photo, photo[::2, ::2, 0].astype(np.float32))
    window = page.window(1, 2, (2, 3))
    np.testing.assert_array_equal(window.photo, photo[1:3, 2:5])
    np.testing.assert_array_equal(window.ink, page.ink[np.ix_([0, 1], [1, 1, 2])])
    wide = page.window(-4, -6, (12, 18)).photo
    np.testing.assert_array_equal(wide, np.pad(photo, ((4, 4), (6, 6), (0, 0)), "symmetric"))


def test_a_tilted_photo_and_its_ink_are_rotated_together(held_out: Glyphs) -> None:
    scene = compose_scene(held_out.take([250, 730, 330]), CONDITIONS["moderate"]._replace(inks=("black",)),
                          np.random.default_rng(1))
    assert abs(scene.tilt) > 1.0
    found = to_page(scene.photo)
    dark = found.photo.mean(axis=-1) < 90
    inked = found.ink > 0.5
    assert (dark & inked).sum() / (dark | inked).sum() > 0.85
