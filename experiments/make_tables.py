"""Puts the tables of the committed scorecards into the README, each between its markers.

$ python -m experiments.make_tables

A block begins with `<!-- table: NAME -->` and ends with `<!-- end -->`. It is of the scorecard NAME.json in
experiments/results, or of all those in NAME/, as experiments.run_table makes them, a row each.
"""

import json
import re
from pathlib import Path
from typing import Any

from experiments.run_table import TABLES
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
        name = match[2]
        made = _comparison(name, results) if (results / name).is_dir() else tables.markdown(
            _read(results / f"{name}.json"), tables.summary)
        return f"{match[1]}\n{made}\n{match[3]}"

    return BLOCK.sub(block, page)


def _comparison(name: str, results: Path) -> str:
    cards = {row: _read(results / name / f"{row}.json") for row in TABLES[name].rows
             if (results / name / f"{row}.json").exists()}
    table = tables.compared(cards, "K = 3")
    made, *_, judged = tables.notes(next(iter(cards.values())))
    return "\n\n".join([tables.markdown_table(table.headings, table.rows), made, judged]) + "\n"


def _read(scorecard: Path) -> dict[str, Any]:
    try:
        return json.loads(scorecard.read_text())
    except OSError as error:
        raise InputError(f"the table {scorecard.stem} has no scorecard in {scorecard.parent} "
                         f"({error.strerror}); make it by handwriting_gan.evaluate --out") from error


def main() -> None:
    """Flags in, one call."""
    Flags(description=__doc__.splitlines()[0]).parse_args()
    write_atomically(README, filled(README.read_text(), RESULTS).encode())
    print(f"{README}: tables made anew")


if __name__ == "__main__":
    exit_in_one_line(main)
