"""Writes a page that writes numbers in its reader's hand: one HTML file, to be opened by a double click.

$ python -m handwriting_gan.export_web --out demo.html
"""

import argparse

from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing.web_page import self_contained_page

BEGINS = r"<!DOCTYPE html>(?s:.){,2000}<title>In your hand<"  # a page that was written here


def main() -> None:
    """Flags in, one call."""
    arguments = _parse()
    page = self_contained_page(trained_model.load(arguments.workdir), digit_classifier.load()).encode()
    write_atomically(arguments.out, page)
    print(f"wrote {arguments.out} ({len(page) / 1e6:.1f} MB); open it in a browser")


def _parse() -> argparse.Namespace:
    parser = Flags(
        description="Writes one HTML file in which you draw a number and get another in your hand. The "
                    "networks run in the page: it needs no server and sends nothing anywhere.")
    parser.add_argument("--workdir", type=local_path,
                        help="a folder that train has written (writer_guided); default: the released weights")
    parser.add_argument("--out", type=local_path, required=True, help="HTML file to write")
    arguments = parser.parse_args()
    check_output(arguments.out, ".html", ".htm", begins=BEGINS)
    return arguments


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
