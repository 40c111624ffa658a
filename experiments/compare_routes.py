"""Compares the routes by which one trained model can carry a hand into another digit.

$ python -m experiments.compare_routes --workdir runs/released --out experiments/results/routes.md

One glyph is the hand, another digit is written; for each route: is it read right, and how far do the glyph's
attributes (as deviations from its digit's mean) correlate with what was written?
"""

import argparse
import dataclasses
from pathlib import Path

from rich.progress import track

from handwriting_gan import methods
from handwriting_gan.data import sources
from handwriting_gan.errors import exit_in_one_line
from handwriting_gan.evaluation import attributes, scorecard, tables
from handwriting_gan.files import write_atomically
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.workdir import trained_model

ROUTES = ("source", "reference", "shared_latent")


def main() -> None:
    """Flags in, one call."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=Path, help="default: the released weights")
    parser.add_argument("--data", choices=sources.NAMES, help="default: the run's own")
    parser.add_argument("--data_folder", help="folder with MNIST's four IDX files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="Markdown file; default: only printed")
    arguments = parser.parse_args()
    model, reader = trained_model.load(arguments.workdir), digit_classifier.load()
    data = arguments.data or model.config.data
    train, held_out = (sources.load(data, split, arguments.data_folder)
                       for split in ("train", "test"))
    lines = [f"| route | digit accuracy | {' | '.join(attributes.NAMES)} |",
             "| --- " * (2 + len(attributes.NAMES)) + "|"]
    for route in track(ROUTES, "comparing routes"):
        row = scorecard.hand(with_route(model, route), reader, train, held_out, arguments.seed)
        carried = " | ".join(tables.say(row["carried"][name], "{:.2f}") for name in attributes.NAMES)
        lines.append(f"| {route} | {row['digit_accuracy']:.1%} | {carried} |")
    table = "\n".join(lines) + (f"\n\n{model.config.method}, step {model.step}, {data}: {scorecard.HANDS} "
                                f"held-out glyphs as hands, seed {arguments.seed}.\n")
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
