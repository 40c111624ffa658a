"""Draws the rows of a table side by side, on the same glyphs of unseen writers, from their workdirs.

$ python -m experiments.draw_side_by_side rivals

Takes the rows that experiments.run_table has trained under runs/, and the released weights for the hand.
Writes TABLE_matrix.png (a source, a reference, what each row makes of them) and TABLE_hands.png (three
references, the real glyph, each row's best guess, the writer's own second glyph) beside the rows, or, with
--publish, into experiments/results/.
"""

from collections.abc import Mapping
from pathlib import Path

from experiments.checkout import RESULTS, RUNS
from experiments.run_table import DATA, TABLES, Contest, Run
from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.data.hands import sample_episodes
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.evaluation import examples
from handwriting_gan.files import write_atomically
from handwriting_gan.report.pages import labelled_rows
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.workdir.outputs import check_output

REFERENCES, WRITERS = 3, 14
OURS = "writer-guided (released)"


def main() -> None:
    """Flags in, two pictures out."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--runs", type=Path, default=RUNS, help="where the rows' workdirs are")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--results", type=Path, help="where the pictures go; default: the folder --runs")
    where.add_argument("--publish", dest="results", action="store_const", const=RESULTS,
                       help="replace the pictures in experiments/results/")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0)
    arguments = parser.parse_args()
    results = arguments.results or arguments.runs
    paths = {name: results / f"{arguments.table}_{name}.png" for name in ("matrix", "hands")}
    for path in paths.values():
        check_output(path, ".png")
    cache.keep_compiled()
    models = trained(arguments.table, arguments.runs)
    check_alike(models, TABLES[arguments.table] if results.resolve() == RESULTS.resolve() else None)
    _, held_out = sources.load_both("mnist_writers", arguments.data_folder, "test")
    episodes = sample_episodes(held_out, REFERENCES, arguments.seed)
    pages = {
        "matrix": examples.translations(models, held_out, arguments.seed),
        "hands": examples.hands(models | {OURS: trained_model.load()}, held_out, episodes, WRITERS,
                                    arguments.seed),
    }
    for name, rows in pages.items():
        write_atomically(paths[name], labelled_rows(rows))
        print(paths[name])


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


def check_alike(models: Mapping[str, TrainedModel], own: Contest | None = None) -> None:
    """Checks that models may be shown side by side: one preset, one source of data, one training budget.

    Those have to be the table's `own`, where it is given.

    Raises:
      InputError: naming two rows and what differs, or a row that is not as the table's own.
    """
    said = {heading: {"preset": model.config.preset, "data": model.config.data}
            for heading, model in models.items()}
    if own:
        said = {"the published table": {"preset": own.preset, "data": DATA}} | said
    (first, expected), *others = said.items()
    for heading, found in others:
        for name, value in expected.items():
            if found[name] != value:
                raise InputError(f"{first} and {heading} cannot stand side by side: {name} is {value} in the "
                                 f"one and {found[name]} in the other; name another folder as --runs")
    # A model's steps tell its glyphs but for those of the last step.
    each = {heading: model.config.batch_size * model.method.examples.targets
            for heading, model in models.items()}
    least = {heading: (model.step - 1) * each[heading] + 1 for heading, model in models.items()}
    most = {heading: model.step * each[heading] for heading, model in models.items()}
    if own:
        least["the published table"] = most["the published table"] = own.glyphs
    longest, shortest = max(least, key=lambda row: least[row]), min(most, key=lambda row: most[row])
    if least[longest] > most[shortest]:
        raise InputError(f"{longest} and {shortest} cannot stand side by side: in training the one had at "
                         f"least {least[longest]:,} glyphs to draw, the other at most {most[shortest]:,}; "
                         "train both alike by experiments.run_table")


if __name__ == "__main__":
    exit_in_one_line(main)
