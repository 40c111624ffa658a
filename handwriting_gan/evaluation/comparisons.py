"""Methods beside each other: a row each, over the scorecards of its seeds.

A figure of one seed stands with half of its 95 % interval, of several with their standard deviation.
"""

import csv
import io
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.estimate import Estimate
from handwriting_gan.evaluation.figures import png_of
from handwriting_gan.evaluation.tables import GUIDED, HAND, MAIN, MISSING, markdown_table

Scorecard = dict[str, Any]
PARTS = ("made_from", "judges", "figures")  # of a scorecard
GREATER, SMALLER, NEITHER = 1, -1, 0  # is better
DIGITS_RIGHT, LEAST_RIGHT = "digits right", 0.5  # a row with fewer has not done what is compared


class Column(NamedTuple):
    """A figure of scorecards, and how it is said."""

    heading: str
    form: str
    better: int
    find: Callable[[dict[str, Any], str | None], Estimate | None]  # (figures, another row's place)


class Cell(NamedTuple):
    """A figure over seeds."""

    value: float | None
    spread: float | None


class Comparison(NamedTuple):
    """Methods over what they are measured against."""

    title: str
    columns: Sequence[Column]
    rows: Mapping[str, list[Cell]]
    beside: Mapping[str, list[Cell]]


def read(path: Path) -> Scorecard:
    """The scorecard in a file.

    Raises:
      InputError: if there is none, or the file is something else.
    """
    try:
        card = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"there is no scorecard {path} ({error.strerror}); make it by "
                         "handwriting_gan.evaluate --out") from error
    except ValueError as error:
        raise InputError(f"{path} is no scorecard ({error}); move it elsewhere") from error
    if not isinstance(card, dict) or not all(isinstance(card.get(part), dict) for part in PARTS):
        raise InputError(f"{path} is no scorecard (it lacks one of {', '.join(PARTS)}); move it elsewhere")
    return card


def check_alike(facts: Mapping[Path, Mapping[str, object]]) -> None:
    """Checks that scorecards may stand in one table: what each was made from, by its file and by field.

    Raises:
      InputError: naming two files and the first field that differs.
    """
    first, expected = next(iter(facts.items()), (None, {}))
    for path, found in facts.items():
        for name in {**expected, **found}:
            if (one := expected.get(name)) != (other := found.get(name)):
                raise InputError(f"{first} and {path} cannot stand in one table: {name} is {one} in the "
                                 f"one and {other} in the other; move either elsewhere, or make it again "
                                 "as the other was made")


def measured_how(card: Scorecard) -> dict[str, object]:
    """What scorecards have to share to be compared: evaluation data, protocol and judges."""
    made = card["made_from"]
    return {"the evaluation's data": made.get("data"), "the evaluation's seed": made.get("seed"),
            "the number of held-out glyphs": made.get("held_out"),
            **{f"the protocol's {name}": value for name, value in made.get("protocol", {}).items()},
            **{f"the judge \"{name}\"": sha256[:12] for name, sha256 in card["judges"].items()}}


def trained_how(card: Scorecard) -> dict[str, object]:
    """What rows have to share beside that, the budget apart: preset and training data."""
    made = card["made_from"]
    return {"the preset": made.get("preset"), "the training data": made.get("trained_on")}


def compare(title: str, columns: Sequence[Column], scorecards: Mapping[str, Sequence[Scorecard]],
            beside: Mapping[str, str], trained_longer: Mapping[str, Scorecard] | None = None) -> Comparison:
    """One row for each method with its seeds' scorecards; what stands beside them out of competition.

    That is what `beside` names, as the first method's scorecard has it, and methods that were trained longer.
    """
    first = next(iter(scorecards.values()))[:1]
    rows = {name: _row(columns, cards, None) for name, cards in scorecards.items()}
    longer = {f"*{name}*": _row(columns, [card], None) for name, card in (trained_longer or {}).items()}
    return Comparison(title, columns, rows,
                      longer | {heading: _row(columns, first, place) for place, heading in beside.items()})


def _row(columns: Sequence[Column], cards: Sequence[Scorecard], place: str | None) -> list[Cell]:
    return [_cell([column.find(card["figures"], place) for card in cards]) for column in columns]


def _cell(estimates: Sequence[Estimate | None]) -> Cell:
    known = [estimate for estimate in estimates if estimate and estimate["value"] is not None]
    values = [estimate["value"] for estimate in known]
    if len(values) > 1:
        return Cell(statistics.fmean(values), statistics.stdev(values))
    if not values:
        return Cell(None, None)
    interval = known[0].get("interval")
    return Cell(values[0], (interval[1] - interval[0]) / 2 if interval else None)


# What is compared.


def guided(mode: str) -> list[Column]:
    """Likeness and diversity of a guided mode; beside it stands "real"."""

    def of(key: str) -> Callable[[dict[str, Any], str | None], Estimate | None]:
        return lambda figures, place: figures.get(place or mode, {}).get(key)

    return [
        Column("Fréchet", "{:.2f}", SMALLER, of("frechet_distance, classifier")),
        Column("per task", "{:.2f}", SMALLER, of("frechet_distance_per_task, classifier")),
        Column("diversity", "{:.3f}", GREATER, of("diversity")),
        Column(DIGITS_RIGHT, "{:.1%}", GREATER, of("digit_accuracy")),
        Column("precision", "{:.2f}", GREATER, of("precision")),
        Column("coverage", "{:.2f}", GREATER, of("coverage")),
    ]


def hand(part: str) -> list[Column]:
    """What is kept of a hand at one K: of a best guess, and where it says so of a natural try."""

    def of(row: str, *path: str) -> Callable[[dict[str, Any], str | None], Estimate | None]:
        return lambda figures, place: _reach(figures, f"hand, {part}", "rows", place or row, *path)

    def judged(row: str, key: str) -> Callable[[dict[str, Any], str | None], Estimate | None]:
        def find(figures: dict[str, Any], place: str | None) -> Estimate | None:
            by_encoder = of(row, "judged")(figures, place) or {}
            return next(iter(by_encoder.values()), {}).get(key)  # the encoder that tables quote
        return find

    def apart(name: str) -> Callable[[dict[str, Any], str | None], Estimate | None]:
        return lambda figures, place: None if place else _reach(
            figures, f"hand, {part}", "difference of two tries", "share", name)

    return [
        *(Column(name, "{:.2f}", GREATER, of("best guess", "retention", name)) for name in MAIN),
        Column("AUC", "{:.1%}", GREATER, judged("best guess", "auc")),
        Column("rank-1", "{:.1%}", GREATER, judged("best guess", "rank_1")),
        Column("natural: AUC", "{:.1%}", GREATER, judged("natural", "auc")),
        Column(DIGITS_RIGHT, "{:.1%}", GREATER, of("natural", "digit_accuracy")),
        Column("Fréchet", "{:.2f}", SMALLER, of("natural", "frechet_distance, classifier")),
        *(Column(f"{name} apart", "{:.0%}", NEITHER, apart(name)) for name in MAIN[:2]),
    ]


def _reach(figures: Any, *path: str) -> Any:
    for name in path:
        figures = (figures or {}).get(name)
    return figures


BESIDE_GUIDED = {"real": f"*{GUIDED['real']}*"}
BESIDE_HAND = {place: HAND[place] for place in ("twin", "predictor", "retrieval", "reshaped mean", "floor")}


# How it is said.


def markdown(comparison: Comparison) -> str:
    """A Markdown table, the best of each column in bold."""
    lines = [[name, *(f"**{said}**" if is_best else said for said, is_best in cells)]
             for name, cells in _said(comparison)]
    return markdown_table(["", *(column.heading for column in comparison.columns)], lines)


def latex(comparison: Comparison) -> str:
    """A LaTeX table (booktabs), the best of each column in bold; a rule above what stands beside."""
    lines = [" & ".join([_escape(name.strip("*")), *(rf"\textbf{{{_escape(said)}}}" if is_best
                                                     else _escape(said) for said, is_best in cells)]) + r" \\"
             for name, cells in _said(comparison)]
    count = len(comparison.rows)
    headings = " & ".join(["", *(_escape(column.heading) for column in comparison.columns)]) + r" \\"
    return "\n".join([rf"\begin{{tabular}}{{l{'r' * len(comparison.columns)}}}", r"\toprule", headings,
                      r"\midrule", *lines[:count], *([r"\midrule"] if lines[count:] else []), *lines[count:],
                      r"\bottomrule", r"\end{tabular}"]) + "\n"


def comma_separated(comparison: Comparison) -> str:
    """CSV: each figure and, in the column after it, its spread, unrounded; nothing where there is none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["", *(heading for column in comparison.columns
                           for heading in (column.heading, f"{column.heading} ±"))])
    for name, cells in {**comparison.rows, **comparison.beside}.items():
        writer.writerow([name.strip("*"), *("" if x is None else x for cell in cells for x in cell)])
    return out.getvalue()


def attribute_bars(comparison: Comparison) -> bytes:
    """A PNG: how much of each main attribute the methods of a `hand` keep, between floor and twin."""
    top, bottom = (comparison.beside[HAND[place]] for place in ("twin", "floor"))
    names, height = list(comparison.rows), 1.2 + 0.22 * len(comparison.rows)
    with matplotlib.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(11, height), layout="constrained")
        for place, axes in enumerate(figure.subplots(1, len(MAIN), sharey=True)):
            kept = [cells[place] for cells in comparison.rows.values()]
            if None not in (span := [row[place].value for row in (bottom, top)]):
                axes.axvspan(*span, color="0.93", zorder=0)
            axes.barh(names, [_number(cell.value) for cell in kept], height=0.7,
                      xerr=[_number(cell.spread) for cell in kept], error_kw={"linewidth": 0.8})
            axes.set(title=comparison.columns[place].heading, xlim=(-0.2, 1.0))
            axes.axvline(0.0, color="0.2", linewidth=0.8)
        figure.axes[0].invert_yaxis()  # the first row on top
        figure.supxlabel("correlation with the writer's real glyph (grey: from another writer's to theirs)")
        return png_of(figure)


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _said(comparison: Comparison) -> list[tuple[str, list[tuple[str, bool]]]]:
    """Each row's cells in words, and whether they are the best of their column."""
    competing = _competing(comparison)
    best = [_best(column, [cells[place] for cells in competing.values()])
            for place, column in enumerate(comparison.columns)]
    forms = [column.form for column in comparison.columns]
    return [(name, [(_say(cell, form), name in competing and None not in (cell.value, top)
                     and form.format(cell.value) == form.format(top))  # as far as one can see
                    for cell, form, top in zip(cells, forms, best, strict=True)])
            for name, cells in {**comparison.rows, **comparison.beside}.items()]


def _competing(comparison: Comparison) -> dict[str, list[Cell]]:
    """The rows that write the digits asked for: who copies the source looks real, and is in the hand."""
    place = next((at for at, column in enumerate(comparison.columns) if column.heading == DIGITS_RIGHT), None)
    return {name: cells for name, cells in comparison.rows.items()
            if place is None or cells[place].value is None or cells[place].value >= LEAST_RIGHT}


def _best(column: Column, cells: Sequence[Cell]) -> float | None:
    """The best value of several; of one alone there is none."""
    values = [cell.value for cell in cells if cell.value is not None]
    if column.better == NEITHER or len(values) < 2:
        return None
    return max(values) if column.better == GREATER else min(values)


def _say(cell: Cell, form: str) -> str:
    if cell.value is None:
        return MISSING
    said = form.format(cell.value)
    return said if cell.spread is None else f"{said.removesuffix('%')} ± {form.format(cell.spread)}"


def _escape(text: str) -> str:
    for plain, command in {"%": r"\%", "&": r"\&", "_": r"\_", "±": r"$\pm$", MISSING: "--"}.items():
        text = text.replace(plain, command)
    return text
