"""Makes the tables of the committed scorecards: Markdown in the pages, and LaTeX, CSV, bar charts and curves.

$ python -m experiments.make_tables

A block of a page begins with `<!-- table: NAME -->` and ends with `<!-- end -->`. NAME is a table of
experiments.run_table, with one row for each method; a scorecard NAME.json in experiments/results/; or `summary`,
the tables of README.md. With --results the command prints the tables of other scorecards of experiments.run_table
and writes them into their folder; the pages stay as they are.

NAME_by_glyphs.png plots a curve for each row that was judged along its training.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from experiments.checkout import IS_CHECKOUT, RESULTS, ROOT
from experiments.run_table import (
    POINT_PROTOCOL,
    TABLES,
    Run,
    at_point,
    curve_folder,
    glyphs_of,
    judged_points,
    load_config,
)
from handwriting_gan.errors import Flags, InputError, exit_in_one_line
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.scorecard import (
    BEST_GUESS,
    COPY,
    EXPECTED,
    NATURAL_TRY,
    NEAREST_WRITER,
    OTHER_DIGITS,
    OWN_DIGIT,
    TWIN,
    HandRow,
    MadeFrom,
    Scorecard,
)
from handwriting_gan.files import check_writable, local_path, write_atomically
from handwriting_gan.metrics.morphometrics import TRAITS
from handwriting_gan.report import comparisons, curves, tables
from handwriting_gan.report.columns import IMAGE, VERIFICATION, chosen, quoted, retention
from handwriting_gan.report.comparisons import Comparison, compare

PAGES = ROOT / "README.md", RESULTS / "README.md"
BLOCK = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
GLYPHS = "the number of training glyphs"
SUMMARY, SUMMARY_REFERENCES = "summary", 3
OURS, STARGAN_V2 = "writer_guided", "stargan_v2"  # the scorecards that the summary shows


class Hand(NamedTuple):
    """The hand for one K and one kind of episodes."""

    references: int
    kind: str = OTHER_DIGITS

    def title(self) -> str:
        """The title of its comparison."""
        return f"The hand, {tables.hand_title(self.references, self.kind)}"


BOTH_KINDS = Hand(3), Hand(3, OWN_DIGIT)
NUMBERS = "numbers"  # identification from a number
SHOWN: dict[str, tuple[str | Hand, ...]] = {  # of each table: guided modes, hands and numbers
    "few_shot": (*BOTH_KINDS, NUMBERS),
    "ladder": ("latent", *BOTH_KINDS, NUMBERS),
    "comparison": ("latent", "reference", Hand(1), Hand(3), Hand(10), Hand(1, OWN_DIGIT), Hand(3, OWN_DIGIT),
                   Hand(10, OWN_DIGIT), NUMBERS),
    "minus_one": ("latent", "reference", *BOTH_KINDS, NUMBERS),
    "suggestions": ("latent", *BOTH_KINDS, NUMBERS),
}
LONGER = {"comparison": {"StarGAN v2": STARGAN_V2, "writer-guided": OURS}}  # models with more training, by table
TITLES = {"latent": "Latent-guided", "reference": "Reference-guided"}
Cards = dict[str, list[Scorecard]]  # {row's heading: the scorecards of its seeds}


def filled(page: str, results: Path) -> str:
    """The page with every block replaced by the table of its scorecards.

    Raises:
      InputError: if a scorecard is missing, or those of a table do not belong together.
    """

    def block(match: re.Match[str]) -> str:
        name = match[2]
        if name == SUMMARY:
            text = summary(results)
        elif name in TABLES:
            text = _comparison_block(name, results)
        else:
            text = tables.markdown(scorecard.read(results / f"{name}.json"), tables.summary)
        return f"{match[1]}\n{text}\n{match[3]}"

    return BLOCK.sub(block, page)


def summary(results: Path) -> str:
    """The tables of README.md: our method, StarGAN v2, real glyphs and baselines for one K, for both kinds of episodes.

    Raises:
      InputError: if a scorecard is missing, or both were not evaluated alike.
    """
    cards = {path: scorecard.read(path) for path in (results / f"{name}.json" for name in (OURS, STARGAN_V2))}
    comparisons.check_alike({path: comparisons.evaluation_facts(card) for path, card in cards.items()})
    ours, stargan_v2 = cards
    unseen, redrawn, shown = (_hand_rows(cards, path, kind) for path, kind in (
        (ours, OTHER_DIGITS), (stargan_v2, OTHER_DIGITS), (ours, OWN_DIGIT)))
    parts = {
        "The three glyphs show other digits": {
            "ours, best guess": unseen[BEST_GUESS],
            "ours, natural try": unseen[NATURAL_TRY],
            "StarGAN v2": redrawn[BEST_GUESS],
            tables.HAND_ROWS[TWIN]: unseen[TWIN],
            tables.HAND_ROWS[NEAREST_WRITER]: unseen[NEAREST_WRITER],
        },
        "One of the three glyphs shows the digit": {
            "ours, best guess": shown[BEST_GUESS],
            "ours, natural try": shown[NATURAL_TRY],
            "ours, mean of eight natural tries": shown[EXPECTED],
            tables.HAND_ROWS[TWIN]: shown[TWIN],
            tables.HAND_ROWS[COPY]: shown[COPY],
        },
    }
    columns = [*map(quoted, chosen(VERIFICATION, "AUC")), *map(retention, ("thickness", "slant", *TRAITS)),
               *chosen(IMAGE, "digits right")]
    return "\n\n".join(f"**{title}**\n\n" + tables.markdown_table(
        ["", *(column.heading for column in columns)],
        [[heading, *(column.cell(row) for column in columns)] for heading, row in rows.items()])
        for title, rows in parts.items()) + "\n"


def _hand_rows(cards: Mapping[Path, Scorecard], path: Path, kind: str) -> Mapping[str, HandRow]:
    hand = cards[path].hand(SUMMARY_REFERENCES, kind)
    if hand is None:
        raise InputError(f"{path} needs figures for K = {SUMMARY_REFERENCES}, {kind}")
    return hand.rows


def comparison(name: str, results: Path) -> tuple[list[Comparison], list[str]]:
    """A table's comparisons, of the rows that have scorecards; and notes on training, evaluation and judges.

    Raises:
      InputError: if no row has one, or scorecards differ in preset, budget, data, protocol or judges.
    """
    by_row = {heading: seeds for heading, config in TABLES[name].rows.items()
              if (seeds := dict(_seeds(config, results / TABLES[name].folder)))}
    if not by_row:
        raise InputError(f"no row of the table {name} has a scorecard in {results}; make them with "
                         f"python -m experiments.run_table {name}")
    by_path = {path: card for seeds in by_row.values() for path, card in seeds.items()}
    comparisons.check_alike({
        path: {**comparisons.training_facts(card), GLYPHS: glyphs_of(path.stem, card, TABLES[name]),
               **comparisons.evaluation_facts(card)} for path, card in by_path.items()})
    cards = {heading: list(seeds.values()) for heading, seeds in by_row.items()}
    path, first = next(iter(by_path.items()))
    longer = _trained_longer(name, results, path, first)
    made = [_compared(part, cards, longer) for part in SHOWN[name]]
    return ([each for each in made if each is not None],
            _notes(name, cards, glyphs_of(path.stem, first, TABLES[name])))


def _trained_longer(name: str, results: Path, row_path: Path, row: Scorecard) -> dict[str, Scorecard]:
    """The scorecards of models with more training that a table shows besides its rows, by heading.

    Raises:
      InputError: if one was not evaluated as the row was.
    """
    cards = {heading: (path, scorecard.read(path)) for heading, card in LONGER.get(name, {}).items()
             if (path := results / f"{card}.json").exists()}
    comparisons.check_alike({row_path: comparisons.evaluation_facts(row),
                             **{path: comparisons.evaluation_facts(card) for path, card in cards.values()}})
    return {_heading(heading, card.made_from, row.made_from): card for heading, (_, card) in cards.items()}


def _heading(name: str, made: MadeFrom, row: MadeFrom) -> str:
    """The heading of a model: its training, and its preset if that is not the row's."""
    preset = "" if made.preset == row.preset else f"preset {made.preset}, "
    return f"{name}, {preset}{made.step:,} steps on {made.trained_on}"


def _compared(part: str | Hand, cards: Cards, longer: Mapping[str, Scorecard]) -> Comparison | None:
    """The comparison of a guided mode, of a hand or of numbers; None if no row has it."""
    def has(card: Scorecard) -> bool:
        if part == NUMBERS:
            return card.identification is not None
        return part in card.guided if isinstance(part, str) else card.hand(*part) is not None

    having = {heading: seeds for heading, seeds in cards.items() if has(seeds[0])}
    more = {heading: card for heading, card in longer.items() if has(card)}
    if not having:
        return None
    if part == NUMBERS:
        found = next(card.identification for seeds in having.values() for card in seeds if card.identification)
        return compare(tables.identification_title(found.references), comparisons.numbers(), having, more)
    if isinstance(part, str):
        return compare(TITLES[part], comparisons.guided(part), having, more)
    return compare(part.title(), comparisons.hand(*part), having, more)


def _seeds(config: str, folder: Path) -> Iterator[tuple[Path, Scorecard]]:
    """A row's scorecards and their files, from seed 0 to the first that is missing.

    Raises:
      InputError: if one is of another method or was trained with another seed than its name says.
    """
    method, seed = load_config(config, "tiny").method, 0
    while (path := folder / f"{Run(config, seed).name}.json").exists():
        card = scorecard.read(path)
        for name, found, expected in (("method", card.made_from.method, method),
                                      ("training seed", card.run.seed if card.run else seed, seed)):
            if found != expected:
                raise InputError(f"{path} has the {name} {found}, but its name says {expected}; restore it, or run "
                                 "the row again")
        yield path, card
        seed += 1


def _notes(name: str, cards: Cards, glyphs: int | str) -> list[str]:
    every = [card for seeds in cards.values() for card in seeds]
    first, made = every[0], every[0].made_from
    runs = [card.run for card in every if card.run is not None]
    minutes = [run.seconds / 60 for run in runs if run.seconds]
    seeds = _counted({heading: len(seeds) for heading, seeds in cards.items()})
    lines = [f"`python -m experiments.run_table {name}`: preset {made.preset}, "
             f"{glyphs if isinstance(glyphs, str) else f'{glyphs:,}'} training glyphs of {made.trained_on} a row, "
             f"{made.protocol['name']} protocol on {made.data}, seeds a row: {seeds}."]
    if minutes:
        lines.append(f"Trained and evaluated on {' and '.join(sorted({run.hardware for run in runs}))}, "
                     f"{min(minutes):.0f} to {max(minutes):.0f} minutes a row.")
    lines.append("± is half of the 95 % interval of one seed, or the standard deviation of several; the best of each "
                 "column is bold, among rows with at least half of the digits right.")
    return [" ".join(lines), tables.judges_of(first.judges)]


def _counted(seeds: dict[str, int]) -> str:
    """The smallest number of seeds, and the rows that have more, as text."""
    least = min(seeds.values())
    return "; ".join([str(least), *(f"{count} of {heading}" for heading, count in seeds.items() if count > least)])


def _comparison_block(name: str, results: Path) -> str:
    compared, notes = comparison(name, results)
    blocks = [f"**{each.title}**\n\n{comparisons.markdown(each)}" for each in compared]
    return "\n\n".join([*blocks, *notes]) + "\n"


def names_in(results: Path) -> list[str]:
    """The tables with at least one scorecard."""
    return [name for name, table in TABLES.items()
            if any((results / table.folder / f"{Run(config, 0).name}.json").exists()
                   for config in table.rows.values())]


def along_training(name: str, results: Path) -> dict[str, dict[int, list[Scorecard]]]:
    """The scorecards of a table's rows on the way and at the end, `{row's heading: {glyphs seen: those of its seeds}}`.

    Raises:
      InputError: if they differ in preset, data, protocol or judges, or one was trained on other glyphs than its
        folder says.
    """
    table, folder = TABLES[name], results / TABLES[name].folder
    found: dict[str, dict[int, dict[Path, Scorecard]]] = {}
    for glyphs in judged_points(folder):
        for heading, config in table.rows.items():
            if seeds := dict(_seeds(config, curve_folder(folder, glyphs))):
                found.setdefault(heading, {})[glyphs] = seeds
    for heading, points in found.items():
        # With this protocol the table's own scorecards are those at the end.
        if table.protocol == POINT_PROTOCOL and (seeds := dict(_seeds(table.rows[heading], folder))):
            path, card = next(iter(seeds.items()))
            if isinstance(trained := glyphs_of(path.stem, card, table), int):
                points[trained] = seeds
    by_path = {path: (glyphs, card) for points in found.values() for glyphs, seeds in points.items()
               for path, card in seeds.items()}
    for path, (glyphs, card) in by_path.items():
        if (trained := glyphs_of(path.stem, card, at_point(table, glyphs))) != glyphs:
            raise InputError(f"{path} has seen {trained} glyphs, not {glyphs}; restore it, or run the row again")
    if by_path:
        comparisons.check_alike({path: {**comparisons.training_facts(card), **comparisons.evaluation_facts(card)}
                                 for path, (_, card) in by_path.items()})
    return {heading: {glyphs: list(seeds.values()) for glyphs, seeds in points.items()}
            for heading, points in found.items()}


def files_of(results: Path) -> dict[Path, bytes]:
    """The files by path: NAME.tex, .csv and .png of each table with a scorecard; NAME.md of each single scorecard.

    NAME_by_glyphs.png of each table with scorecards along training.
    """
    files = {results / f"{name}_by_glyphs.png": curves.estimates(along)
             for name in TABLES if (along := along_training(name, results))}
    for name in names_in(results):
        compared, notes = comparison(name, results)
        tex = "\n".join(f"% {each.title}\n{comparisons.latex(each)}" for each in compared)
        files[results / f"{name}.tex"] = (tex + "".join(f"% {line}\n" for line in notes)).encode()
        separated = "\n".join(f"{each.title}\n{comparisons.comma_separated(each)}" for each in compared)
        files[results / f"{name}.csv"] = separated.encode()
        files |= {results / f"{name}.png": comparisons.attribute_bars(each) for each in compared
                  if each.title == Hand(SUMMARY_REFERENCES).title()}
    return files | {path.with_suffix(".md"): tables.markdown(scorecard.read(path)).encode()
                    for path in sorted(results.glob("*.json"))}


def main() -> None:
    """Parses the flags and writes the files."""
    parser = Flags(__doc__, example="python -m experiments.make_tables")
    parser.add_argument("--results", type=local_path, default=RESULTS,
                        help="folder of the scorecards; the default also fills the pages")
    results = parser.parse_args().results
    publish = IS_CHECKOUT and results.resolve() == RESULTS.resolve()
    if not publish and not names_in(results):
        raise InputError(f"{results} holds no scorecard of any table; name a folder that "
                         "experiments.run_table has written to")
    if not publish:
        print(*(f"{name}\n\n{_comparison_block(name, results)}" for name in names_in(results)), sep="\n")
    files = files_of(results)  # make everything before writing anything
    if publish:
        files |= {page: filled(page.read_text("utf-8"), results).encode() for page in PAGES}
    for path in files:
        check_writable(path)
    for path, content in files.items():
        write_atomically(path, content)
    print("\n".join(map(str, files)))


if __name__ == "__main__":
    exit_in_one_line(main)
