"""Makes pictures of the rows of a table side by side, on the same glyphs of unseen writers.

$ python -m experiments.draw_side_by_side comparison

It loads the rows that experiments.run_table trained under runs/, and the released model for the hand. It writes
TABLE_matrix.png (a source, a reference, the output of each row) and TABLE_hands.png (three references, the real
glyph, the best guess of each row, the writer's other glyph) into the folder --runs, or with --publish into
experiments/results/.
"""

from collections.abc import Mapping
from pathlib import Path

from experiments.checkout import RESULTS, RUNS
from experiments.run_table import DATA, TABLES, Run, TableSpec
from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.data.hands import sample_episodes
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.evaluation import examples
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.report.pages import labelled_rows
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.workdir.outputs import check_output

REFERENCES, WRITERS = 3, 14
OURS = "writer-guided (released)"


def main() -> None:
    """Parses the flags and writes two pictures."""
    parser = Flags(__doc__, example="python -m experiments.draw_side_by_side comparison")
    parser.add_argument("table", choices=TABLES, help="the table whose rows to show")
    parser.add_argument("--runs", type=local_path, default=RUNS, help="folder of the rows' workdirs")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--results", type=local_path, help="folder of the pictures (default: that of --runs)")
    where.add_argument("--publish", dest="results", action="store_const", const=RESULTS,
                       help="replace the pictures in experiments/results/")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0, help="seed of the glyphs and writers shown")
    arguments = parser.parse_args()
    results = arguments.results or arguments.runs
    paths = {name: results / f"{arguments.table}_{name}.png" for name in ("matrix", "hands")}
    for path in paths.values():
        check_output(path, ".png")
    cache.keep_compiled()
    models = load_rows(arguments.table, arguments.runs)
    check_alike(models, TABLES[arguments.table] if results.resolve() == RESULTS.resolve() else None)
    _, held_out = sources.load_both("mnist_writers", arguments.data_folder, "test")
    episodes = sample_episodes(held_out, REFERENCES, arguments.seed)
    pages = {
        "matrix": examples.translations(models, held_out, arguments.seed),
        "hands": examples.hands(models | {OURS: trained_model.load()}, held_out, episodes, WRITERS, arguments.seed),
    }
    for name, rows in pages.items():
        write_atomically(paths[name], labelled_rows(rows))
        print(paths[name])


def load_rows(table: str, runs: Path) -> dict[str, TrainedModel]:
    """The first seed of each evaluated row of a table, by the row's heading.

    Raises:
      InputError: if no row is evaluated.
    """
    workdirs = {heading: runs / TABLES[table].folder / Run(config, 0).name
                for heading, config in TABLES[table].rows.items()}
    evaluated = {heading: workdir for heading, workdir in workdirs.items() if Workdir(workdir).scorecard.exists()}
    if not evaluated:
        raise InputError(f"no row of the table {table} is evaluated under {runs}; run "
                         f"python -m experiments.run_table {table}")
    return {heading: trained_model.load(workdir) for heading, workdir in evaluated.items()}


def check_alike(models: Mapping[str, TrainedModel], own: TableSpec | None = None) -> None:
    """Checks that all models share preset, training data and training budget, and those of `own` if given.

    Raises:
      InputError: naming two rows and the difference.
    """
    facts = {heading: {"preset": model.config.preset, "data": model.config.data}
            for heading, model in models.items()}
    if own:
        facts = {"the published table": {"preset": own.preset, "data": DATA}} | facts
    (first, expected), *others = facts.items()
    for heading, found in others:
        for name, value in expected.items():
            if found[name] != value:
                raise InputError(f"{first} and {heading} cannot be compared: {name} is {value} in the first and "
                                 f"{found[name]} in the second; name another folder as --runs")
    # The steps give the number of glyphs up to the size of the last step.
    each = {heading: model.method.glyphs_per_step(model.config.batch_size) for heading, model in models.items()}
    least = {heading: (model.step - 1) * each[heading] + 1 for heading, model in models.items()}
    most = {heading: model.step * each[heading] for heading, model in models.items()}
    if own:
        least["the published table"] = most["the published table"] = own.glyphs
    longest, shortest = max(least, key=lambda row: least[row]), min(most, key=lambda row: most[row])
    if least[longest] > most[shortest]:
        raise InputError(f"{longest} and {shortest} cannot be compared: in training the first saw at least "
                         f"{least[longest]:,} glyphs, the second at most {most[shortest]:,}; train both with "
                         "python -m experiments.run_table")


if __name__ == "__main__":
    exit_in_one_line(main)
