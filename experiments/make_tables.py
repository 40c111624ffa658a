"""Puts the tables of the committed scorecards into the README, each between its markers.

$ python -m experiments.make_tables

A block begins with `<!-- table: NAME -->` and ends with `<!-- end -->`. It is of the scorecard NAME.json in
experiments/results/, or of those that experiments.run_table makes for its table NAME, a row each; of such a
table NAME.tex (LaTeX, booktabs), NAME.csv and NAME.png (what of a hand each row keeps) are written there too.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.run_table import TABLES, Run
from handwriting_gan.errors import Flags, InputError, exit_in_one_line
from handwriting_gan.evaluation import comparisons, tables
from handwriting_gan.evaluation.comparisons import BESIDE_GUIDED, BESIDE_HAND, Comparison, compare
from handwriting_gan.files import write_atomically

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "experiments" / "results"
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
HAND_3 = "hand, K = 3"
SHOWN = {  # of each table: the parts of a scorecard
    "few_shot": (HAND_3,),
    "ladder": ("latent", HAND_3),
    "rivals": ("latent", "reference", "hand, K = 1", HAND_3, "hand, K = 10"),
    "minus_one": ("latent", "reference", HAND_3),
    "suggestions": ("latent", HAND_3),
}
RELEASED = {"rivals": {"StarGAN v2": "stargan_v2", "writer-guided": "writer_guided"}}  # beside a table's rows
TITLES = {"latent": "Latent-guided", "reference": "Reference-guided"}


def filled(page: str, results: Path) -> str:
    """The page with every block made anew from its scorecard.

    Raises:
      InputError: if a scorecard that a block names is not there.
    """

    def block(match: re.Match) -> str:
        name = match[2]
        made = _contest(name, results) if name in TABLES else tables.markdown(
            _read(results / f"{name}.json"), tables.summary)
        return f"{match[1]}\n{made}\n{match[3]}"

    return BLOCK.sub(block, page)


def contest(name: str, results: Path) -> tuple[dict[str, Comparison], list[str]]:
    """A table's comparisons, by part, of the rows that have scorecards; what they were made from.

    Raises:
      InputError: if no row has one.
    """
    cards = {heading: seeds for heading, config in TABLES[name].rows.items()
             if (seeds := list(_seeds(config, results / TABLES[name].folder)))}
    if not cards:
        raise InputError(f"no row of the table {name} has a scorecard; make them by "
                         f"python -m experiments.run_table {name}")
    by_part = {part: {heading: seeds for heading, seeds in cards.items() if part in seeds[0]["figures"]}
               for part in SHOWN[name]}
    released = _released(name, results)
    return ({part: _compared(part, having, {heading: card for heading, card in released.items()
                                            if part in card["figures"]})
             for part, having in by_part.items() if having}, _made_from(name, cards))


def _released(name: str, results: Path) -> dict[str, dict[str, Any]]:
    """The scorecards of the released weights that a table shows beside its rows, by what they are."""
    cards = {heading: _read(path) for heading, card in RELEASED.get(name, {}).items()
             if (path := results / f"{card}.json").exists()}
    return {"released {}, {step:,} steps on {trained_on}".format(heading, **card["made_from"]): card
            for heading, card in cards.items()}


def _compared(part: str, having: dict[str, list[dict[str, Any]]],
              released: dict[str, dict[str, Any]]) -> Comparison:
    if part.startswith("hand"):
        count = part.removeprefix("hand, ")
        return compare(f"The hand, {count}", comparisons.hand(count), having, BESIDE_HAND, released)
    return compare(TITLES[part], comparisons.guided(part), having, BESIDE_GUIDED, released)


def _seeds(config: str, folder: Path) -> Iterator[dict[str, Any]]:
    """A row's scorecards, from seed 0 until one is not there."""
    seed = 0
    while (path := folder / f"{Run(config, seed).name}.json").exists():
        yield _read(path)
        seed += 1


def _made_from(name: str, cards: dict[str, list[dict[str, Any]]]) -> list[str]:
    every = [card for seeds in cards.values() for card in seeds]
    made, first = every[0]["made_from"], every[0]
    runs = [card["run"] for card in every if "run" in card]
    minutes = [run["seconds"] / 60 for run in runs if run["seconds"]]
    said = [f"`python -m experiments.run_table {name}`: preset {made['preset']}, "
            f"{TABLES[name].glyphs:,} glyphs of {made['trained_on']} to draw a row, "
            f"{made['protocol']['name']} protocol on {made['data']}, "
            f"seeds a row: {_counted({heading: len(seeds) for heading, seeds in cards.items()})}."]
    if minutes:
        said.append(f"Trained and evaluated on {' and '.join(sorted({run['hardware'] for run in runs}))}, "
                    f"{min(minutes):.0f} to {max(minutes):.0f} minutes a row.")
    said.append("± is half of the 95 % interval of one seed, or the standard deviation of several; the best "
                "of each column is bold, among rows of which at least half of the digits are right.")
    return [" ".join(said), tables.judges_of(first["judges"])]


def _counted(seeds: dict[str, int]) -> str:
    """How many seeds a row has, and, where not all have as many, which have more."""
    least = min(seeds.values())
    more = [f"{count} of {heading}" for heading, count in seeds.items() if count > least]
    return "; ".join([str(least), *more])


def _contest(name: str, results: Path) -> str:
    compared, made_from = contest(name, results)
    blocks = [f"**{each.title}**\n\n{comparisons.markdown(each)}" for each in compared.values()]
    return "\n\n".join([*blocks, *made_from]) + "\n"


def write_files(results: Path) -> None:
    """NAME.tex, NAME.csv and NAME.png of every table that has a row."""
    for name, table in TABLES.items():
        if not any((results / table.folder / f"{Run(config, 0).name}.json").exists()
                   for config in table.rows.values()):
            continue
        compared, made_from = contest(name, results)
        tex = "\n".join(f"% {each.title}\n{comparisons.latex(each)}" for each in compared.values())
        tex += "".join(f"% {line}\n" for line in made_from)
        write_atomically(results / f"{name}.tex", tex.encode())
        comma_separated = "\n".join(
            f"{each.title}\n{comparisons.comma_separated(each)}" for each in compared.values())
        write_atomically(results / f"{name}.csv", comma_separated.encode())
        if HAND_3 in compared:
            write_atomically(results / f"{name}.png", comparisons.attribute_bars(compared[HAND_3]))


def _read(scorecard: Path) -> dict[str, Any]:
    try:
        return json.loads(scorecard.read_text())
    except OSError as error:
        raise InputError(f"the table {scorecard.stem} has no scorecard in {scorecard.parent} "
                         f"({error.strerror}); make it by handwriting_gan.evaluate --out") from error


def main() -> None:
    """Flags in, one call."""
    Flags(description=__doc__.splitlines()[0]).parse_args()
    write_atomically(README, filled(README.read_text("utf-8"), RESULTS).encode())
    write_files(RESULTS)
    print(f"{README}: tables made anew; LaTeX and CSV in {RESULTS}")


if __name__ == "__main__":
    exit_in_one_line(main)
