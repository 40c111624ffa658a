"""Writes a number in the hand of a picture.

$ python -m handwriting_gan.write --number 481 --like 273.png --out 481.png
"""

import argparse
from pathlib import Path

from handwriting_gan import cache
from handwriting_gan.data.pictures import save_animation, save_ink
from handwriting_gan.errors import Flags, exit_in_one_line, number_between, whole_number
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.workdir import trained_model
from handwriting_gan.writing.number import Hand, morph_number, parse_number, read_hand, write_number

MOST_TRIES = 100


def main() -> None:
    """Flags in, one call."""
    arguments = _parse()
    cache.keep_compiled()
    parse_number(arguments.number)
    reader = digit_classifier.load()
    hand = read_hand(arguments.like, reader, arguments.reads)
    other = read_hand(arguments.to, reader) if arguments.to else None
    model = trained_model.load(arguments.workdir)
    asked = arguments.number, arguments.seed, arguments.vary
    if other:
        save_animation(arguments.out, morph_number(model, hand, other, *asked))
    else:
        save_ink(arguments.out, write_number(model, hand, *asked, arguments.tries), 1)
    said = "; ".join(_said(shown, told) for shown, told in ((hand, arguments.reads), (other, None)) if shown)
    print(f"{said}; wrote {arguments.number} to {arguments.out}")


def _parse() -> argparse.Namespace:
    parser = Flags(
        description="Writes a number in the hand of a picture: finds its digits, reads them, and writes "
                    "NUMBER as that hand might have. Every digit of the picture tells of the hand.")
    parser.add_argument("--number", required=True, help="what to write, as in 481")
    parser.add_argument("--like", type=Path, required=True, metavar="PICTURE",
                        help="a clean picture of a number: dark ink on light paper, or light on dark")
    parser.add_argument("--reads", metavar="NUMBER",
                        help="what the picture reads; default: it is read")
    parser.add_argument("--vary", type=number_between(0.0, 1.0), default=0.5, metavar="0..1",
                        help="how far a try strays: 0 is the best guess, again and again; 1 a natural "
                             "try, now and then a poor one; default: 0.5")
    parser.add_argument("--tries", type=whole_number(1, MOST_TRIES), default=1, metavar="N",
                        help="a sheet of so many tries, one below the other")
    parser.add_argument("--seed", type=whole_number(0), default=0,
                        help="another try, where the model draws anything for one")
    parser.add_argument("--to", type=Path, metavar="OTHER_PICTURE",
                        help="a GIF in which the hand turns into that of this picture, and back")
    parser.add_argument("--workdir", type=Path,
                        help="a folder that train has written; default: the released weights")
    parser.add_argument("--out", type=Path, required=True, help="PNG file to write, or GIF with --to")
    arguments = parser.parse_args()
    if (arguments.out.suffix.lower() == ".gif") != bool(arguments.to):
        parser.error("--to comes with an --out that ends in .gif, and only with that")
    if arguments.to and arguments.tries > 1:
        parser.error("--to and --tries do not go together")
    return arguments


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
