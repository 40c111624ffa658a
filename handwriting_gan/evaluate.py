"""Measures a trained model: reads a workdir's averaged networks, writes scorecard.json.

$ python -m handwriting_gan.evaluate --workdir runs/first --protocol quick
"""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.evaluation import bench, examples, judges, scorecard
from handwriting_gan.evaluation.measure import measure
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.report import pages, tables
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.workdir.outputs import check_output

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
    out = arguments.out or Workdir(arguments.workdir).scorecard
    check_outputs(out)
    train, held_out = sources.load_both(data, arguments.data_folder, protocol.split)
    material = bench.prepare(judges.load(protocol.encoders), data, train, held_out, protocol,
                             arguments.seed)
    card = measure(model, material)
    show(card)
    scorecard.write(out, card)
    write_atomically(out.with_suffix(".md"), tables.markdown(card).encode())
    print("scorecard:", out, " tables:", out.with_suffix(".md"), " pictures:",
          *pages.save(pages.pictures(examples.collect(model, material)), out))


def check_outputs(out: Path) -> None:
    """Checks that a scorecard can be written to `out`, and its tables and pictures beside it.

    What is there is replaced only if it is a scorecard and what belongs to one.

    Raises:
      InputError: if `out` is no JSON file, or anything cannot be written or is something else.
    """
    check_output(out, ".json")
    beside = [out.with_suffix(".md"), *(pages.path_beside(out, name) for name in pages.NAMES)]
    for path in beside:
        check_output(path, path.suffix)
    if out.exists():
        scorecard.read(out)
    elif there := [path for path in beside if path.exists()]:
        raise InputError(f"{there[0]} is there and belongs to no scorecard, since there is no {out}; "
                         "move it, or name another --out")


def show(card: scorecard.Scorecard) -> None:
    """Prints the tables."""
    console = Console()
    if not console.is_terminal:
        console.width = WIDE
    for part in tables.tables(card):
        table = Table(*part.headings, title=part.title)
        for row in part.rows:
            table.add_row(*map(tables.plain, row))
        console.print(table)
    for note in tables.notes(card):
        console.print(note, highlight=False)


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
