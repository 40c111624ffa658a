"""What went wrong in the user's terms: one line that says what is wrong and what to do.

Every room may raise `InputError`; only the doors catch it.
"""

import sys
from collections.abc import Callable

from absl import logging


class InputError(Exception):
    """Something that the user gave cannot be used; the message says what is wrong and what to do."""


def exit_in_one_line(main: Callable[[], None]) -> None:
    """Runs a door's `main`; an `InputError` becomes one line on stderr and exit code 2.

    Libraries' warnings, meant for developers, are kept from the reader.
    """
    logging.set_verbosity(logging.ERROR)
    try:
        main()
    except InputError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
