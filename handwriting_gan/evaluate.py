"""Measures a trained model: reads a workdir's averaged networks, writes scorecard.json.

$ python -m handwriting_gan.evaluate --workdir runs/first --protocol quick
"""

import json

from rich.console import Console
from rich.table import Table

from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.evaluation import bench, judges, pages, scorecard, tables
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.workdir import trained_model
from handwriting_gan.workdir.layout import Workdir

WIDE = 200  # columns, where no terminal says how many it has


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description="Measures a trained model: prints tables, writes WORKDIR/scorecard.json, and "
                               "the tables in Markdown and pictures beside it.")
    parser.add_argument("--workdir", type=local_path, required=True, help="a folder that train has written")
    parser.add_argument("--protocol", choices=PROTOCOLS, default="quick",
                        help="quick: within a minute, on validation writers, for runs under way and choices; "
                             "full: minutes, on test writers, for tables (default: quick)")
    parser.add_argument("--data", choices=sources.NAMES,
                        help="whose held-out glyphs to use; default: those of the run's own data. Only "
                             "mnist_writers knows writers, without whom no hand can be judged")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0)
    parser.add_argument("--out", type=local_path, help="default: WORKDIR/scorecard.json")
    arguments = parser.parse_args()
    cache.keep_compiled()
    model, protocol = trained_model.load(arguments.workdir), PROTOCOLS[arguments.protocol]
    data = arguments.data or model.config.data
    train, held_out = sources.load_both(data, arguments.data_folder, protocol.split)
    out = arguments.out or Workdir(arguments.workdir).scorecard
    material = bench.prepare(judges.load(protocol.encoders), data, train, held_out, protocol,
                             arguments.seed)
    card = scorecard.make(model, material)
    show(card)
    write_atomically(out, json.dumps(card, indent=1).encode() + b"\n")
    write_atomically(out.with_suffix(".md"), tables.markdown(card).encode())
    print("scorecard:", out, " tables:", out.with_suffix(".md"), " pictures:",
          *pages.draw(model, material, out))


def show(card: dict) -> None:
    """Prints the tables."""
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    for part in tables.tables(card):
        table = Table(*part.headings, title=part.title)
        for row in part.rows:
            table.add_row(*row)
        console.print(table)
    for note in tables.notes(card):
        console.print(note, highlight=False)


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
