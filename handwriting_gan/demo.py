"""Serves the page that writes numbers in its user's hand, with JAX as its backend, on this machine only.

$ python -m handwriting_gan.demo
"""

import argparse

from handwriting_gan import cache
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import local_path
from handwriting_gan.synthesis import trained_model
from handwriting_gan.writing.page_server import ADDRESS, PortError, serve
from handwriting_gan.writing.reading import load_recognisers
from handwriting_gan.writing.web_page import UnsuitableModelError

PORT = 8273


def main() -> None:
    """Flags in, one call."""
    arguments = _parse()
    cache.keep_compiled()
    try:
        serve(trained_model.load(arguments.workdir), load_recognisers(), arguments.port)
    except UnsuitableModelError as error:
        raise InputError(f"{error}, such as writer_guided, with --workdir") from error
    except PortError as error:
        raise InputError(f"{error} with --port") from error


def _parse() -> argparse.Namespace:
    parser = Flags(
        f"Serves a page on {ADDRESS}. You draw a number in it and get another number in your hand. "
        "Any method with a writer mode works.",
        example="python -m handwriting_gan.demo --port 8000")
    parser.add_argument("--workdir", type=local_path,
                        help="workdir of a trained model; default: the released weights")
    parser.add_argument("--port", type=whole_number(0, 65535), default=PORT,
                        help="0 is any free port; default: %(default)s")
    return parser.parse_args()


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
