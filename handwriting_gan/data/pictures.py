"""Pictures of glyphs: labelled sheets, PNG files, animations. Ink is uint8, 0 paper to 255 ink."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handwriting_gan.data.glyphs import SIDE
from handwriting_gan.files import write_atomically

GAP = 8  # pixels of paper between the parts of a sheet
MAGNIFICATION = 2
FONT_SIZE, LABEL_MARGIN = 14, 4  # pixels of the picture
MILLISECONDS, END_MILLISECONDS = 60, 800  # of an animation's frame, and of its first and last


class Sheet(NamedTuple):
    """A page of ink with labels."""

    ink: np.ndarray  # uint8 [H, W]
    above: tuple[tuple[int, str], ...] = ()  # the left edge of a part, in pixels of the ink, and its label
    beside: tuple[tuple[int, str], ...] = ()  # the middle of a row, in pixels of the ink, and its label


def cross_sheet(body: np.ndarray, left: np.ndarray, top: np.ndarray | None = None, beside: str = "sources",
                above: str = "references") -> Sheet:
    """Glyphs uint8 `[R, C, 28, 28]`; at their left glyphs `[R, 28, 28]`, above them perhaps `[C, 28, 28]`."""
    page = _in_a_row(tile(left[:, None]), tile(body))
    labels = (0, beside), (SIDE + GAP, above)
    if top is None:
        return Sheet(page, labels)
    head = _in_a_row(np.zeros((SIDE, SIDE), np.uint8), tile(top[None]))
    return Sheet(np.vstack([head, np.zeros((GAP, page.shape[1]), np.uint8), page]), labels)


def side_by_side(pages: Mapping[str, np.ndarray]) -> Sheet:
    """Pages of ink `[H, W]` of one height in a row, each below its label."""
    lefts = np.cumsum([0, *(page.shape[1] + GAP for page in pages.values())])
    return Sheet(_in_a_row(*pages.values()), tuple(zip(lefts.tolist(), pages, strict=False)))


def row_sheet(rows: Mapping[str, np.ndarray]) -> Sheet:
    """Rows of glyphs uint8 `[C, 28, 28]`, each beside its label."""
    middles = (np.arange(len(rows)) * SIDE + SIDE // 2).tolist()
    return Sheet(tile(np.stack(list(rows.values()))), beside=tuple(zip(middles, rows, strict=True)))


def _in_a_row(*pages: np.ndarray) -> np.ndarray:
    """Pages of one height with gaps between them: `[H, W]`."""
    gap = np.zeros((len(pages[0]), GAP), np.uint8)
    first, *rest = pages
    return np.hstack([first, *(part for page in rest for part in (gap, page))])


def tile(glyphs: np.ndarray) -> np.ndarray:
    """Glyphs uint8 `[R, C, 28, 28]` edge to edge: uint8 `[28 R, 28 C]`."""
    rows, columns, height, width = glyphs.shape
    return glyphs.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def png_of_sheet(sheet: Sheet, magnification: int = MAGNIFICATION) -> bytes:
    """A sheet as a PNG of dark ink on white: the ink enlarged without smoothing, the labels around it."""
    font = ImageFont.load_default(FONT_SIZE)
    head = FONT_SIZE + 2 * LABEL_MARGIN if sheet.above else 0
    margin = max((round(font.getlength(text)) + 2 * LABEL_MARGIN for _, text in sheet.beside), default=0)
    ink = np.kron(255 - sheet.ink, np.ones((magnification, magnification), np.uint8))
    starts = [margin + left * magnification for left, _ in sheet.above]
    ends = [start + round(font.getlength(text)) for start, (_, text) in zip(starts, sheet.above, strict=True)]
    page = Image.new("L", (max([margin + ink.shape[1], *ends]), head + ink.shape[0]), 255)
    page.paste(Image.fromarray(ink), (margin, head))
    draw = ImageDraw.Draw(page)
    for start, (_, text) in zip(starts, sheet.above, strict=True):
        draw.text((start, LABEL_MARGIN), text, fill=0, font=font)
    for middle, text in sheet.beside:
        draw.text((margin - LABEL_MARGIN, head + middle * magnification), text, fill=0, font=font, anchor="rm")
    content = io.BytesIO()
    page.save(content, format="PNG", optimize=True)
    return content.getvalue()


def save_ink(path: Path, ink: np.ndarray, magnification: int = MAGNIFICATION) -> None:
    """Saves ink uint8 `[H, W]` (255 ink) as a PNG of dark ink on white, enlarged without smoothing.

    Raises:
      InputError: if the file cannot be written.
    """
    write_atomically(path, png_of_sheet(Sheet(ink), magnification))


def save_animation(path: Path, frames: Sequence[np.ndarray]) -> None:
    """Saves frames of ink uint8 `[H, W]` (255 ink), all of one size, as a GIF that runs there and back.

    Raises:
      InputError: if the file cannot be written.
    """
    pages = [Image.fromarray(255 - frame) for frame in (*frames, *frames[-2:0:-1])]
    durations = [END_MILLISECONDS if index in (0, len(frames) - 1) else MILLISECONDS
                 for index in range(len(pages))]
    content = io.BytesIO()
    pages[0].save(content, format="GIF", save_all=True, append_images=pages[1:], duration=durations, loop=0)
    write_atomically(path, content.getvalue())
