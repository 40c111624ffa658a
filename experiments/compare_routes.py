"""Compares the routes by which StarGAN v2 can transfer a hand, on one trained model.

$ python -m experiments.compare_routes --workdir runs/stargan_v2 --out experiments/results/routes.md

The model reads three glyphs of an unseen writer and writes other digits. The episodes are those of the quick
protocol (validation writers, second writer encoder), because the result is used to choose a route.
"""

from rich.progress import track

from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, exit_in_one_line, whole_number
from handwriting_gan.evaluation import bench, judges
from handwriting_gan.evaluation.hand import measure_hand
from handwriting_gan.evaluation.protocol import PROTOCOLS
from handwriting_gan.evaluation.scorecard import BEST_GUESS, FLOOR, TWIN
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.report import tables
from handwriting_gan.synthesis import trained_model
from handwriting_gan.workdir.outputs import check_output

ROUTES = ("source", "reference", "shared_latent")
PROTOCOL = PROTOCOLS["quick"]
BASELINES = (TWIN, FLOOR)  # rows that do not depend on the route


def main() -> None:
    """Parses the flags and prints the table."""
    parser = Flags(__doc__, example="python -m experiments.compare_routes "
                   "--workdir runs/stargan_v2 --out experiments/results/routes.md")
    parser.add_argument("--workdir", type=local_path, required=True, help="workdir of a trained StarGAN v2")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0, help="seed of the episodes")
    parser.add_argument("--out", type=local_path, help="Markdown file (default: print only)")
    arguments = parser.parse_args()
    if arguments.out:
        check_output(arguments.out, ".md", begins=r"\| route \|")
    model = trained_model.load(arguments.workdir)
    by_route = {route: model.with_fields(route=route) for route in ROUTES}
    train, held_out = sources.load_both("mnist_writers", arguments.data_folder, PROTOCOL.split)
    material = bench.prepare(judges.load(PROTOCOL.encoders), "mnist_writers", train, held_out, PROTOCOL,
                             arguments.seed)
    count, = PROTOCOL.references
    case, trained = material.known_writers()
    hands = {route: measure_hand(by_route[route], material.judges, material.reals, case, trained, count,
                                 arguments.seed)
             for route in track(ROUTES, "comparing routes")}
    first = hands[ROUTES[0]]
    rows = {route: hand.rows[BEST_GUESS] for route, hand in hands.items()}
    rows |= {tables.HAND_ROWS[name]: first.rows[name] for name in BASELINES}
    columns = tables.summary_columns()
    table = tables.markdown_table(["route", *(column.heading for column in columns)], [
        [name, *(column.cell(row) for column in columns)] for name, row in rows.items()])
    table += (f"\n\n{model.config.method}, step {model.step}; best guesses from K = {count} glyphs of "
              f"{first.writers} validation writers, {first.episodes} digits, seed {arguments.seed}. "
              f"{tables.judges_of(material.judges.hashes())}\n")
    print(table)
    if arguments.out:
        write_atomically(arguments.out, table.encode())


if __name__ == "__main__":
    exit_in_one_line(main)
