"""Write a number in the hand of a picture."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import Glyphs, make_glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.recognition.wholeness import WholenessJudge
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.writing.composition import LineLayout, centre_lines, compose, measure_layout
from handwriting_gan.writing.photo import Page, read_page
from handwriting_gan.writing.reading import Line, Reading, split_line, read_line
from handwriting_gan.writing.segment import INK, Box, Strokes, enclosing, find_strokes, line_tilt, group_numbers

MAX_DIGITS = 100
MAX_STROKES = 3 * MAX_DIGITS  # of a line; more is no number
MIN_COUNTED = 0.05  # of how likely it is that a picture shows so many digits as somebody says
FRAMES = 25  # from one hand to the other


class Hand(NamedTuple):
    """What a picture shows of a hand."""

    glyphs: Glyphs  # the digits found, left to right, in MNIST's form
    confidences: np.ndarray  # float [K], the classifier's probability of each digit as read or told
    wholeness: np.ndarray  # float [K], how likely each is one digit at all
    is_sure: bool  # whether the reading may be relied on
    layout: LineLayout  # how the digits stand, in pixels of the photo
    page: Page
    boxes: list[Box]  # of the digits, in pixels of the photo

    @property
    def box(self) -> Box:
        """Around the number."""
        return enclosing(self.boxes)


def parse_number(text: str) -> list[int]:
    """The digits of a number.

    Raises:
      InputError: if it is not one to `MAX_DIGITS` digits.
    """
    if not re.fullmatch(r"[0-9]+", text):
        raise InputError(f"{text!r} is no number; give digits only, as in 481")
    if len(text) > MAX_DIGITS:
        raise InputError(f"the number has {len(text)} digits; write at most {MAX_DIGITS} at once")
    return [int(digit) for digit in text]


def read_hand(picture: Path, reader: Reader, judge: WholenessJudge, reads: str | None = None,
              line: int | None = None, flags: bool = True) -> Hand:
    """Finds the digits of a number in a photo and reads them, unless told what they read.

    `line` is which number, from 1 at the top, where there are several; `flags`, whether whoever asks has a
    flag to choose it by.

    Raises:
      InputError: if the picture cannot be used, shows several numbers and none is chosen, or cannot be cut
        into as many digits as `reads` has.
    """
    told = parse_number(reads) if reads is not None else None
    page = read_page(picture)
    written, reading, boxes = _read(page, reader, judge, told, line, picture, flags)
    tilt = 0.0 if page.is_ruled else line_tilt(boxes)
    if tilt:  # the page was held askew, so its digits are too
        page = page.turned(tilt)
        written, reading, boxes = _read(page, reader, judge, told, line, picture, flags)
    if told is not None and reading.count_probability < MIN_COUNTED:
        raise InputError(f"{picture} does not seem to show {len(told)} digits, as --reads {reads} has; "
                         "correct it, or crop the picture to the number")
    if len(reading.digits) > MAX_DIGITS:
        raise InputError(f"{picture} seems to show {len(reading.digits)} digits; at most {MAX_DIGITS} are "
                         "read at once, so crop it")
    return Hand(make_glyphs(reading.images, reading.digits), reading.probabilities, reading.wholeness,
                reading.is_sure or told is not None,
                measure_layout([candidate.ink for candidate in reading.candidates], written.scale * page.scale),
                page, boxes)


def _read(page: Page, reader: Reader, judge: WholenessJudge, told: list[int] | None, line: int | None,
          picture: Path, flags: bool) -> tuple[Line, Reading, list[Box]]:
    """The number chosen on a page, and where its digits are in the photo."""
    strokes = _chosen(group_numbers(find_strokes(page.ink)), line, picture, flags)
    _refuse_too_many(len(strokes.names), picture)
    written = split_line(page.ink, strokes)
    _refuse_too_many(len(written.parts), picture)
    reading = read_line(written, reader, judge, told=told)
    return written, reading, [_box_of(candidate.ink, written, page) for candidate in reading.candidates]


def _refuse_too_many(strokes: int, picture: Path) -> None:
    if strokes > MAX_STROKES:
        raise InputError(f"{picture} shows {strokes} strokes in a row, which is no number; crop it to the "
                         "number")


def _chosen(numbers: list[Strokes], line: int | None, picture: Path, flags: bool) -> Strokes:
    """The number asked for; the only one, if none was."""
    if line is None and len(numbers) > 1:
        hint = f", or choose one with --line, from 1 at the top to {len(numbers)}" if flags else ""
        raise InputError(f"{picture} shows {len(numbers)} numbers; crop it to one{hint}")
    if line is not None and line > len(numbers):
        raise InputError(f"{picture} shows {len(numbers)} number{'s' * (len(numbers) > 1)}, so there is no "
                         f"--line {line}; give one from 1 to {len(numbers)}")
    return numbers[(line or 1) - 1]


def _box_of(ink: np.ndarray, line: Line, page: Page) -> Box:
    """A digit's box in the photo, of its ink `[H, W]` on the line."""
    rows, columns = np.nonzero(ink > INK)
    edges = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / line.scale
    start = np.array([line.box.top, line.box.left] * 2) - 1  # a line has a pixel of paper around
    return Box(*np.rint((edges + start) / page.scale).astype(int).clip(0).tolist())


def write_number(model: TrainedModel, hand: Hand, number: str, seed: int = 0, variation: float = 1.0,
                 tries: int = 1) -> tuple[list[np.ndarray], LineLayout]:
    """The number in that hand, so many tries: each ink uint8 `[H, W]`, 0 paper to 255 ink; and its layout.

    That is the hand's, smaller where all would be too large a picture.

    Raises:
      InputError: if `number` is not digits, or the model cannot write in a given hand.
    """
    digits = parse_number(number)
    layout = hand.layout.limited_to(len(digits) * tries)
    return [compose(model.write(hand.glyphs, digits, each, variation), layout, variation, each)
            for each in range(seed, seed + tries)], layout


def morph_number(model: TrainedModel, hand: Hand, other: Hand, number: str, seed: int = 0,
                 variation: float = 1.0) -> list[np.ndarray]:
    """The number on its way from one hand to the other: frames of ink uint8 `[H, W]`, all of one size.

    Raises:
      InputError: if `number` is not digits, or the model cannot blend two hands.
    """
    digits = parse_number(number)
    layout = hand.layout.limited_to(len(digits) * FRAMES)
    blends = (model.blend(hand.glyphs, other.glyphs, digits, share, seed, variation)
              for share in np.linspace(0.0, 1.0, FRAMES))
    return centre_lines([compose(glyphs, layout, variation, seed) for glyphs in blends])
