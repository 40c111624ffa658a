"""Puts the tables of the committed scorecards into the README, each between its markers.

$ python -m experiments.make_tables

A block begins with `<!-- table: NAME -->`, for experiments/results/NAME.json, and ends with `<!-- end -->`.
"""

import json
import re
from pathlib import Path

from handwriting_gan.errors import Flags, InputError, exit_in_one_line
from handwriting_gan.evaluation import tables
from handwriting_gan.files import write_atomically

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "experiments" / "results"
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str, results: Path) -> str:
    """The page with every block made anew from its scorecard.

    Raises:
      InputError: if a scorecard that a block names is not there.
    """

    def block(match: re.Match) -> str:
        try:
            card = json.loads((results / f"{match[2]}.json").read_text())
        except OSError as error:
            raise InputError(f"the table {match[2]} has no scorecard in {results} ({error.strerror}); make "
                             "it by handwriting_gan.evaluate --protocol full") from error
        return f"{match[1]}\n{tables.markdown(card, tables.summary)}\n{match[3]}"

    return BLOCK.sub(block, page)


def main() -> None:
    """Flags in, one call."""
    Flags(description=__doc__.splitlines()[0]).parse_args()
    write_atomically(README, filled(README.read_text(), RESULTS).encode())
    print(f"{README}: tables made anew")


if __name__ == "__main__":
    exit_in_one_line(main)
