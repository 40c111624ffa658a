"""Errors of the user: one line that says what is wrong and what to do.

Every package may raise `InputError`. Only entry points catch it.
"""

import argparse
import ast
import contextlib
import math
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from absl import logging

from handwriting_gan import environment

EXAMPLE = "example: "


class InputError(Exception):
    """An input of the user is unusable. The message says what is wrong and what to do."""


def one_line(error: BaseException) -> str:
    """The message of an exception in one line. A message in quotes, as of a KeyError, loses quotes and escapes."""
    message = str(error)
    with contextlib.suppress(ValueError, SyntaxError):
        unquoted = ast.literal_eval(message)
        message = unquoted if isinstance(unquoted, str) else message
    return " ".join(message.split()).replace(" Did you mean", "; did you mean") or type(error).__name__


class _Help(argparse.HelpFormatter):
    """Adds each flag's default to its help, and does not wrap an example."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        hidden = action.default in (None, False, argparse.SUPPRESS) or not action.option_strings
        return text if hidden or "default:" in text else f"{text} (default: %(default)s)".lstrip()

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return indent + text if text.startswith(EXAMPLE) else super()._fill_text(text, width, indent)


class Flags(argparse.ArgumentParser):
    """A parser that reports an error in one line; its help ends with an example."""

    def __init__(self, description: str | None, *, example: str = "", **options: Any) -> None:
        """The help begins with the description's first line, such as a module's `__doc__`: None with `python -OO`.

        It ends with the example command. `options` are those of `ArgumentParser`.
        """
        super().__init__(description=(description or "").partition("\n")[0], formatter_class=_Help,
                         epilog=EXAMPLE + example if example else None, **options)

    def error(self, message: str) -> NoReturn:
        """Raises InputError with argparse's message."""
        raise InputError(f"{message}; see {self.prog} --help")


def whole_number(least: int, most: int = 2**31 - 1) -> Callable[[str], int]:
    """A parser for a flag's `type`: a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        if not text.lstrip("-").isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return parse


def number_between(least: float, most: float) -> Callable[[str], float]:
    """A parser for a flag's `type`: a number from `least` to `most`."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least:g} to {most:g}")
        return number

    return parse


def exit_in_one_line(main: Callable[[], None]) -> None:
    """Runs an entry point's `main`. An `InputError` becomes one line on stderr and exit code 2.

    A platform that JAX cannot use gives the same. Log messages of libraries below level ERROR are not printed.
    """
    logging.set_verbosity(logging.ERROR)
    environment.restore_jax_defaults()
    try:
        main()
    except InputError as error:
        _exit_with_error(str(error))
    except (RuntimeError, AssertionError):
        if reason := environment.platform_failure():
            _exit_with_error(reason)
        raise
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def _exit_with_error(reason: str) -> NoReturn:
    print(f"error: {' '.join(reason.split())}", file=sys.stderr)
    sys.exit(2)
