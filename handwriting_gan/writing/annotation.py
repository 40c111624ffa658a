"""What was seen in a photo, drawn into it, so that a person sees what to say or to crop."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handwriting_gan.writing.photo import Page
from handwriting_gan.writing.segment import Box, enclosing

SIDE = 900  # pixels of the picture's longer side, about
AROUND = 0.8  # of the digits' height, shown around them
LIKELY = 0.5  # a digit that is less likely is drawn as doubtful
CERTAIN, DOUBTFUL = (20, 120, 60), (200, 40, 40)
ROOM = 110  # pixels that a digit and its share take
BAND, TEXT = 44, 26  # pixels above a digit for what it was read as


def annotated(page: Page, boxes: Sequence[Box], digits: np.ndarray, likely: np.ndarray) -> np.ndarray:
    """The photo around digits `[K]`, each in its box with what it was read as and how likely: `[H, W, 3]`.

    Narrow boxes leave room for the digit alone.
    """
    around = round(AROUND * max(box.height for box in boxes))
    whole = enclosing(boxes)
    top, left = max(whole.top - around, 0), max(whole.left - around, 0)
    crop = Image.fromarray(page.photo[top:whole.bottom + around, left:whole.right + around])
    scale = SIDE / max(crop.size)
    shown = crop.resize((round(crop.width * scale), round(crop.height * scale)), Image.Resampling.LANCZOS)
    picture = Image.new("RGB", (shown.width, shown.height + BAND), "white")
    picture.paste(shown, (0, BAND))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(TEXT)
    for box, digit, share in zip(boxes, digits, likely, strict=True):
        start = (box.left - left) * scale, (box.top - top) * scale + BAND
        end = (box.right - left) * scale, (box.bottom - top) * scale + BAND
        colour = CERTAIN if share >= LIKELY else DOUBTFUL
        said = f"{digit} ({share:.0%})" if end[0] - start[0] >= ROOM else str(digit)
        pen.rectangle((*start, *end), None, colour, 3)
        pen.text((start[0], start[1] - TEXT - 8), said, colour, font)
    return np.asarray(picture)
