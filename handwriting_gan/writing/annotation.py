"""A photo with the digits that were found marked in it, so that a user can correct the reading or crop the photo."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from handwriting_gan.writing.photo import Page
from handwriting_gan.writing.segment import Box, enclosing

SIDE = 900  # pixels of the picture's longer side, about
MARGIN = 0.8  # of the digits' height, shown around them
MIN_PROBABILITY = 0.5  # a digit with less is marked as doubtful
CERTAIN, DOUBTFUL = (20, 120, 60), (200, 40, 40)
LABEL_WIDTH = 110  # pixels of a digit with its probability
BAND, TEXT = 44, 26  # pixels: height of the band above the photo, size of the text


def annotate(page: Page, boxes: Sequence[Box], digits: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Marks digits `[K]` in the photo around them, each with its box, reading and probability.

    A narrow box has no space for the probability. Returns uint8 `[H, W, 3]`.
    """
    margin = round(MARGIN * max(box.height for box in boxes))
    number = enclosing(boxes)
    top, left = max(number.top - margin, 0), max(number.left - margin, 0)
    crop = Image.fromarray(page.photo[top:number.bottom + margin, left:number.right + margin])
    scale = SIDE / max(crop.size)
    resized = crop.resize((round(crop.width * scale), round(crop.height * scale)), Image.Resampling.LANCZOS)
    picture = Image.new("RGB", (resized.width, resized.height + BAND), "white")
    picture.paste(resized, (0, BAND))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(TEXT)
    for box, digit, probability in zip(boxes, digits, probabilities, strict=True):
        start = (box.left - left) * scale, (box.top - top) * scale + BAND
        end = (box.right - left) * scale, (box.bottom - top) * scale + BAND
        colour = CERTAIN if probability >= MIN_PROBABILITY else DOUBTFUL
        label = f"{digit} ({probability:.0%})" if end[0] - start[0] >= LABEL_WIDTH else str(digit)
        pen.rectangle((*start, *end), None, colour, 3)
        pen.text((start[0], start[1] - TEXT - 8), label, colour, font)
    return np.asarray(picture)
