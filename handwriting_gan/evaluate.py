"""Measures a trained model: reads a workdir's averaged networks, prints a table, writes scorecard.json.

$ python -m handwriting_gan.evaluate --workdir runs/first
"""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.evaluation import scorecard, tables
from handwriting_gan.files import write_atomically
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.workdir import trained_model
from handwriting_gan.workdir.layout import Workdir


def main() -> None:
    """Flags in, one call."""
    parser = Flags(
        description="Measures a trained model; prints a table and writes WORKDIR/scorecard.json.")
    parser.add_argument("--workdir", type=Path, required=True, help="a folder that train has written")
    parser.add_argument("--data", choices=sources.NAMES,
                        help="whose held-out glyphs to use; default: those of the run's own data")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--sources", type=whole_number(1), default=10_000, help="how many at most")
    parser.add_argument("--seed", type=whole_number(0), default=0)
    parser.add_argument("--out", type=Path, help="default: WORKDIR/scorecard.json")
    arguments = parser.parse_args()
    cache.keep_compiled()
    model, reader = trained_model.load(arguments.workdir), digit_classifier.load()
    data = arguments.data or model.config.data
    train, held_out = sources.load_both(data, arguments.data_folder)
    card = scorecard.make(model, reader, data, train, held_out, arguments.sources, arguments.seed)
    show(card)
    out = arguments.out or Workdir(arguments.workdir).scorecard
    write_atomically(out, json.dumps(card, indent=2).encode() + b"\n")
    print(f"scorecard: {out}")


def show(card: dict) -> None:
    """Prints the table."""
    table = Table(*tables.HEADINGS)
    for row in tables.rows(card):
        table.add_row(*row)
    console = Console()
    console.print(table)
    for note in tables.notes(card):
        console.print(note, highlight=False)


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
