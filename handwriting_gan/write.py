"""Writes a number in the hand of a photo.

$ python -m handwriting_gan.write --number 481 --like 273.jpg --paper --out 481.png
"""

import argparse
from pathlib import Path

import numpy as np

from handwriting_gan import cache
from handwriting_gan.data.pictures import save_animation
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, number_between, whole_number
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing import sheet
from handwriting_gan.writing.annotation import annotate
from handwriting_gan.writing.composition import LineLayout, stack_lines
from handwriting_gan.writing.number import (
    Hand,
    NoSuchLineError,
    SeveralNumbersError,
    morph_number,
    parse_number,
    read_hand,
    write_number,
)
from handwriting_gan.writing.reading import DigitCountError, Recognisers, load_recognisers

MAX_TRIES = 100
ENDINGS = (".png", ".svg", ".gif")


def main() -> None:
    """Flags in, one call."""
    arguments = _parse()
    cache.keep_compiled()
    parse_number(arguments.number)
    model, mode = trained_model.load(arguments.workdir), "blend" if arguments.to else "writer"
    if mode not in model.modes:
        raise InputError(f"{model.config.method} has no {mode} mode; name the --workdir of another method")
    recognisers = load_recognisers()
    hand = _read(arguments, recognisers)
    _check_sure(hand, arguments.like, arguments.out, "give the number that it shows, as in --reads {read}")
    if arguments.to:
        other = read_hand(arguments.to, recognisers)
        _check_sure(other, arguments.to, arguments.out, "use it as --like and give its number, as in --reads {read}")
        frames = morph_number(model, hand, other, arguments.number, arguments.seed, arguments.vary)
        save_animation(arguments.out, frames)
        readings = f"{_summary(hand, arguments.reads)}; {_summary(other, None)}"
    else:
        lines, layout = write_number(model, hand, arguments.number, arguments.seed, arguments.vary, arguments.tries)
        write_atomically(arguments.out, _render(hand, lines, layout, arguments))
        readings = _summary(hand, arguments.reads)
    print(f"{readings}; wrote {arguments.number} to {arguments.out}")


def _parse() -> argparse.Namespace:
    parser = Flags(
        "Writes a number in the hand of a photo. It finds and reads the digits in the photo, and writes "
        "NUMBER in that hand, with the photo's resolution and ink. All digits of the photo are used.",
        example="python -m handwriting_gan.write --number 481 --like 273.jpg --paper --out 481.png")
    parser.add_argument("--number", required=True, help="what to write, as in 481 (required)")
    parser.add_argument("--like", type=local_path, required=True, metavar="PICTURE",
                        help="photo or scan of a number: dark ink on light paper, or light on dark (required)")
    parser.add_argument("--reads", metavar="NUMBER",
                        help="the number that the photo shows, useful where digits touch; default: recognised")
    parser.add_argument("--line", type=whole_number(1), metavar="N",
                        help="which number to use if the photo shows several, from 1 at the top; "
                             "default: the only one")
    parser.add_argument("--vary", type=number_between(0.0, 1.0), default=0.5, metavar="0..1",
                        help="0 is the best guess, which no seed changes; 1 is a natural try, sometimes a poor "
                             "one; default: %(default)s")
    parser.add_argument("--tries", type=whole_number(1, MAX_TRIES), default=1, metavar="N",
                        help="how many tries to write, one below the other; default: %(default)s")
    parser.add_argument("--seed", type=whole_number(0, 2**31 - 1 - MAX_TRIES), default=0,
                        help="another seed gives another try, unless --vary is 0; default: %(default)s")
    parser.add_argument("--paper", action="store_true",
                        help="write on the photo's own paper; default: transparent")
    parser.add_argument("--beside", action="store_true",
                        help="show the photo's number above the written one; default: only the written one")
    parser.add_argument("--to", type=local_path, metavar="OTHER_PICTURE",
                        help="save a GIF, black on white, that blends from the hand of PICTURE to that of "
                             "OTHER_PICTURE and back; default: one hand")
    parser.add_argument("--workdir", type=local_path,
                        help="workdir of a trained model; default: the released weights")
    parser.add_argument("--out", type=local_path, required=True,
                        help="file to write: PNG, SVG for outlines, or GIF with --to (required)")
    arguments = parser.parse_args()
    ending = arguments.out.suffix.lower()
    if ending not in ENDINGS:
        parser.error(f"--out ends in one of {', '.join(ENDINGS)}")
    pictures = {picture.resolve() for picture in (arguments.like, arguments.to) if picture}
    if pictures & {arguments.out.resolve(), _annotated_file(arguments.out).resolve()}:
        parser.error("--out would overwrite a picture that it is made from; name another file")
    if (ending == ".gif") != bool(arguments.to):
        parser.error("--to needs an --out that ends in .gif, and a .gif needs --to")
    if arguments.to and arguments.tries > 1:
        parser.error("--to and --tries cannot be combined")
    if ending != ".png" and (arguments.paper or arguments.beside):
        parser.error("--paper and --beside need an --out that ends in .png")
    check_output(arguments.out, *ENDINGS)
    return arguments


def _read(arguments: argparse.Namespace, recognisers: Recognisers) -> Hand:
    """Reads the hand of --like; errors that a flag can resolve name the flag."""
    try:
        return read_hand(arguments.like, recognisers, arguments.reads, arguments.line)
    except SeveralNumbersError as error:
        raise InputError(f"{error}, or choose one with --line, from 1 at the top to {error.count}") from error
    except NoSuchLineError as error:
        raise InputError(f"{error} with --line") from error
    except DigitCountError as error:
        raise InputError(f"{error}, or correct --reads {arguments.reads}") from error


def _annotated_file(out: Path) -> Path:
    """The file for the photo with the digits marked, which is saved if the reading is not sure."""
    return out.with_name(f"{out.stem}_seen.png")


def _check_sure(hand: Hand, picture: Path, out: Path, hint: str) -> None:
    """Checks that the reading is sure.

    Raises:
      InputError: if it is not. The photo with the digits marked is saved, and the message contains `hint`.
    """
    if hand.is_sure:
        return
    file, read = _annotated_file(out), "".join(map(str, hand.glyphs.digits))
    probabilities = hand.confidences * hand.wholeness
    write_atomically(file, sheet.to_png(annotate(hand.page, hand.boxes, hand.glyphs.digits, probabilities)))
    raise InputError(f"{picture} might read {read}, but that is a guess; {file} shows the digits found; "
                     f"{hint.format(read=read)}, or crop the picture to the number")


def _render(hand: Hand, lines: list[np.ndarray], layout: LineLayout, arguments: argparse.Namespace) -> bytes:
    """The written lines as a file of the requested kind."""
    ink, colour = stack_lines(lines), sheet.pen_colour(hand.page, hand.box)
    if arguments.out.suffix.lower() == ".svg":
        return sheet.to_svg(ink, colour).encode()
    if not (arguments.paper or arguments.beside):
        return sheet.to_png(sheet.transparent(ink, colour))
    if arguments.beside:
        photo = sheet.photo_around(hand.page, hand.box)
        ink = np.pad(ink, ((0, 0), (0, max(photo.shape[1] - ink.shape[1], 0))))
    paper = np.full((*ink.shape, 3), 255, np.uint8)
    if arguments.paper:
        paper = np.vstack([sheet.paper_for(hand.page, hand.box, layout, ink.shape[1])] * len(lines))
    written = sheet.on_paper(ink, colour, paper)
    return sheet.to_png(sheet.stack_pictures(photo, written) if arguments.beside else written)


def _summary(hand: Hand, reads: str | None) -> str:
    """The digits of a picture, as read or as given, and their confidences."""
    digits = "".join(str(digit) for digit in hand.glyphs.digits)
    confidences = ", ".join(f"{confidence:.0%}" for confidence in hand.confidences)
    return f"{'given' if reads else 'read'} {digits} (confidence {confidences})"


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
