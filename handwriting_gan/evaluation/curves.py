"""A training's curves: the terms of its losses, and what scorecards along the way say of it."""

from collections.abc import Iterable, Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from handwriting_gan.evaluation.comparisons import Scorecard, guided, hand
from handwriting_gan.evaluation.figures import png_of

HAND = "K = 3"
JUDGED = {  # panel: the column of which comparison
    "Fréchet, latent-guided": (guided("latent"), "Fréchet"),
    "digits right, latent-guided": (guided("latent"), "digits right"),
    "the hand: thickness, K = 3": (hand(HAND), "thickness"),
    "the hand: AUC, K = 3": (hand(HAND), "AUC"),
}


def judged(along: Mapping[str, Mapping[int, Scorecard]]) -> bytes:
    """A PNG: each method's figures against the examples that it had seen, `{method: {examples: scorecard}}`.

    Shaded is half of the 95 % interval to either side, where there is one; no value leaves a gap.
    """
    figure = _figure(len(JUDGED), 3.0)
    panels = figure.subplots(1, len(JUDGED))
    for axes, (title, (columns, heading)) in zip(panels, JUDGED.items(), strict=True):
        column = next(column for column in columns if column.heading == heading)
        for name, cards in along.items():
            found = {examples: estimate for examples, card in sorted(cards.items())
                     if (estimate := column.find(card["figures"], None)) and estimate["value"] is not None}
            if found:
                examples, values = list(found), [estimate["value"] for estimate in found.values()]
                line, = axes.plot(examples, values, marker=".", label=name)
                intervals = [each.get("interval") or [each["value"]] * 2 for each in found.values()]
                axes.fill_between(examples, *zip(*intervals, strict=True), alpha=0.15,
                                  color=line.get_color(), linewidth=0)
        _finish(axes, title, heading == "Fréchet")
    figure.axes[0].legend(fontsize=7, frameon=False)
    return png_of(figure)


def losses(logs: Mapping[str, Sequence[Mapping[str, float]]], batch_sizes: Mapping[str, int]) -> bytes:
    """A PNG: a panel for each method with its terms, unweighted, from the lines of its metrics.jsonl."""
    figure = _figure(len(logs), 4.4)
    panels = np.atleast_1d(figure.subplots(1, len(logs)))
    for axes, (name, lines) in zip(panels, logs.items(), strict=True):
        examples = [line["step"] * batch_sizes[name] for line in lines]
        axes.set_prop_cycle(color=matplotlib.colormaps["tab20"].colors)
        for term in _terms(lines):
            axes.plot(examples, [line[term] for line in lines], linewidth=0.8, label=term)
        _finish(axes, name, False)
        axes.set_yscale("symlog", linthresh=0.1)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=6, frameon=False)
    return png_of(figure)


def _terms(lines: Iterable[Mapping[str, float]]) -> list[str]:
    return [term for term in next(iter(lines), {}) if term != "step"]


def _figure(panels: int, height: float) -> Figure:
    return Figure(figsize=(3.4 * panels, height), layout="constrained")


def _finish(axes: matplotlib.axes.Axes, title: str, is_distance: bool) -> None:
    axes.set(title=title, xlabel="examples seen", **({"yscale": "log"} if is_distance else {}))
    axes.title.set_size(9)
    axes.tick_params(labelsize=7, which="both")
    axes.locator_params(axis="x", nbins=5)
    axes.spines[["top", "right"]].set_visible(False)
