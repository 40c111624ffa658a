"""Curves along training: the terms of the losses, and the estimates of scorecards made on the way."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib
import matplotlib.axes
import numpy as np
from matplotlib.figure import Figure

from handwriting_gan.evaluation.scorecard import OTHER_DIGITS, Scorecard
from handwriting_gan.report.comparisons import Compared, guided, hand
from handwriting_gan.report.png import png_of

REFERENCES = 3  # K of the hand's panels
PANELS: dict[str, tuple[Sequence[Compared], str]] = {  # title: the columns, and which of them
    "Fréchet, latent-guided": (guided("latent"), "Fréchet"),
    "digits right, latent-guided": (guided("latent"), "digits right"),
    "the hand: thickness, K = 3": (hand(REFERENCES, OTHER_DIGITS), "thickness"),
    "the hand: AUC, K = 3": (hand(REFERENCES, OTHER_DIGITS), "AUC"),
}


def estimates(along: Mapping[str, Mapping[int, Scorecard]]) -> bytes:
    """A PNG: each method's estimates against the glyphs seen in training, `{method: {glyphs: scorecard}}`.

    The shaded band is the 95 % interval.
    """
    figure = _figure(len(PANELS), 3.0)
    for axes, (title, (columns, heading)) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        column = next(column for column in columns if column.heading == heading)
        for name, cards in along.items():
            _curve(axes, name, column, cards)
        _finish(axes, title, heading == "Fréchet")
    figure.axes[0].legend(fontsize=7, frameon=False)
    return png_of(figure)


def _curve(axes: matplotlib.axes.Axes, name: str, column: Compared, cards: Mapping[int, Scorecard]) -> None:
    points = [(glyphs, estimate.value, estimate.interval or (estimate.value, estimate.value))
              for glyphs, card in sorted(cards.items())
              if (estimate := column.of_method(card)) is not None and estimate.value is not None]
    if points:
        glyphs, values, intervals = zip(*points, strict=True)
        low, high = zip(*intervals, strict=True)
        line, = axes.plot(glyphs, values, marker=".", label=name)
        axes.fill_between(glyphs, low, high, alpha=0.15, color=line.get_color(), linewidth=0)


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
