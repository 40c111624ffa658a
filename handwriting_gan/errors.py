"""What went wrong in the user's terms: one line that says what is wrong and what to do.

Every room may raise `InputError`; only the doors catch it.
"""

import argparse
import ast
import contextlib
import math
import sys
from collections.abc import Callable
from typing import NoReturn

from absl import logging

from handwriting_gan import environment


class InputError(Exception):
    """Something that the user gave cannot be used; the message says what is wrong and what to do."""


def one_line(error: BaseException) -> str:
    """What an exception says, in one line; libraries that quote another's message lose its escapes."""
    said = str(error)
    with contextlib.suppress(ValueError, SyntaxError):
        unquoted = ast.literal_eval(said)
        said = unquoted if isinstance(unquoted, str) else said
    return " ".join(said.split()).replace(" Did you mean", "; did you mean") or type(error).__name__


class Flags(argparse.ArgumentParser):
    """A parser whose complaint is one line, as every other error is."""

    def error(self, message: str) -> NoReturn:
        """Refuses the command line."""
        raise InputError(f"{message}; see {self.prog} --help")


def whole_number(least: int, most: int = 2**31 - 1) -> Callable[[str], int]:
    """For a flag's `type`: a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        if not text.lstrip("-").isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return int(text)

    return parse


def number_between(least: float, most: float) -> Callable[[str], float]:
    """For a flag's `type`: a number from `least` to `most`."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no number from {least:g} to {most:g}")
        return number

    return parse


def exit_in_one_line(main: Callable[[], None]) -> None:
    """Runs an entry point's `main`; an `InputError` becomes one line on stderr and exit code 2.

    So does a platform that JAX cannot use. Libraries' warnings, meant for developers, are not printed.
    """
    logging.set_verbosity(logging.ERROR)
    environment.settle_jax()
    try:
        main()
    except InputError as error:
        _refuse(str(error))
    except (RuntimeError, AssertionError):
        if reason := environment.platform_failure():
            _refuse(reason)
        raise
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def _refuse(reason: str) -> NoReturn:
    print(f"error: {' '.join(reason.split())}", file=sys.stderr)
    sys.exit(2)
