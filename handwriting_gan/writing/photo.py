"""A picture file as a page: how dark each pixel is between paper and pen, whichever of the two is light."""

import struct
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from skimage.filters import threshold_otsu

from handwriting_gan.errors import InputError
from handwriting_gan.writing import paper

UNDECODABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, RuntimeError,
               struct.error, TypeError, AttributeError)  # what Pillow's decoders raise
FORMATS = ("PNG", "JPEG", "TIFF", "GIF", "WEBP", "BMP", "PPM")
MAX_PIXELS = 50_000_000
WORKING_PIXELS = 2_000_000  # of the picture in which ink is looked for
MIN_CONTRAST = 0.15  # between paper and ink, of the full range
MAX_INK = 0.6  # of the picture; more is no writing on paper
SEVERAL_PICTURES = "MPO"  # a phone's format, whose first picture is the photo
DEEP = 257  # levels of 16 bits for one of 8


class Page(NamedTuple):
    """A photo, turned if it was askew, and the ink on it."""

    photo: np.ndarray  # uint8 [H, W, 3]
    ink: np.ndarray  # float32 [h, w], 0 paper to 1 full ink, dark on light or light on dark; perhaps smaller
    is_ruled: bool = False  # in which case its lines are level
    is_dark: bool = False  # in which case its ink is light

    @property
    def scale(self) -> float:
        """Pixels of the ink for one of the photo."""
        return self.ink.shape[1] / self.photo.shape[1]

    def turned(self, degrees: float) -> "Page":
        """So that what rose by `degrees` to the right is level."""
        ground = tuple(np.median(self.photo[::8, ::8], axis=(0, 1)).astype(int).tolist())
        return self._replace(photo=paper.rotate(self.photo, degrees, ground, whole=not self.is_ruled),
                             ink=paper.rotate(self.ink, degrees, whole=not self.is_ruled).clip(0.0, 1.0))

    def window(self, top: int, left: int, size: tuple[int, int]) -> "Page":
        """So many rows and columns of the photo, mirrored beyond its edges, and the ink there as large."""
        rows, columns = (_mirrored(start + np.arange(extent), length) for start, extent, length in
                         zip((top, left), size, self.photo.shape, strict=False))
        inked = np.ix_((rows * self.scale).astype(int).clip(max=self.ink.shape[0] - 1),
                       (columns * self.scale).astype(int).clip(max=self.ink.shape[1] - 1))
        return self._replace(photo=self.photo[np.ix_(rows, columns)], ink=self.ink[inked])


def _mirrored(places: np.ndarray, length: int) -> np.ndarray:
    """Places on a line that is mirrored at 0 and at its length, again and again."""
    period = places % (2 * length)
    return np.minimum(period, 2 * length - 1 - period)


def read_page(path: Path) -> Page:
    """The page in a picture file.

    Raises:
      InputError: if there is no such picture, it cannot be decoded, is absurdly large, or shows no ink.
    """
    return to_page(_read_photo(Path(path)), path)


def to_page(photo: np.ndarray, name: object = "the picture") -> Page:
    """The ink in a photo uint8 `[H, W, 3]`, without shadows and ruled lines.

    Where lines are ruled, the page is turned until they are level; without them it stays as it is.

    Raises:
      InputError: if no ink stands out.
    """
    small = _at_most(photo, WORKING_PIXELS)
    if np.ptp(small) < MIN_CONTRAST * 255:
        raise _no_ink(name)
    dark = paper.is_dark(paper.thumbnail(small).mean(axis=-1))
    lacking = paper.darkness(255 - small if dark else small)
    tilt = paper.ruling_tilt(lacking)
    if tilt is None:
        return Page(photo, to_ink(lacking, name), is_dark=dark)
    level = Page(photo, lacking, is_ruled=True, is_dark=dark).turned(tilt)
    return level._replace(ink=to_ink(paper.without_rules(level.ink), name))


def _at_most(photo: np.ndarray, pixels: int) -> np.ndarray:
    """A photo uint8 `[H, W, 3]`, made so small that it has about that many pixels unless it is already."""
    height, width = photo.shape[:2]
    scale = (pixels / (height * width))**0.5
    if scale >= 1.0:
        return photo
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX))


def to_ink(darkness: np.ndarray, name: object = "the picture") -> np.ndarray:
    """Ink float32 `[H, W]`, 0 to 1, from how dark pixels `[H, W]` are, 0 paper to 1 at most.

    Raises:
      InputError: if no ink stands out.
    """
    if np.ptp(darkness) < MIN_CONTRAST:
        raise _no_ink(name)
    marked = darkness > threshold_otsu(darkness)
    ground, pen = np.median(darkness[~marked]), np.percentile(darkness[marked], 90)
    if marked.mean() > MAX_INK or pen - ground < MIN_CONTRAST:
        raise _no_ink(name)
    return np.clip((darkness - ground) / (pen - ground), 0.0, 1.0).astype(np.float32)


def _no_ink(name: object) -> InputError:
    return InputError(f"no ink stands out in {name}; it should show dark writing on light paper, "
                      "or light on dark")


def _read_photo(path: Path) -> np.ndarray:
    """Colours uint8 `[H, W, 3]`, as a viewer would show them; transparency counts as white paper."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow's, about damage that it can live with
            with Image.open(path, formats=FORMATS) as picture:
                _refuse_what_is_no_photo(picture, path)
                return _colours(ImageOps.exif_transpose(picture))
    except FileNotFoundError as error:
        raise InputError(f"there is no picture at {path}; name a PNG or JPEG file") from error
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; name a PNG or JPEG file") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} is absurdly large; crop or shrink it to at most "
                         f"{MAX_PIXELS // 1_000_000} million pixels") from error
    except UNDECODABLE as error:
        raise InputError(f"{path} cannot be decoded as a picture; give a whole PNG or JPEG file") from error


def _refuse_what_is_no_photo(picture: Image.Image, path: Path) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise InputError(f"{path} has {picture.width} x {picture.height} pixels; crop or "
                         f"shrink it to at most {MAX_PIXELS // 1_000_000} million")
    if getattr(picture, "is_animated", False) and picture.format != SEVERAL_PICTURES:
        pictures = getattr(picture, "n_frames", "several")
        raise InputError(f"{path} holds {pictures} pictures; give one, as a PNG or JPEG file")
    if picture.mode == "F":
        raise InputError(f"{path} holds measurements, not colours; save it as a PNG or JPEG file")


def _colours(picture: Image.Image) -> np.ndarray:
    """Of any of Pillow's modes."""
    if picture.mode.startswith("I"):
        deep = np.asarray(picture, np.int64).clip(0)
        levels = np.rint(deep / DEEP) if deep.max() > 255 else deep
        return np.repeat(levels.clip(max=255).astype(np.uint8)[..., None], 3, axis=-1)
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("RGB"))
    upright = picture.convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("RGB"))
