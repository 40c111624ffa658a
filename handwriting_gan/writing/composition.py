"""Glyphs into a line of writing, at the size of the hand that they imitate."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from handwriting_gan.data.glyphs import SIDE
from handwriting_gan.writing.mnist_form import BOX

GAP = 4  # pixels of 28 x 28 between the ink of two digits, and twice that around the line
PRESENT = 64  # level above which ink takes room
MOST_HEIGHT = 560  # pixels of a digit on the page


def compose(glyphs: np.ndarray, digit_height: float) -> np.ndarray:
    """Writes glyphs uint8 `[n, 28, 28]` on one line: ink uint8 `[H, W]`, 0 paper to 255 ink.

    `digit_height` is how many pixels a digit is to be high; MNIST draws it 20 high.
    """
    scale = min(max(digit_height, BOX), MOST_HEIGHT) / BOX
    paper = np.zeros((SIDE, GAP), np.uint8)
    line = [paper]
    for glyph in glyphs:
        line += [paper, _trim_sides(glyph)]
    line += [paper, paper]
    return _enlarge(np.hstack(line), scale)


def stack(lines: Sequence[np.ndarray]) -> np.ndarray:
    """Lines of ink uint8 `[H, W]` one below the other, from the left: uint8 `[sum of H, largest W]`."""
    width = max(line.shape[1] for line in lines)
    return np.vstack([np.pad(line, ((0, 0), (0, width - line.shape[1]))) for line in lines])


def centre(lines: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Lines of ink uint8 `[H, W]` of one height, all with the largest width, as in an animation's frames."""
    width = max(line.shape[1] for line in lines)
    return [np.pad(line, ((0, 0), ((width - line.shape[1]) // 2, -((line.shape[1] - width) // 2))))
            for line in lines]


def _trim_sides(glyph: np.ndarray) -> np.ndarray:
    """Without the empty columns on either side; a glyph without ink keeps a space's width."""
    columns = np.flatnonzero((glyph > PRESENT).any(axis=0))
    if not len(columns):
        return glyph[:, :SIDE // 2]
    return glyph[:, columns.min():columns.max() + 1]


def _enlarge(ink: np.ndarray, scale: float) -> np.ndarray:
    """Smoothly larger, its edges about as steep in the new pixels as before in the old."""
    size = (round(ink.shape[1] * scale), round(ink.shape[0] * scale))
    smooth = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC), np.float32)
    steepness = 1.0 + (scale - 1.0) / 4.0
    return np.clip((smooth - 127.5) * steepness + 127.5, 0, 255).astype(np.uint8)
