"""Write a number in the hand of a picture."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import Glyphs, make_glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.workdir.trained_model import TrainedModel
from handwriting_gan.writing.composition import centre, compose, stack
from handwriting_gan.writing.mnist_form import to_mnist_form
from handwriting_gan.writing.photo import read_ink
from handwriting_gan.writing.segment import find_digits

MOST_DIGITS = 100
FRAMES = 25  # from one hand to the other


class Hand(NamedTuple):
    """What a picture shows of a hand."""

    glyphs: Glyphs  # the digits found, left to right, in MNIST's form
    confidences: np.ndarray  # float [K], the classifier's probability of each digit as read or told
    height: float  # pixels, the median digit's


def parse_number(text: str) -> list[int]:
    """The digits of a number.

    Raises:
      InputError: if it is not one to `MOST_DIGITS` digits.
    """
    if not re.fullmatch(r"[0-9]+", text):
        raise InputError(f"{text!r} is no number; give digits only, as in 481")
    if len(text) > MOST_DIGITS:
        raise InputError(f"the number has {len(text)} digits; write at most {MOST_DIGITS} at once")
    return [int(digit) for digit in text]


def read_hand(picture: Path, reader: Reader, reads: str | None = None) -> Hand:
    """Finds the digits in a picture and reads them, unless told what they read.

    Raises:
      InputError: if the picture cannot be used, or `reads` has another length than what was found.
    """
    told = parse_number(reads) if reads is not None else None
    pieces = find_digits(read_ink(picture))
    if told is not None and len(told) != len(pieces):
        raise InputError(f"{picture} shows {len(pieces)} separate digits, but --reads {reads} has "
                         f"{len(told)}; correct it, or crop the picture to the number")
    if len(pieces) > MOST_DIGITS:
        raise InputError(f"{picture} shows {len(pieces)} separate strokes, which is no number; "
                         "crop it to the number")
    images = np.stack([to_mnist_form(piece.ink) for piece in pieces])
    probabilities = reader.probabilities(images)
    digits = np.array(told) if told is not None else probabilities.argmax(axis=1)
    return Hand(make_glyphs(images, digits), probabilities[np.arange(len(digits)), digits],
                float(np.median([piece.box.height for piece in pieces])))


def write_number(model: TrainedModel, hand: Hand, number: str, seed: int = 0, variation: float = 1.0,
                 tries: int = 1) -> np.ndarray:
    """The number in that hand, each try on a line of its own: ink uint8 `[H, W]`, 0 paper to 255 ink.

    Raises:
      InputError: if `number` is not digits, or the model cannot write in a given hand.
    """
    digits = parse_number(number)
    return stack([compose(model.write(hand.glyphs, digits, seed + place, variation), hand.height)
                  for place in range(tries)])


def morph_number(model: TrainedModel, hand: Hand, other: Hand, number: str, seed: int = 0,
                 variation: float = 1.0) -> list[np.ndarray]:
    """The number on its way from one hand to the other: frames of ink uint8 `[H, W]`, all of one size.

    Raises:
      InputError: if `number` is not digits, or the model cannot blend two hands.
    """
    digits = parse_number(number)
    blends = (model.blend(hand.glyphs, other.glyphs, digits, share, seed, variation)
              for share in np.linspace(0.0, 1.0, FRAMES))
    return centre([compose(glyphs, hand.height) for glyphs in blends])
