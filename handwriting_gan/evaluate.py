"""Measures a trained model: reads the averaged networks of a workdir and writes scorecard.json.

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

WIDTH = 200  # columns, if there is no terminal


def main() -> None:
    """The entry point."""
    parser = Flags("Measures a trained model: prints tables and writes WORKDIR/scorecard.json, with "
                   "tables in Markdown and pictures in the same folder.",
                   example="python -m handwriting_gan.evaluate --workdir runs/first --protocol quick")
    parser.add_argument("--workdir", type=local_path, required=True, help="the folder of a run")
    parser.add_argument("--protocol", choices=PROTOCOLS, default="quick",
                        help="quick: about a minute, on validation writers, for running trainings and for choices; "
                             "full: several minutes, on test writers, for tables; default: quick")
    parser.add_argument("--data", choices=sources.NAMES,
                        help="the data set of the held-out glyphs; default: the run's data set. Only mnist_writers "
                             "has writer ids, which the measurements of a hand need")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0, help="of all samples; default: 0")
    parser.add_argument("--out", type=local_path, help="the scorecard's file; default: WORKDIR/scorecard.json")
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
    """Checks that a scorecard can be written to `out`, with its tables and pictures in the same folder.

    They may replace an earlier scorecard with its tables and pictures, but no other files.

    Raises:
      InputError: if `out` does not end in .json, or a file cannot be written or must not be replaced.
    """
    check_output(out, ".json")
    others = [out.with_suffix(".md"), *(pages.path_beside(out, name) for name in pages.NAMES)]
    for path in others:
        check_output(path, path.suffix)
    if out.exists():
        scorecard.read(out)
    elif existing := [path for path in others if path.exists()]:
        raise InputError(f"{existing[0]} exists and belongs to no scorecard, because {out} does not exist; "
                         "move it, or name another --out")


def show(card: scorecard.Scorecard) -> None:
    """Prints the tables and the notes."""
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
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
