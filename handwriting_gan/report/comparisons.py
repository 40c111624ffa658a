"""Comparisons of methods: a table with one row for each method, from the scorecards of its seeds.

An estimate of one seed is printed with half of its 95 % interval, of several seeds with their standard deviation.
"""

import csv
import io
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.scorecard import (
    BEST_GUESS,
    COPY,
    EXPECTED,
    FLOOR,
    NATURAL_TRY,
    NEAREST_WRITER,
    OWN_DIGIT,
    PREDICTOR,
    REAL_GLYPHS,
    REAL_NUMBER,
    RESHAPED_MEAN,
    TWIN,
    WRITTEN_NUMBER,
    Identified,
    Scorecard,
)
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.metrics.morphometrics import TRAITS
from handwriting_gan.report.columns import (
    ACCURACY,
    DASH,
    GREATER,
    GUIDED,
    IDENTIFIED,
    IMAGE,
    NEITHER,
    VERIFICATION,
    Column,
    chosen,
    difference_share,
    quoted,
    retention,
    with_spread,
)
from handwriting_gan.report.png import png_of
from handwriting_gan.report.tables import CHANCE, HAND_ROWS, MAIN, NUMBER_ROWS, REAL, markdown_table

DIGITS_RIGHT, LEAST_RIGHT = "digits right", 0.5  # a row with fewer digits right is never printed in bold
GUIDED_HEADINGS = ("Fréchet", "per task", "diversity", DIGITS_RIGHT, "precision", "coverage")
BASELINES = (TWIN, PREDICTOR, NEAREST_WRITER, RESHAPED_MEAN, FLOOR)  # the rows that no method influences
Find = Callable[[Scorecard], Estimate | None]


class Compared(NamedTuple):
    """A column of a comparison."""

    heading: str
    form: str
    better: int
    of_method: Find
    of_baselines: Mapping[str, Find]  # by the row's heading


class Cell(NamedTuple):
    """An estimate over seeds."""

    value: float | None
    spread: float | None


class Comparison(NamedTuple):
    """Methods, and the rows that they are compared with."""

    title: str
    columns: Sequence[Compared]
    rows: Mapping[str, list[Cell]]  # of the methods
    reference_rows: Mapping[str, list[Cell]]  # baselines, real glyphs, models with more training


def compare(title: str, columns: Sequence[Compared], scorecards: Mapping[str, Sequence[Scorecard]],
            trained_longer: Mapping[str, Scorecard] | None = None) -> Comparison:
    """One row for each method from its seeds' scorecards; the baselines come from the first scorecard of all.

    Leaves out columns in which no row has a value.
    """
    first = next(iter(scorecards.values()))[0]
    rows = {name: [cell(column.of_method, cards) for column in columns] for name, cards in scorecards.items()}
    longer = {f"*{name}*": [cell(column.of_method, [card]) for column in columns]
              for name, card in (trained_longer or {}).items()}
    baselines = {heading: [cell(column.of_baselines[heading], [first]) for column in columns]
                 for heading in columns[0].of_baselines}
    kept = [index for index in range(len(columns)) if any(
        cells[index].value is not None for part in (rows, longer, baselines) for cells in part.values())]
    of_methods, of_others = ({name: [cells[index] for index in kept] for name, cells in part.items()}
                             for part in (rows, longer | baselines))
    return Comparison(title, [columns[index] for index in kept], of_methods, of_others)


def cell(find: Find, cards: Sequence[Scorecard]) -> Cell:
    """An estimate of one scorecard with half of its interval, or the mean of several with their deviation."""
    known = [(estimate.value, estimate.interval) for card in cards
             if (estimate := find(card)) is not None and estimate.value is not None]
    values = [value for value, _ in known]
    if len(values) > 1:
        return Cell(statistics.fmean(values), statistics.stdev(values))
    if not values:
        return Cell(None, None)
    value, interval = known[0]
    return Cell(value, (interval[1] - interval[0]) / 2 if interval else None)


# The columns.


def guided(mode: str) -> list[Compared]:
    """Columns of distances, diversity and the classification accuracy score of a mode, and of real glyphs."""

    def compared(column: Column) -> Compared:
        def of_mode(card: Scorecard) -> Estimate | None:
            return column.find(card.guided[mode]) if mode in card.guided else None

        return Compared(column.heading, column.form, column.better, of_mode,
                        {REAL: lambda card: column.find(card.real)})

    accuracy = Compared(ACCURACY.heading, ACCURACY.form, ACCURACY.better, _taught_by(mode),
                        {REAL: _taught_by(REAL_GLYPHS)})
    return [*map(compared, chosen(GUIDED, *GUIDED_HEADINGS)), accuracy]


def _taught_by(source: str) -> Find:
    """The classification accuracy score of outputs of a mode, or of real training glyphs."""
    return lambda card: card.classification_accuracy.get(source)


def numbers() -> list[Compared]:
    """Columns of identification from a number by the encoder that tables quote, and the score of natural tries."""

    def of_row(name: str, column: Column[Identified]) -> Find:
        def find(card: Scorecard) -> Estimate | None:
            if card.identification is None:
                return None
            return column.find(next(iter(card.identification.rows[name].values())))
        return find

    def chance(column: Column[Identified]) -> Find:
        return lambda card: None if card.identification is None else column.find(card.identification.chance)

    identified = [Compared(column.heading, column.form, column.better, of_row(WRITTEN_NUMBER, column),
                           {NUMBER_ROWS[REAL_NUMBER]: of_row(REAL_NUMBER, column), CHANCE: chance(column)})
                  for column in IDENTIFIED]
    accuracy = Compared(ACCURACY.heading, ACCURACY.form, ACCURACY.better, _taught_by("writer"),
                        {NUMBER_ROWS[REAL_NUMBER]: _taught_by(REAL_GLYPHS), CHANCE: lambda card: None})
    return [*identified, accuracy]


def hand(references: int, kind: str) -> list[Compared]:
    """Columns on the hand at one K: of the best guess, from `natural: AUC` on of natural tries, then of their mean."""
    baselines = (*BASELINES, COPY) if kind == OWN_DIGIT else BASELINES

    def of_row(name: str, column: Column) -> Find:
        def find(card: Scorecard) -> Estimate | None:
            part = card.hand(references, kind)
            return column.find(part.rows[name]) if part is not None and name in part.rows else None
        return find

    def compared(column: Column, row: str, heading: str | None = None) -> Compared:
        return Compared(heading or column.heading, column.form, column.better, of_row(row, column),
                        {HAND_ROWS[name]: of_row(name, column) for name in baselines})

    def of_hand(column: Column) -> Compared:
        def find(card: Scorecard) -> Estimate | None:
            part = card.hand(references, kind)
            return column.find(part) if part is not None else None

        return Compared(column.heading, column.form, column.better, find,
                        {HAND_ROWS[name]: lambda card: None for name in baselines})

    auc, rank_1 = map(quoted, chosen(VERIFICATION, "AUC", "rank-1"))
    return [
        *(compared(retention(name), BEST_GUESS) for name in MAIN),
        compared(auc, BEST_GUESS),
        compared(rank_1, BEST_GUESS),
        compared(auc, NATURAL_TRY, "natural: AUC"),
        *(compared(column, NATURAL_TRY) for column in IMAGE),
        *(of_hand(difference_share(name)) for name in MAIN[:2]),
        *(compared(retention(name), EXPECTED, f"expected: {name}") for name in TRAITS),
    ]


# Which scorecards may share a table.


def check_alike(facts: Mapping[Path, Mapping[str, object]]) -> None:
    """Checks that scorecards may share a table; `facts` holds what each was made from, by file and by field.

    Raises:
      InputError: naming two files and the first field that differs.
    """
    (first, expected), *others = facts.items()
    for path, found in others:
        for name in {**expected, **found}:
            if (one := expected.get(name)) != (other := found.get(name)):
                raise InputError(f"{first} and {path} cannot share a table: {name} is {one} in the first and "
                                 f"{other} in the second; move one elsewhere, or make it again with the same "
                                 "settings")


def evaluation_facts(card: Scorecard) -> dict[str, object]:
    """The facts that compared scorecards must share: evaluation data, protocol and judges."""
    made = card.made_from
    return {"the evaluation data": made.data, "the evaluation seed": made.seed,
            "the number of held-out glyphs": made.held_out,
            **{f"the protocol's {name}": value for name, value in made.protocol.items()},
            **{f"the judge \"{name}\"": sha256[:12] for name, sha256 in card.judges.items()}}


def training_facts(card: Scorecard) -> dict[str, object]:
    """The facts that the rows of a table must share as well: preset and training data; not the budget."""
    return {"the preset": card.made_from.preset, "the training data": card.made_from.trained_on}


# The formats.


def markdown(comparison: Comparison) -> str:
    """A Markdown table, the best of each column in bold."""
    lines = [[name, *(f"**{text}**" if is_best else text for text, is_best in cells)]
             for name, cells in _printed(comparison)]
    return markdown_table(["", *(column.heading for column in comparison.columns)], lines)


def latex(comparison: Comparison) -> str:
    """A LaTeX table (booktabs), the best of each column in bold; a rule above the reference rows."""
    lines = [" & ".join([_escape(name.strip("*")), *(rf"\textbf{{{_escape(text)}}}" if is_best
                                                     else _escape(text) for text, is_best in cells)]) + r" \\"
             for name, cells in _printed(comparison)]
    count = len(comparison.rows)
    headings = " & ".join(["", *(_escape(column.heading) for column in comparison.columns)]) + r" \\"
    return "\n".join([rf"\begin{{tabular}}{{l{'r' * len(comparison.columns)}}}", r"\toprule", headings,
                      r"\midrule", *lines[:count], *([r"\midrule"] if lines[count:] else []), *lines[count:],
                      r"\bottomrule", r"\end{tabular}"]) + "\n"


def comma_separated(comparison: Comparison) -> str:
    """CSV: each estimate, unrounded, and its spread in the next column; an empty cell where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["", *(heading for column in comparison.columns
                           for heading in (column.heading, f"{column.heading} ±"))])
    for name, cells in {**comparison.rows, **comparison.reference_rows}.items():
        writer.writerow([name.strip("*"), *("" if x is None else x for cell in cells for x in cell)])
    return out.getvalue()


def attribute_bars(comparison: Comparison) -> bytes:
    """A PNG of bars: each method's retention of the main attributes in a `hand` comparison, from floor to twin."""
    top, bottom = (comparison.reference_rows[HAND_ROWS[name]] for name in (TWIN, FLOOR))
    names, height = list(comparison.rows), 1.2 + 0.22 * len(comparison.rows)
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(11, height), layout="constrained")
        indices = [index for index, column in enumerate(comparison.columns) if column.heading in MAIN]
        for index, axes in zip(indices, figure.subplots(1, len(indices), sharey=True), strict=True):
            kept = [cells[index] for cells in comparison.rows.values()]
            axes.axvspan(_number(bottom[index].value), _number(top[index].value), color="0.93", zorder=0)
            axes.barh(names, [_number(cell.value) for cell in kept], height=0.7,
                      xerr=[_number(cell.spread) for cell in kept], error_kw={"linewidth": 0.8})
            axes.set(title=comparison.columns[index].heading, xlim=(-0.2, 1.0))
            axes.axvline(0.0, color="0.2", linewidth=0.8)
        figure.axes[0].invert_yaxis()  # the first row on top
        figure.supxlabel("correlation with the writer's real glyph (grey: from floor to twin)")
        return png_of(figure)


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _printed(comparison: Comparison) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Each row's cells as text, and whether they are the best of their column."""
    competing = _competing(comparison)
    best = [_best(column, [cells[index] for cells in competing.values()])
            for index, column in enumerate(comparison.columns)]
    forms = [column.form for column in comparison.columns]
    return [(name, [(_text(cell, form), name in competing and cell.value is not None and top is not None
                     and form.format(cell.value) == form.format(top))  # equal as printed
                    for cell, form, top in zip(cells, forms, best, strict=True)])
            for name, cells in {**comparison.rows, **comparison.reference_rows}.items()]


def _competing(comparison: Comparison) -> dict[str, list[Cell]]:
    """The rows with enough digits right.

    Without this limit a method that copies its source would be best: its outputs look real and keep the hand.
    """
    index = next((at for at, column in enumerate(comparison.columns) if column.heading == DIGITS_RIGHT), None)

    def competes(cells: list[Cell]) -> bool:
        right = None if index is None else cells[index].value
        return right is None or right >= LEAST_RIGHT

    return {name: cells for name, cells in comparison.rows.items() if competes(cells)}


def _best(column: Compared, cells: Sequence[Cell]) -> float | None:
    """The best value; None if fewer than two rows have a value, or no direction is better."""
    values = [cell.value for cell in cells if cell.value is not None]
    if column.better == NEITHER or len(values) < 2:
        return None
    return max(values) if column.better == GREATER else min(values)


def _text(cell: Cell, form: str) -> str:
    return DASH if cell.value is None else with_spread(cell.value, cell.spread, form)


def _escape(text: str) -> str:
    for character, command in {"%": r"\%", "&": r"\&", "_": r"\_", "±": r"$\pm$", DASH: "--"}.items():
        text = text.replace(character, command)
    return text
