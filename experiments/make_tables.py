"""Puts the tables of the committed scorecards into the README, each between its markers.

$ python -m experiments.make_tables

A block begins with `<!-- table: NAME -->` and ends with `<!-- end -->`. It is of the scorecard NAME.json in
experiments/results/, or of those that experiments.run_table makes for its table NAME, a row each; of such a
table NAME.tex (LaTeX, booktabs), NAME.csv and NAME.png (what of a hand each row keeps) are written there too.
With --results the tables of other scorecards of experiments.run_table are printed, and written beside them.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiments.run_table import RESULTS, ROOT, TABLES, Run, glyphs_of
from handwriting_gan.errors import Flags, InputError, exit_in_one_line
from handwriting_gan.evaluation import comparisons, tables
from handwriting_gan.evaluation.comparisons import BESIDE_GUIDED, BESIDE_HAND, Comparison, compare
from handwriting_gan.files import check_writable, write_atomically

README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
GLYPHS = "the number of glyphs to draw in training"
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
      InputError: if a scorecard that a block names is not there, or those of a table were not made alike.
    """

    def block(match: re.Match) -> str:
        name = match[2]
        made = _contest(name, results) if name in TABLES else tables.markdown(
            comparisons.read(results / f"{name}.json"), tables.summary)
        return f"{match[1]}\n{made}\n{match[3]}"

    return BLOCK.sub(block, page)


def contest(name: str, results: Path) -> tuple[dict[str, Comparison], list[str]]:
    """A table's comparisons, by part, of the rows that have scorecards; what they were made from.

    Raises:
      InputError: if no row has one, or they differ in preset, budget, data, protocol or judges.
    """
    by_row = {heading: seeds for heading, config in TABLES[name].rows.items()
              if (seeds := dict(_seeds(config, results / TABLES[name].folder)))}
    if not by_row:
        raise InputError(f"no row of the table {name} has a scorecard in {results}; make them by "
                         f"python -m experiments.run_table {name}")
    made = {path: card for seeds in by_row.values() for path, card in seeds.items()}
    comparisons.check_alike({
        path: {**comparisons.trained_how(card), GLYPHS: glyphs_of(path.stem, card, TABLES[name]),
               **comparisons.measured_how(card)} for path, card in made.items()})
    cards = {heading: list(seeds.values()) for heading, seeds in by_row.items()}
    by_part = {part: {heading: seeds for heading, seeds in cards.items() if part in seeds[0]["figures"]}
               for part in SHOWN[name]}
    path, first = next(iter(made.items()))
    released = _released(name, results, path, first)
    return ({part: _compared(part, having, {heading: card for heading, card in released.items()
                                            if part in card["figures"]})
             for part, having in by_part.items() if having},
            _made_from(name, cards, glyphs_of(path.stem, first, TABLES[name])))


def _released(name: str, results: Path, beside: Path, row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The scorecards of the released weights that a table shows beside its rows, by what they are.

    Raises:
      InputError: if one was not measured as the row was, whose scorecard lies at `beside`.
    """
    cards = {heading: (path, comparisons.read(path)) for heading, card in RELEASED.get(name, {}).items()
             if (path := results / f"{card}.json").exists()}
    comparisons.check_alike({beside: comparisons.measured_how(row),
                             **{path: comparisons.measured_how(card) for path, card in cards.values()}})
    return {_heading(heading, card["made_from"], row["made_from"]): card
            for heading, (_, card) in cards.items()}


def _heading(name: str, made: dict[str, Any], rows: dict[str, Any]) -> str:
    """What a released model is, and its preset where that is not the rows'."""
    preset = "" if made["preset"] == rows["preset"] else f"preset {made['preset']}, "
    return f"released {name}, {preset}{made['step']:,} steps on {made['trained_on']}"


def _compared(part: str, having: dict[str, list[dict[str, Any]]],
              released: dict[str, dict[str, Any]]) -> Comparison:
    if part.startswith("hand"):
        count = part.removeprefix("hand, ")
        return compare(f"The hand, {count}", comparisons.hand(count), having, BESIDE_HAND, released)
    return compare(TITLES[part], comparisons.guided(part), having, BESIDE_GUIDED, released)


def _seeds(config: str, folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A row's scorecards and their files, from seed 0 until one is not there."""
    seed = 0
    while (path := folder / f"{Run(config, seed).name}.json").exists():
        yield path, comparisons.read(path)
        seed += 1


def _made_from(name: str, cards: dict[str, list[dict[str, Any]]], glyphs: int | str) -> list[str]:
    every = [card for seeds in cards.values() for card in seeds]
    made, first = every[0]["made_from"], every[0]
    runs = [card["run"] for card in every if "run" in card]
    minutes = [run["seconds"] / 60 for run in runs if run["seconds"]]
    said = [f"`python -m experiments.run_table {name}`: preset {made['preset']}, "
            f"{glyphs if isinstance(glyphs, str) else f'{glyphs:,}'} glyphs of {made['trained_on']} to draw "
            "a row, "
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


def names_in(results: Path) -> list[str]:
    """The tables of which a row has a scorecard."""
    return [name for name, table in TABLES.items()
            if any((results / table.folder / f"{Run(config, 0).name}.json").exists()
                   for config in table.rows.values())]


def files_of(results: Path) -> dict[Path, bytes]:
    """NAME.tex, NAME.csv and NAME.png of every table that has a row."""
    files = {}
    for name in names_in(results):
        compared, made_from = contest(name, results)
        tex = "\n".join(f"% {each.title}\n{comparisons.latex(each)}" for each in compared.values())
        tex += "".join(f"% {line}\n" for line in made_from)
        files[results / f"{name}.tex"] = tex.encode()
        comma_separated = "\n".join(
            f"{each.title}\n{comparisons.comma_separated(each)}" for each in compared.values())
        files[results / f"{name}.csv"] = comma_separated.encode()
        if HAND_3 in compared:
            files[results / f"{name}.png"] = comparisons.attribute_bars(compared[HAND_3])
    return files


def main() -> None:
    """Flags in, one call."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS,
                        help="where the scorecards are; default: experiments/results/, for the README")
    results = parser.parse_args().results
    publish = results.resolve() == RESULTS.resolve()
    if not publish and not names_in(results):
        raise InputError(f"{results} holds no scorecard of any table; name a folder that "
                         "experiments.run_table has written to")
    if not publish:
        print(*(f"{name}\n\n{_contest(name, results)}" for name in names_in(results)), sep="\n")
    # Everything is made before anything is written.
    files = files_of(results) | ({README: filled(README.read_text(), results).encode()} if publish else {})
    for path in files:
        check_writable(path)
    for path, content in files.items():
        write_atomically(path, content)
    print("\n".join(map(str, files)))


if __name__ == "__main__":
    exit_in_one_line(main)
