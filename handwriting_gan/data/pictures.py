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
MILLISECONDS, END_MILLISECONDS = 60, 800  # duration of an animation's frame, and of its first and last


class Sheet(NamedTuple):
    """A page of ink with labels; positions are pixels of the ink."""

    ink: np.ndarray  # uint8 [H, W]
    column_labels: tuple[tuple[int, str], ...] = ()  # above the page: the left edge of a part, its label
    row_labels: tuple[tuple[int, str], ...] = ()  # at the left of the page: the middle of a row, its label


def cross_sheet(body: np.ndarray, left: np.ndarray, top: np.ndarray | None = None,
                left_label: str = "sources", top_label: str = "references") -> Sheet:
    """Glyphs uint8 `[R, C, 28, 28]` with headings: at the left `[R, 28, 28]`, above optionally `[C, 28, 28]`."""
    page = _join_horizontally(tile(left[:, None]), tile(body))
    labels = (0, left_label), (SIDE + GAP, top_label)
    if top is None:
        return Sheet(page, labels)
    header = _join_horizontally(np.zeros((SIDE, SIDE), np.uint8), tile(top[None]))
    return Sheet(np.vstack([header, np.zeros((GAP, page.shape[1]), np.uint8), page]), labels)


def side_by_side(pages: Mapping[str, np.ndarray]) -> Sheet:
    """Pages of ink `[H, W]` of one height in a row, each below its label."""
    lefts = np.cumsum([0, *(page.shape[1] + GAP for page in pages.values())])
    return Sheet(_join_horizontally(*pages.values()), tuple(zip(lefts.tolist(), pages, strict=False)))


def row_sheet(rows: Mapping[str, np.ndarray]) -> Sheet:
    """Rows of glyphs uint8 `[C, 28, 28]`, each with its label at the left."""
    middles = (np.arange(len(rows)) * SIDE + SIDE // 2).tolist()
    return Sheet(tile(np.stack(list(rows.values()))), row_labels=tuple(zip(middles, rows, strict=True)))


def _join_horizontally(*pages: np.ndarray) -> np.ndarray:
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
    top = FONT_SIZE + 2 * LABEL_MARGIN if sheet.column_labels else 0
    margin = max((round(font.getlength(text)) + 2 * LABEL_MARGIN for _, text in sheet.row_labels), default=0)
    ink = np.kron(255 - sheet.ink, np.ones((magnification, magnification), np.uint8))
    starts = [margin + left * magnification for left, _ in sheet.column_labels]
    ends = [start + round(font.getlength(text))
            for start, (_, text) in zip(starts, sheet.column_labels, strict=True)]
    page = Image.new("L", (max([margin + ink.shape[1], *ends]), top + ink.shape[0]), 255)
    page.paste(Image.fromarray(ink), (margin, top))
    canvas = ImageDraw.Draw(page)
    for start, (_, text) in zip(starts, sheet.column_labels, strict=True):
        canvas.text((start, LABEL_MARGIN), text, fill=0, font=font)
    for middle, text in sheet.row_labels:
        canvas.text((margin - LABEL_MARGIN, top + middle * magnification), text, fill=0, font=font, anchor="rm")
    content = io.BytesIO()
    page.save(content, format="PNG", optimize=True)
    return content.getvalue()


def save_ink(path: Path, ink: np.ndarray, magnification: int = MAGNIFICATION) -> None:
    """Saves ink uint8 `[H, W]` as a PNG of dark ink on white, enlarged without smoothing.

    Raises:
      InputError: if the file cannot be written.
    """
    write_atomically(path, png_of_sheet(Sheet(ink), magnification))


def save_animation(path: Path, frames: Sequence[np.ndarray]) -> None:
    """Saves frames of ink uint8 `[H, W]` of one size as a GIF that plays forwards, then backwards.

    Raises:
      InputError: if the file cannot be written.
    """
    pages = [Image.fromarray(255 - frame) for frame in (*frames, *frames[-2:0:-1])]
    durations = [END_MILLISECONDS if index in (0, len(frames) - 1) else MILLISECONDS
                 for index in range(len(pages))]
    content = io.BytesIO()
    pages[0].save(content, format="GIF", save_all=True, append_images=pages[1:], duration=durations, loop=0)
    write_atomically(path, content.getvalue())
