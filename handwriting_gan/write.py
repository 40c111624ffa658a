"""Writes a number in the hand of a picture.

$ python -m handwriting_gan.write --number 481 --like 273.png --out 481.png
"""

from pathlib import Path

from handwriting_gan import cache
from handwriting_gan.data.pictures import save_ink
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.workdir import trained_model
from handwriting_gan.writing.number import parse_number, read_hand, write_number


def main() -> None:
    """Flags in, one call."""
    parser = Flags(
        description="Writes a number in the hand of a picture: finds its digits, reads them, and writes "
                    "NUMBER as that hand might have.")
    parser.add_argument("--number", required=True, help="what to write, as in 481")
    parser.add_argument("--like", type=Path, required=True, metavar="PICTURE",
                        help="a clean picture of a number: dark ink on light paper, or light on dark")
    parser.add_argument("--reads", metavar="NUMBER",
                        help="what the picture reads; default: it is read")
    parser.add_argument("--workdir", type=Path,
                        help="a folder that train has written; default: the released weights")
    parser.add_argument("--seed", type=whole_number(0), default=0,
                        help="another try, where the model's route draws a latent")
    parser.add_argument("--out", type=Path, required=True, help="PNG file to write")
    arguments = parser.parse_args()
    cache.keep_compiled()
    parse_number(arguments.number)
    hand = read_hand(arguments.like, digit_classifier.load(), arguments.reads)
    model = trained_model.load(arguments.workdir)
    save_ink(arguments.out, write_number(model, hand, arguments.number, arguments.seed), 1)
    read = "".join(str(digit) for digit in hand.glyphs.digits)
    said = ", ".join(f"{confidence:.0%}" for confidence in hand.confidences)
    print(f"{'told' if arguments.reads else 'read'} {read} (confidence {said}); "
          f"wrote {arguments.number} to {arguments.out}")


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
