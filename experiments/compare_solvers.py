"""Compares solvers and numbers of steps of flow matching on one trained model: quality, and glyphs per second.

$ python -m experiments.compare_solvers --workdir runs/flow_matching --out experiments/results/solvers.md

The model reads three glyphs of an unseen writer and writes other digits, as in the quick protocol. A solver needs no
training, so the trained networks are the same in every row.
"""

import statistics

from rich.progress import track

from experiments.benchmarks import writing
from experiments.run_table import hardware
from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.evaluation import bench, judges
from handwriting_gan.evaluation.hand import measure_hand
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.evaluation.scorecard import BEST_GUESS, FLOOR, NATURAL_TRY, TWIN
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.report import tables
from handwriting_gan.report.columns import DASH
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.outputs import check_output

SOLVERS = {"euler": 1, "heun": 2}  # evaluations of the network in a step
STEPS = (1, 4, 20)
PROTOCOL = PROTOCOLS["quick"]
BASELINES = (TWIN, FLOOR)  # rows that do not depend on the solver
GLYPHS, ROUNDS = 500, 3  # of the measurement of speed


def main() -> None:
    """Parses the flags and prints the table."""
    parser = Flags(__doc__, example="python -m experiments.compare_solvers "
                   "--workdir runs/flow_matching --out experiments/results/solvers.md")
    parser.add_argument("--workdir", type=local_path, required=True, help="workdir of a trained flow_matching")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0, help="seed of the episodes and of the noise")
    parser.add_argument("--out", type=local_path, help="Markdown file (default: print only)")
    arguments = parser.parse_args()
    if arguments.out:
        check_output(arguments.out, ".md", begins=r"\| solver \|")
    cache.keep_compiled()
    model = trained_model.load(arguments.workdir)
    models = {(solver, steps): model.with_fields(solver=solver, solver_steps=steps)
              for solver in SOLVERS for steps in STEPS}
    train, held_out = sources.load_both("mnist_writers", arguments.data_folder, PROTOCOL.split)
    material = bench.prepare(judges.load(PROTOCOL.encoders), "mnist_writers", train, held_out, PROTOCOL,
                             arguments.seed)
    count, = PROTOCOL.references
    case, trained = material.known_writers()
    columns, rows = tables.summary_columns(), []
    for (solver, steps), each in track(models.items(), "comparing solvers"):
        hand = measure_hand(each, material.judges, material.reals, case, trained, count, arguments.seed)
        speed = statistics.median(writing.measure(each, GLYPHS, ROUNDS, count))
        about = [solver, str(steps), str(steps * SOLVERS[solver]), f"{speed:,.0f}"]
        rows += [[*about, tables.HAND_ROWS[name], *(column.cell(hand.rows[name]) for column in columns)]
                 for name in (NATURAL_TRY, BEST_GUESS)]
    rows += [[*[DASH] * 4, tables.HAND_ROWS[name], *(column.cell(hand.rows[name]) for column in columns)]
             for name in BASELINES]
    table = tables.markdown_table(
        ["solver", "steps", "evaluations", "glyphs/s", "written", *(column.heading for column in columns)], rows)
    table += (f"\n\n{model.config.method}, preset {model.config.preset}, step {model.step}; K = {count} glyphs of "
              f"{hand.writers} validation writers, {hand.episodes} digits, seed {arguments.seed}; glyphs/s: the median "
              f"of {ROUNDS} rounds of {GLYPHS} glyphs in one hand on {hardware()}. "
              f"{tables.judges_of(material.judges.hashes())}\n")
    print(table)
    if arguments.out:
        write_atomically(arguments.out, table.encode())


if __name__ == "__main__":
    exit_in_one_line(main)
