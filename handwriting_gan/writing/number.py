"""Reads the hand in a picture of a number, and writes a number in that hand."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import Glyphs, make_glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.writing.composition import LineLayout, centre_lines, compose, measure_layout
from handwriting_gan.writing.photo import Page, read_page
from handwriting_gan.writing.reading import DigitCountError, Line, Reading, Recognisers, read_line, split_line
from handwriting_gan.writing.segment import INK, Box, enclosing, find_strokes, group_numbers, line_tilt

MAX_DIGITS = 100
MAX_STROKES = 3 * MAX_DIGITS  # of a line
MIN_COUNT_PROBABILITY = 0.05  # least probability that the picture shows as many digits as the given number has
FRAMES = 25  # blends from one hand to the other, both included


class SeveralNumbersError(InputError):
    """A picture shows several numbers and the caller chose none; `count` says how many."""

    def __init__(self, picture: Path, count: int) -> None:
        """Names the picture."""
        super().__init__(f"{picture} shows {count} numbers; crop it to one")
        self.count = count


class NoSuchLineError(InputError):
    """A picture shows fewer numbers than the line that the caller chose."""


class Hand(NamedTuple):
    """The hand that a picture shows."""

    glyphs: Glyphs  # the K digits found, left to right, in MNIST's form
    confidences: np.ndarray  # float [K], the classifier's probability of each digit as read or given
    wholeness: np.ndarray  # float [K], the probability that each is one whole digit
    is_sure: bool  # the digits were given, or were read with high confidence
    layout: LineLayout  # in pixels of the photo
    page: Page
    boxes: list[Box]  # of the digits, in pixels of the photo

    @property
    def box(self) -> Box:
        """The box around the number."""
        return enclosing(self.boxes)


def parse_number(text: str) -> list[int]:
    """The digits of a number.

    Raises:
      InputError: if it is not one to `MAX_DIGITS` digits.
    """
    if not re.fullmatch(r"[0-9]+", text):
        raise InputError(f"{text!r} is not a number; give digits only, as in 481")
    if len(text) > MAX_DIGITS:
        raise InputError(f"the number has {len(text)} digits; write at most {MAX_DIGITS} at once")
    return [int(digit) for digit in text]


def read_hand(picture: Path, recognisers: Recognisers, reads: str | None = None, line: int | None = None) -> Hand:
    """Finds and reads the digits of a number in a picture file.

    Args:
      picture: a file that Pillow can decode.
      recognisers: the networks that read.
      reads: the number that the picture shows, if the caller knows it.
      line: which number to read where the picture shows several, counted from 1 at the top.

    Raises:
      SeveralNumbersError: if the picture shows several numbers and `line` is None.
      NoSuchLineError: if the picture shows fewer numbers than `line`.
      DigitCountError: if the picture does not show as many digits as `reads` has.
      InputError: if the picture cannot be used for another reason, or `reads` is not a number.
    """
    known = parse_number(reads) if reads is not None else None
    page = read_page(picture)
    chosen = _line_on(page, picture, line)
    reading = read_line(chosen, recognisers, known_digits=known)
    tilt = 0.0 if page.is_ruled else line_tilt(_boxes(reading, chosen, page))
    if tilt:  # the page is rotated in the photo, so its digits are rotated too
        page = page.rotated(tilt)
        chosen = _line_on(page, picture, line)
        reading = read_line(chosen, recognisers, known_digits=known)
    if known is not None and reading.count_probability < MIN_COUNT_PROBABILITY:
        raise DigitCountError(str(picture), len(known))
    if len(reading.digits) > MAX_DIGITS:
        raise InputError(f"{picture} seems to show {len(reading.digits)} digits; at most {MAX_DIGITS} are "
                         "read at once, so crop it")
    layout = measure_layout([candidate.ink for candidate in reading.candidates], chosen.scale * page.scale)
    return Hand(make_glyphs(reading.images, reading.digits), reading.probabilities, reading.wholeness,
                reading.is_sure or known is not None, layout, page, _boxes(reading, chosen, page))


def _line_on(page: Page, picture: Path, line: int | None) -> Line:
    """The chosen number of a page; the only one if `line` is None. Errors as in `read_hand`."""
    numbers = group_numbers(find_strokes(page.ink))
    if line is None and len(numbers) > 1:
        raise SeveralNumbersError(picture, len(numbers))
    if line is not None and line > len(numbers):
        raise NoSuchLineError(f"{picture} shows {len(numbers)} number{'s' * (len(numbers) > 1)}, so there is no "
                              f"line {line}; choose one from 1 to {len(numbers)}")
    strokes = numbers[(line or 1) - 1]
    _check_count(len(strokes.ids), picture)
    parts = split_line(page.ink, strokes)
    _check_count(len(parts.parts), picture)
    return parts


def _check_count(strokes: int, picture: Path) -> None:
    """Checks the number of strokes of a line.

    Raises:
      InputError: if there are too many.
    """
    if strokes > MAX_STROKES:
        raise InputError(f"{picture} shows {strokes} strokes in a row, too many for a number; crop it to the number")


def _boxes(reading: Reading, line: Line, page: Page) -> list[Box]:
    """The digits' boxes in pixels of the photo."""
    boxes = []
    for candidate in reading.candidates:
        rows, columns = np.nonzero(candidate.ink > INK)
        edges = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / line.scale
        start = np.array([line.box.top, line.box.left] * 2) - 1  # a line has one pixel of paper around it
        boxes.append(Box(*np.rint((edges + start) / page.scale).astype(int).clip(0).tolist()))
    return boxes


def write_number(model: TrainedModel, hand: Hand, number: str, seed: int = 0, variation: float = 1.0,
                 tries: int = 1) -> tuple[list[np.ndarray], LineLayout]:
    """Writes a number in a hand, `tries` times with consecutive seeds.

    Returns the ink of each try, uint8 `[H, W]`, 0 paper to 255 ink, and the layout used: the hand's, with a
    smaller size where the picture would be too large.

    Raises:
      InputError: if `number` is not digits, or the model has no writer mode.
    """
    digits = parse_number(number)
    layout = hand.layout.limited_to(len(digits) * tries)
    return [compose(model.write(hand.glyphs, digits, each, variation), layout, variation, each)
            for each in range(seed, seed + tries)], layout


def morph_number(model: TrainedModel, hand: Hand, other: Hand, number: str, seed: int = 0,
                 variation: float = 1.0) -> list[np.ndarray]:
    """Writes a number in `FRAMES` blends from one hand to the other: ink uint8 `[H, W]` each, all of one size.

    Raises:
      InputError: if `number` is not digits, or the model has no blend mode.
    """
    digits = parse_number(number)
    layout = hand.layout.limited_to(len(digits) * FRAMES)
    blends = (model.blend(hand.glyphs, other.glyphs, digits, weight, seed, variation)
              for weight in np.linspace(0.0, 1.0, FRAMES))
    return centre_lines([compose(glyphs, layout, variation, seed) for glyphs in blends])
