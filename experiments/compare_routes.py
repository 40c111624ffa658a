"""Compares the routes by which one trained model can carry a hand into another digit.

$ python -m experiments.compare_routes --workdir runs/released --out experiments/results/routes.md

One glyph is the hand, another digit is written; for each route: is it read right, and how far do the glyph's
attributes (as deviations from its digit's mean) correlate with what was written?
"""

import dataclasses
from pathlib import Path

from rich.progress import track

from handwriting_gan import methods
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, exit_in_one_line
from handwriting_gan.evaluation import attributes, scorecard, tables
from handwriting_gan.files import write_atomically
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.workdir import trained_model

ROUTES = ("source", "reference", "shared_latent")


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=Path, help="default: the released weights")
    parser.add_argument("--data", choices=sources.NAMES, help="default: the run's own")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="Markdown file; default: only printed")
    arguments = parser.parse_args()
    model, reader = trained_model.load(arguments.workdir), digit_classifier.load()
    data = arguments.data or model.config.data
    train, held_out = sources.load_both(data, arguments.data_folder)
    rows = []
    for route in track(ROUTES, "comparing routes"):
        figures = scorecard.hand(with_route(model, route), reader, train, held_out, arguments.seed)
        carried = (tables.say(figures["carried"][name], "{:.2f}") for name in attributes.NAMES)
        rows.append([route, tables.say(figures["digit_accuracy"], "{:.1%}"), *carried])
    table = tables.markdown_table(["route", "digit accuracy", *attributes.NAMES], rows)
    table += (f"\n\n{model.config.method}, step {model.step}, {data}: {scorecard.HANDS} held-out "
              f"glyphs as hands, seed {arguments.seed}.\n")
    print(table)
    if arguments.out:
        write_atomically(arguments.out, table.encode())


def with_route(model: trained_model.TrainedModel, route: str) -> trained_model.TrainedModel:
    """The same networks, carrying the hand by another route."""
    config = model.config.copy_and_resolve_references()
    config.route = route
    return dataclasses.replace(model, config=config, method=methods.build(config))


if __name__ == "__main__":
    exit_in_one_line(main)
