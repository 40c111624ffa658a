"""Saves the page that writes numbers in its user's hand as one HTML file, which a browser opens without a server.

$ python -m handwriting_gan.export_web --out demo.html
"""

import argparse

from handwriting_gan.errors import Flags, InputError, exit_in_one_line
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing.web_page import UnsuitableModelError, self_contained_page

BEGINS = r"<!DOCTYPE html>(?s:.){,2000}<title>In your hand<"  # a page that this entry point saved


def main() -> None:
    """Flags in, one call."""
    arguments = _parse()
    try:
        page = self_contained_page(trained_model.load(arguments.workdir), digit_classifier.load()).encode()
    except UnsuitableModelError as error:
        raise InputError(f"{error} (python -m handwriting_gan.demo), or name the --workdir of a "
                         "writer_guided run with a learned prior") from error
    write_atomically(arguments.out, page)
    print(f"wrote {arguments.out} ({len(page) / 1e6:.1f} MB); open it in a browser")


def _parse() -> argparse.Namespace:
    parser = Flags(
        "Saves one HTML file. You draw a number in it and get another number in your hand. The networks "
        "run in the page: it needs no server and sends no data.",
        example="python -m handwriting_gan.export_web --out demo.html")
    parser.add_argument("--workdir", type=local_path,
                        help="workdir of a trained writer_guided model; default: the released weights")
    parser.add_argument("--out", type=local_path, required=True, help="HTML file to write (required)")
    arguments = parser.parse_args()
    check_output(arguments.out, ".html", ".htm", begins=BEGINS)
    return arguments


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
