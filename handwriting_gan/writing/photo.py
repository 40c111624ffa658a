"""Reads a picture file and separates ink from paper, for dark ink on light paper and for light ink on dark paper."""

import struct
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from skimage.filters import threshold_otsu

from handwriting_gan.errors import InputError
from handwriting_gan.writing import paper

DECODER_ERRORS = (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, RuntimeError,
                  struct.error, TypeError, AttributeError)  # that Pillow raises
FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "PPM")
MAX_PIXELS = 50_000_000
WORKING_PIXELS = 2_000_000  # of the picture in which ink is detected
MIN_CONTRAST = 0.15  # between paper and ink, of the full range
MAX_INK = 0.6  # of the picture's area; more is not writing on paper
MULTI_PICTURE = "MPO"  # a format of phones, whose first picture is the photo
LEVELS_16_TO_8 = 257  # 16-bit levels per 8-bit level


class Page(NamedTuple):
    """A photo, rotated if it was tilted, and its ink."""

    photo: np.ndarray  # uint8 [H, W, 3]
    ink: np.ndarray  # float32 [h, w], 0 paper to 1 full ink; it may be smaller than the photo
    is_ruled: bool = False  # ruled lines were found, and are level
    is_dark: bool = False  # the ink is light on dark paper

    @property
    def scale(self) -> float:
        """Pixels of the ink per pixel of the photo."""
        return self.ink.shape[1] / self.photo.shape[1]

    def rotated(self, degrees: float) -> "Page":
        """The page rotated clockwise, so that lines that rise by `degrees` to the right become level."""
        background = tuple(np.median(self.photo[::8, ::8], axis=(0, 1)).astype(int).tolist())
        return self._replace(photo=paper.rotate(self.photo, degrees, background, expand=not self.is_ruled),
                             ink=paper.rotate(self.ink, degrees, expand=not self.is_ruled).clip(0.0, 1.0))

    def window(self, top: int, left: int, size: tuple[int, int]) -> "Page":
        """A window of `size` rows and columns of the photo, mirrored beyond its edges, and the ink at that size."""
        rows, columns = (_mirrored(start + np.arange(extent), length) for start, extent, length in
                         zip((top, left), size, self.photo.shape, strict=False))
        inked = np.ix_((rows * self.scale).astype(int).clip(max=self.ink.shape[0] - 1),
                       (columns * self.scale).astype(int).clip(max=self.ink.shape[1] - 1))
        return self._replace(photo=self.photo[np.ix_(rows, columns)], ink=self.ink[inked])


def _mirrored(indices: np.ndarray, length: int) -> np.ndarray:
    """Indices of an axis that is repeated with mirroring at 0 and at `length`."""
    period = indices % (2 * length)
    return np.minimum(period, 2 * length - 1 - period)


def read_page(path: Path) -> Page:
    """Reads the page in a picture file.

    Raises:
      InputError: if the file is missing, cannot be decoded, has too many pixels, or shows no ink.
    """
    return to_page(_read_photo(Path(path)), path)


def to_page(photo: np.ndarray, name: object = "the picture") -> Page:
    """Finds the ink in a photo uint8 `[H, W, 3]`, without shadows and ruled lines.

    A page with ruled lines is rotated until they are level. Other pages stay unchanged.

    Args:
      photo: uint8 `[H, W, 3]`.
      name: what errors call the photo.

    Raises:
      InputError: if no ink stands out.
    """
    small = _at_most(photo, WORKING_PIXELS)
    if np.ptp(small) < MIN_CONTRAST * 255:
        raise _no_ink(name)
    dark = paper.is_dark(paper.thumbnail(small).mean(axis=-1))
    darkness = paper.darkness(255 - small if dark else small)
    tilt = paper.ruling_tilt(darkness)
    if tilt is None:
        return Page(photo, to_ink(darkness, name), is_dark=dark)
    level = Page(photo, darkness, is_ruled=True, is_dark=dark).rotated(tilt)
    return level._replace(ink=to_ink(paper.without_rules(level.ink), name))


def _at_most(photo: np.ndarray, pixels: int) -> np.ndarray:
    """A photo uint8 `[H, W, 3]`, reduced to about `pixels` pixels if it has more."""
    height, width = photo.shape[:2]
    scale = (pixels / (height * width))**0.5
    if scale >= 1.0:
        return photo
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX))


def to_ink(darkness: np.ndarray, name: object = "the picture") -> np.ndarray:
    """Ink float32 `[H, W]`, 0 to 1, from darkness `[H, W]`, 0 paper to 1 at most.

    Raises:
      InputError: if no ink stands out.
    """
    if np.ptp(darkness) < MIN_CONTRAST:
        raise _no_ink(name)
    marked = darkness > threshold_otsu(darkness)
    background, pen = np.median(darkness[~marked]), np.percentile(darkness[marked], 90)
    if marked.mean() > MAX_INK or pen - background < MIN_CONTRAST:
        raise _no_ink(name)
    return np.clip((darkness - background) / (pen - background), 0.0, 1.0).astype(np.float32)


def _no_ink(name: object) -> InputError:
    return InputError(f"no ink stands out in {name}; it should show dark writing on light paper, or light on dark")


def _read_photo(path: Path) -> np.ndarray:
    """Colours uint8 `[H, W, 3]` in the orientation that a viewer shows; transparent pixels are white."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about damage that it can repair
            with Image.open(path, formats=FORMATS) as picture:
                _check_photo(picture, path)
                return _colours(ImageOps.exif_transpose(picture))
    except FileNotFoundError as error:
        raise InputError(f"there is no picture at {path}; name a PNG or JPEG file") from error
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; name a PNG or JPEG file") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} has far too many pixels; crop or shrink it to at most "
                         f"{MAX_PIXELS // 1_000_000} million pixels") from error
    except DECODER_ERRORS as error:
        raise InputError(f"{path} cannot be decoded as a picture; give a complete PNG or JPEG file") from error


def _check_photo(picture: Image.Image, path: Path) -> None:
    """Raises: InputError, if the file is too large or is not a single photo."""
    if picture.width * picture.height > MAX_PIXELS:
        raise InputError(f"{path} has {picture.width} x {picture.height} pixels; crop or "
                         f"shrink it to at most {MAX_PIXELS // 1_000_000} million")
    if getattr(picture, "is_animated", False) and picture.format != MULTI_PICTURE:
        pictures = getattr(picture, "n_frames", "several")
        raise InputError(f"{path} holds {pictures} pictures; give one, as a PNG or JPEG file")
    if picture.mode == "F":
        raise InputError(f"{path} holds measurements, not colours; save it as a PNG or JPEG file")


def _colours(picture: Image.Image) -> np.ndarray:
    """Converts any of Pillow's modes but F to RGB."""
    if picture.mode.startswith("I"):
        deep = np.asarray(picture, np.int64).clip(0)
        levels = np.rint(deep / LEVELS_16_TO_8) if deep.max() > 255 else deep
        return np.repeat(levels.clip(max=255).astype(np.uint8)[..., None], 3, axis=-1)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("RGB"))
    layer = picture.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB"))
