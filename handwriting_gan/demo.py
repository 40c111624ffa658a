"""Serves the page that writes numbers in its reader's hand, with JAX answering, on this machine alone.

$ python -m handwriting_gan.demo
"""

import argparse

from handwriting_gan import cache
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.files import local_path
from handwriting_gan.recognition import digit_classifier, wholeness
from handwriting_gan.synthesis import trained_model
from handwriting_gan.writing.page_server import ADDRESS, serve

PORT = 8273


def main() -> None:
    """Flags in, one call."""
    arguments = _parse()
    cache.keep_compiled()
    serve(trained_model.load(arguments.workdir), digit_classifier.load(), wholeness.load(), arguments.port)


def _parse() -> argparse.Namespace:
    parser = Flags(
        description="Serves a page in which you draw a number and get another in your hand, on "
                    f"{ADDRESS} only. Any method with a writer mode can answer.")
    parser.add_argument("--workdir", type=local_path,
                        help="a folder that train has written; default: the released weights")
    parser.add_argument("--port", type=whole_number(0, 65535), default=PORT,
                        help=f"0 is any that is free; default: {PORT}")
    return parser.parse_args()


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
