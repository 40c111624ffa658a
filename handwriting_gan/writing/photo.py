"""A picture file as ink: how dark each pixel is between paper and pen, whichever of the two is light."""

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from skimage.filters import threshold_otsu

from handwriting_gan.errors import InputError
from handwriting_gan.writing import paper

UNDECODABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, RuntimeError,
               struct.error)  # what Pillow's decoders raise
MAX_PIXELS = 50_000_000
LEAST_CONTRAST = 0.15  # between paper and ink, of the full range
MOST_INK = 0.6  # of the picture; more is no writing on paper


def read_ink(path: Path) -> np.ndarray:
    """The ink in a picture: float32 `[H, W]`, 0 paper to 1 full ink, dark on light or light on dark.

    Raises:
      InputError: if there is no such picture, it cannot be decoded, is absurdly large, or shows no ink.
    """
    return to_ink(_read_grey(Path(path)), path)


def to_ink(grey: np.ndarray, name: object = "the picture") -> np.ndarray:
    """Ink float32 `[H, W]` from grey levels `[H, W]`, 0 black to 1 white.

    Raises:
      InputError: if no ink stands out.
    """
    if np.ptp(grey) < LEAST_CONTRAST:
        raise _no_ink(name)
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    darkness = 1.0 - grey if np.median(border) > threshold_otsu(grey) else grey
    marked = darkness > threshold_otsu(darkness)
    ground, pen = np.median(darkness[~marked]), np.percentile(darkness[marked], 90)
    if marked.mean() > MOST_INK or pen - ground < LEAST_CONTRAST:
        raise _no_ink(name)
    return np.clip((darkness - ground) / (pen - ground), 0.0, 1.0).astype(np.float32)


def ink_on_paper(photo: np.ndarray, name: object = "the picture") -> np.ndarray:
    """Ink float32 `[H, W]`, 0 to 1, of a photo uint8 `[H, W, 3]`: without shadows and ruled lines, upright.

    Where lines are ruled, the page is turned until they are level; without them it stays as it is.

    Raises:
      InputError: if no ink stands out.
    """
    if paper.is_dark(paper.thumbnail(photo).mean(axis=-1)):
        photo = 255 - photo
    lacking = paper.darkness(photo)
    tilt = paper.ruling_tilt(lacking)
    if tilt is not None:
        lacking = paper.without_rules(paper.upright(lacking, tilt))
    return to_ink(1.0 - lacking, name)


def _no_ink(name: object) -> InputError:
    return InputError(f"no ink stands out in {name}; it should show dark writing on light paper, "
                      "or light on dark")


def _read_grey(path: Path) -> np.ndarray:
    """Grey levels float32 `[H, W]`, 0 black to 1 white; transparency counts as white paper."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    raise InputError(f"{path} has {picture.width} x {picture.height} pixels; crop or "
                                     f"shrink it to at most {MAX_PIXELS // 1_000_000} million")
                upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except FileNotFoundError as error:
        raise InputError(f"there is no picture at {path}; name a PNG or JPEG file") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"{path} is absurdly large; crop or shrink it to at most "
                         f"{MAX_PIXELS // 1_000_000} million pixels") from error
    except UNDECODABLE as error:
        raise InputError(f"{path} cannot be decoded as a picture; give a whole PNG or JPEG file") from error
    white = Image.new("RGBA", upright.size, "white")
    return np.asarray(Image.alpha_composite(white, upright).convert("L"), np.float32) / 255.0
