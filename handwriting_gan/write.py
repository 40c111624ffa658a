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
from handwriting_gan.recognition import digit_classifier, wholeness
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing import sheet
from handwriting_gan.writing.annotation import annotate
from handwriting_gan.writing.composition import LineLayout, stack_lines
from handwriting_gan.writing.number import Hand, morph_number, parse_number, read_hand, write_number

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
    eyes = digit_classifier.load(), wholeness.load()
    hand = read_hand(arguments.like, *eyes, arguments.reads, arguments.line)
    _refuse_to_guess(hand, arguments.like, arguments.out, ", as in --reads {read}")
    other = read_hand(arguments.to, *eyes, flags=False) if arguments.to else None
    if other:
        _refuse_to_guess(other, arguments.to, arguments.out, " by --like instead, with --reads {read}")
    asked = arguments.number, arguments.seed, arguments.vary
    if other:
        save_animation(arguments.out, morph_number(model, hand, other, *asked))
    else:
        lines, layout = write_number(model, hand, *asked, arguments.tries)
        write_atomically(arguments.out, _file(hand, lines, layout, arguments))
    said = "; ".join(_said(shown, told) for shown, told in ((hand, arguments.reads), (other, None)) if shown)
    print(f"{said}; wrote {arguments.number} to {arguments.out}")


def _parse() -> argparse.Namespace:
    parser = Flags(
        description="Writes a number in the hand of a photo: finds its digits, reads them, and writes NUMBER "
                    "as that hand might have, at the photo's resolution, in its ink. Every digit of the "
                    "photo tells of the hand.")
    parser.add_argument("--number", required=True, help="what to write, as in 481")
    parser.add_argument("--like", type=local_path, required=True, metavar="PICTURE",
                        help="a photo or scan of a number: dark ink on light paper, or light on dark")
    parser.add_argument("--reads", metavar="NUMBER",
                        help="what the photo reads, which helps where digits touch; default: it is read")
    parser.add_argument("--line", type=whole_number(1), metavar="N",
                        help="which number of the photo, from 1 at the top, where it shows several")
    parser.add_argument("--vary", type=number_between(0.0, 1.0), default=0.5, metavar="0..1",
                        help="how far a try strays: 0 is the best guess, again and again; 1 a natural "
                             "try, now and then a poor one; default: 0.5")
    parser.add_argument("--tries", type=whole_number(1, MAX_TRIES), default=1, metavar="N",
                        help="a sheet of so many tries, one below the other")
    parser.add_argument("--seed", type=whole_number(0, 2**31 - 1 - MAX_TRIES), default=0,
                        help="which try: another number gives another, unless --vary is 0; default: 0")
    parser.add_argument("--paper", action="store_true",
                        help="on the photo's own paper; default: on nothing, to be laid on anything")
    parser.add_argument("--beside", action="store_true", help="the photo's number above what was written")
    parser.add_argument("--to", type=local_path, metavar="OTHER_PICTURE",
                        help="a GIF, black on white, in which the hand's digits turn into those of this "
                             "picture's hand, and back")
    parser.add_argument("--workdir", type=local_path,
                        help="a folder that train has written; default: the released weights")
    parser.add_argument("--out", type=local_path, required=True,
                        help="file to write: PNG, SVG for outlines, or GIF with --to")
    arguments = parser.parse_args()
    ending = arguments.out.suffix.lower()
    if ending not in ENDINGS:
        parser.error(f"--out ends in one of {', '.join(ENDINGS)}")
    pictures = {picture.resolve() for picture in (arguments.like, arguments.to) if picture}
    if pictures & {arguments.out.resolve(), _seen_beside(arguments.out).resolve()}:
        parser.error("--out would take the place of a picture that it is made from; name another")
    if (ending == ".gif") != bool(arguments.to):
        parser.error("--to comes with an --out that ends in .gif, and only with that")
    if arguments.to and arguments.tries > 1:
        parser.error("--to and --tries do not go together")
    if ending != ".png" and (arguments.paper or arguments.beside):
        parser.error("--paper and --beside come with an --out that ends in .png")
    check_output(arguments.out, *ENDINGS)
    return arguments


def _seen_beside(out: Path) -> Path:
    """Where a picture goes of what was seen, if that is no more than a guess."""
    return out.with_name(f"{out.stem}_seen.png")


def _refuse_to_guess(hand: Hand, picture: Path, out: Path, answer: str) -> None:
    """Goes on where the reading is sure.

    Raises:
      InputError: if it is a guess; a picture shows what was seen, and the line how to `answer`.
    """
    if hand.is_sure:
        return
    seen, digits = _seen_beside(out), hand.glyphs.digits
    likely = hand.confidences * hand.wholeness
    write_atomically(seen, sheet.to_png(annotate(hand.page, hand.boxes, digits, likely)))
    read = "".join(map(str, digits))
    raise InputError(f"{picture} might read {read}, but that is a guess; {seen} shows what was seen: say "
                     f"what it reads{answer.format(read=read)}, or crop it to the number")


def _file(hand: Hand, lines: list[np.ndarray], layout: LineLayout, arguments: argparse.Namespace) -> bytes:
    """What was written, as it was asked for."""
    ink, colour = stack_lines(lines), sheet.pen_colour(hand.page, hand.box)
    if arguments.out.suffix.lower() == ".svg":
        return sheet.to_svg(ink, colour).encode()
    if not (arguments.paper or arguments.beside):
        return sheet.to_png(sheet.transparent(ink, colour))
    if arguments.beside:
        around = sheet.photo_around(hand.page, hand.box)
        ink = np.pad(ink, ((0, 0), (0, max(around.shape[1] - ink.shape[1], 0))))
    paper = np.full((*ink.shape, 3), 255, np.uint8)
    if arguments.paper:
        paper = np.vstack([sheet.paper_for(hand.page, hand.box, layout, ink.shape[1])] * len(lines))
    written = sheet.on_paper(ink, colour, paper)
    return sheet.to_png(sheet.stack_pictures(around, written) if arguments.beside else written)


def _said(hand: Hand, told: str | None) -> str:
    """What a picture reads, and how sure that is."""
    read = "".join(str(digit) for digit in hand.glyphs.digits)
    confidences = ", ".join(f"{confidence:.0%}" for confidence in hand.confidences)
    return f"{'told' if told else 'read'} {read} (confidence {confidences})"


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
