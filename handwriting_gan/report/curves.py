"""Curves along training: the terms of the losses, and the estimates of scorecards made on the way."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import matplotlib
import matplotlib.axes
import numpy as np
from matplotlib.figure import Figure

from handwriting_gan.evaluation.scorecard import OTHER_DIGITS, OWN_DIGIT, Scorecard
from handwriting_gan.metrics.morphometrics import TRAITS
from handwriting_gan.report.comparisons import Cell, Compared, cell, guided, hand
from handwriting_gan.report.png import png_of

REFERENCES = 3  # K of the hand's panels
LATENT, UNSEEN, SHOWN = guided("latent"), hand(REFERENCES, OTHER_DIGITS), hand(REFERENCES, OWN_DIGIT)
PANELS: dict[str, tuple[Sequence[Compared], str]] = {  # title: the columns, and which of them
    "Fréchet, latent-guided": (LATENT, "Fréchet"),
    "digits right, latent-guided": (LATENT, "digits right"),
    "Fréchet of natural tries, K = 3": (UNSEEN, "Fréchet"),
    "the hand: AUC, K = 3": (UNSEEN, "AUC"),
    "the hand: thickness, K = 3": (UNSEEN, "thickness"),
    **{f"{name}: expected, own digit shown": (SHOWN, f"expected: {name}") for name in TRAITS},
}
ACROSS = 4  # panels in a row
Along = Mapping[str, Mapping[int, Sequence[Scorecard]]]  # {method: {glyphs seen: seeds}}


def estimates(along: Along) -> bytes:
    """A PNG: each method's estimates against the glyphs seen in training; the band is the tables' ±.

    Leaves out panels in which no method has a value.
    """
    panels = {title: found for title, (columns, heading) in PANELS.items()
              if any((found := _points(next(column for column in columns if column.heading == heading), along)
                      ).values())}
    across, down = max(1, min(len(panels), ACROSS)), max(1, -(-len(panels) // ACROSS))
    figure = _figure(across, 3.0 * down + 0.3)
    colours = {name: matplotlib.colormaps["tab20"](index % 20) for index, name in enumerate(along)}
    for place, (title, curves) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(down, across, place)
        for name, points in curves.items():
            _curve(axes, name, points, colours[name])
        _finish(axes, title, title.startswith("Fréchet"))
    lines = {str(line.get_label()): line for axes in figure.axes for line in axes.lines}
    figure.legend(list(lines.values()), list(lines), loc="outside lower center", ncols=6, fontsize=7, frameon=False)
    return png_of(figure)


def _points(column: Compared, along: Along) -> dict[str, dict[int, Cell]]:
    """The values of one column by method, ascending; empty for a method without one."""
    return {name: {seen: found for seen, cards in sorted(points.items())
                   if (found := cell(column.of_method, cards)).value is not None}
            for name, points in along.items()}


def _curve(axes: matplotlib.axes.Axes, name: str, points: Mapping[int, Cell], colour: Any) -> None:
    if not points:
        return
    values = np.array([point.value for point in points.values()])
    spreads = np.array([point.spread or 0.0 for point in points.values()])
    axes.plot(list(points), values, marker=".", label=name, color=colour)
    axes.fill_between(list(points), values - spreads, values + spreads, alpha=0.15, color=colour, linewidth=0)


def losses(logs: Mapping[str, Sequence[Mapping[str, float]]], glyphs_per_step: Mapping[str, int]) -> bytes:
    """A PNG: one panel a method with its unweighted loss terms, from the lines of its metrics.jsonl."""
    figure = _figure(len(logs), 4.4)
    panels = np.atleast_1d(figure.subplots(1, len(logs)))
    for axes, (name, lines) in zip(panels, logs.items(), strict=True):
        glyphs = [line["step"] * glyphs_per_step[name] for line in lines]
        axes.set_prop_cycle(color=[matplotlib.colormaps["tab20"](index) for index in range(20)])
        for term in _terms(lines):
            axes.plot(glyphs, [line[term] for line in lines], linewidth=0.8, label=term)
        _finish(axes, name, False)
        axes.set_yscale("symlog", linthresh=0.1)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=6, frameon=False)
    return png_of(figure)


def _terms(lines: Iterable[Mapping[str, float]]) -> list[str]:
    return [term for term in next(iter(lines), {}) if term != "step"]


def _figure(panels: int, height: float) -> Figure:
    return Figure(figsize=(3.4 * panels, height), layout="constrained")


def _finish(axes: matplotlib.axes.Axes, title: str, is_distance: bool) -> None:
    axes.set(xlabel="glyphs seen", **({"yscale": "log"} if is_distance else {}))
    axes.set_title(title, fontsize=9)
    axes.tick_params(labelsize=7, which="both")
    axes.locator_params(axis="x", nbins=5)
    axes.spines[["top", "right"]].set_visible(False)
