"""Draws the rows of a table side by side, on the same glyphs of unseen writers, from their workdirs.

$ python -m experiments.draw_side_by_side rivals

Takes the rows that experiments.run_table has trained under runs/, and the released weights for the hand.
Writes experiments/results/TABLE_matrix.png (a source, a reference, what each row makes of them) and
TABLE_hands.png (three references, the real glyph, each row's best guess, the writer's own second glyph).
"""

from pathlib import Path

from experiments.run_table import RESULTS, RUNS, TABLES, Run
from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.data.hands import draw_episodes
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import write_atomically
from handwriting_gan.report import side_by_side
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.workdir.layout import Workdir

REFERENCES, WRITERS = 3, 14
OURS = "writer-guided (released)"


def main() -> None:
    """Flags in, two pictures out."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--runs", type=Path, default=RUNS, help="where the rows' workdirs are")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the pictures go")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0)
    arguments = parser.parse_args()
    cache.keep_compiled()
    models = trained(arguments.table, arguments.runs)
    _, held_out = sources.load_both("mnist_writers", arguments.data_folder, "test")
    episodes = draw_episodes(held_out, REFERENCES, arguments.seed)
    pages = {
        "matrix": side_by_side.reference_guided(models, held_out, arguments.seed),
        "hands": side_by_side.hands(models | {OURS: trained_model.load()}, held_out, episodes, WRITERS,
                                    arguments.seed),
    }
    for name, rows in pages.items():
        path = arguments.results / f"{arguments.table}_{name}.png"
        write_atomically(path, side_by_side.labelled(rows))
        print(path)


def trained(table: str, runs: Path) -> dict[str, TrainedModel]:
    """The first seed of each row of a table that is trained and evaluated, by the row's heading.

    Raises:
      InputError: if no row has one.
    """
    workdirs = {heading: runs / TABLES[table].folder / Run(config, 0).name
                for heading, config in TABLES[table].rows.items()}
    there = {heading: workdir for heading, workdir in workdirs.items() if Workdir(workdir).scorecard.exists()}
    if not there:
        raise InputError(f"no row of the table {table} is finished under {runs}; make them by "
                         f"python -m experiments.run_table {table}")
    return {heading: trained_model.load(workdir) for heading, workdir in there.items()}


if __name__ == "__main__":
    exit_in_one_line(main)
