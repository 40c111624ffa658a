"""Measures a trained model: reads a workdir's averaged networks, writes scorecard.json, prints it as a table.

$ python -m handwriting_gan.evaluate --workdir runs/first
"""

import argparse
import json
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from handwriting_gan.data import sources
from handwriting_gan.errors import exit_in_one_line
from handwriting_gan.evaluation import scorecard, tables
from handwriting_gan.files import write_atomically
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.training import devices
from handwriting_gan.workdir import trained_model
from handwriting_gan.workdir.layout import Workdir


def main() -> None:
    """Flags in, one call."""
    parser = argparse.ArgumentParser(
        description="Measures a trained model; writes WORKDIR/scorecard.json and prints it as a table.")
    parser.add_argument("--workdir", type=Path, required=True, help="a folder that train has written")
    parser.add_argument("--data", choices=sources.NAMES,
                        help="whose held-out glyphs to use; default: those of the run's own data")
    parser.add_argument("--data_folder", help="folder with MNIST's four IDX files; "
                        "default: the environment's HANDWRITING_GAN_DATA, else they are downloaded")
    parser.add_argument("--sources", type=positive_number, default=10_000, help="how many sources at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="default: WORKDIR/scorecard.json")
    arguments = parser.parse_args()
    devices.use_compilation_cache()
    card = measure(arguments)
    out = arguments.out or Workdir(arguments.workdir).scorecard
    write_atomically(out, json.dumps(card, indent=2).encode() + b"\n")
    show(card)
    print(f"scorecard: {out}")


def measure(arguments: argparse.Namespace) -> dict:
    """The whole scorecard, with a bar while it is made."""
    model, reader = trained_model.load(arguments.workdir), digit_classifier.load()
    data = arguments.data or model.config.data
    train, held_out = (sources.load(data, split, arguments.data_folder)
                       for split in ("train", "test"))
    parts = list(scorecard.measures(model, reader, train, held_out, arguments.sources,
                                    arguments.seed))
    figures = {}
    with Progress(transient=True) as progress:
        task = progress.add_task("measuring", total=len(parts))
        for name, part in parts:
            progress.update(task, description=f"measuring {name}")
            figures[name] = part()
            progress.advance(task)
    return {
        "made_from": {
            "method": model.config.method, "preset": model.config.preset, "step": model.step,
            "data": data, "sources": min(arguments.sources, len(held_out.digits)),
            "seed": arguments.seed,
        },
        "judges": {"digit_classifier": {"sha256": reader.sha256}},
        "figures": figures,
    }


def positive_number(text: str) -> int:
    """For argparse: a whole number above 0."""
    if (number := int(text)) < 1:
        raise ValueError
    return number


def show(card: dict) -> None:
    """Prints the table."""
    table = Table(*tables.HEADINGS)
    for row in tables.rows(card):
        table.add_row(*row)
    console = Console()
    console.print(table)
    for note in tables.notes(card):
        console.print(note, highlight=False)


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
