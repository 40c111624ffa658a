"""Pictures of glyphs: grids for people to look at, PNG files."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from handwriting_gan.data.glyphs import SIDE
from handwriting_gan.files import write_atomically

GAP = 4  # pixels between a grid's headings and its body
MAGNIFICATION = 2
MILLISECONDS, END_MILLISECONDS = 60, 800  # of an animation's frame, and of its first and last


def cross_grid(body: np.ndarray, left: np.ndarray, top: np.ndarray | None = None) -> np.ndarray:
    """One page of glyphs uint8 `[R, C, 28, 28]`, headed by glyphs `[R, 28, 28]` and perhaps `[C, 28, 28]`.

    Returns uint8 `[H, W]`, 0 paper and 255 ink.
    """
    page = beside(tile(left[:, None]), tile(body))
    if top is None:
        return page
    head = np.hstack([np.zeros((SIDE, SIDE + GAP), np.uint8), tile(top[None])])
    return np.vstack([head, np.zeros((GAP, page.shape[1]), np.uint8), page])


def beside(*pages: np.ndarray) -> np.ndarray:
    """Pages of ink uint8 `[H, W]` of one height, side by side with a gap: uint8 `[H, W']`."""
    gap = np.zeros((len(pages[0]), GAP), np.uint8)
    first, *rest = pages
    return np.hstack([first, *(part for page in rest for part in (gap, page))])


def tile(glyphs: np.ndarray) -> np.ndarray:
    """Glyphs uint8 `[R, C, 28, 28]` edge to edge: uint8 `[28 R, 28 C]`."""
    rows, columns, height, width = glyphs.shape
    return glyphs.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def save_ink(path: Path, ink: np.ndarray, magnification: int = MAGNIFICATION) -> None:
    """Saves ink uint8 `[H, W]` (255 ink) as a PNG of dark ink on white, enlarged without smoothing.

    Raises:
      InputError: if the file cannot be written.
    """
    enlarged = np.kron(255 - ink, np.ones((magnification, magnification), np.uint8))
    content = io.BytesIO()
    Image.fromarray(enlarged).save(content, format="PNG", optimize=True)
    write_atomically(path, content.getvalue())


def save_animation(path: Path, frames: Sequence[np.ndarray]) -> None:
    """Saves frames of ink uint8 `[H, W]` (255 ink), all of one size, as a GIF that runs there and back.

    Raises:
      InputError: if the file cannot be written.
    """
    pages = [Image.fromarray(255 - frame) for frame in (*frames, *frames[-2:0:-1])]
    durations = [END_MILLISECONDS if place in (0, len(frames) - 1) else MILLISECONDS
                 for place in range(len(pages))]
    content = io.BytesIO()
    pages[0].save(content, format="GIF", save_all=True, append_images=pages[1:], duration=durations, loop=0)
    write_atomically(path, content.getvalue())
