"""A scorecard as a table that people read."""

from collections.abc import Sequence
from typing import Any

HEADINGS = ("", "digit accuracy", "leakage", "Fréchet distance", "diversity")
FIGURES = {"digit_accuracy": "{:.1%}", "leakage": "{:.1%}", "frechet_distance": "{:.2f}",
           "diversity": "{:.3f}"}
ROWS = {"latent": "latent-guided", "reference": "reference-guided", "writer": "writer-guided",
        "real": "real held-out glyphs"}
MISSING = "–"  # noqa: RUF001


def rows(scorecard: dict[str, Any]) -> list[list[str]]:
    """A row per mode that the scorecard has, under `HEADINGS`; a figure that it lacks is a dash."""
    figures = scorecard["figures"]
    return [[title, *(say(figures[mode].get(name), form) for name, form in FIGURES.items())]
            for mode, title in ROWS.items() if mode in figures]


def notes(scorecard: dict[str, Any]) -> list[str]:
    """What the figures rest on, a line each."""
    made = scorecard["made_from"]
    judge = scorecard["judges"]["digit_classifier"]
    lines = [f"{made['method']} ({made['preset']}, step {made['step']}) on {made['data']}: "
             f"{made['sources']} held-out sources, seed {made['seed']}.",
             f"Judge: digit classifier {judge['sha256'][:12]}, which training never sees; the Fréchet "
             f"distance is between its features of outputs and of as many training glyphs."]
    carried = scorecard["figures"].get("writer", {}).get("carried")
    if carried:
        said = ", ".join(f"{name} {say(value, '{:.2f}')}" for name, value in carried.items())
        lines.append(f"Carried from one glyph to another digit ({scorecard['figures']['writer']['route']} "
                     f"route), correlation: {said}.")
    return lines


def markdown(scorecard: dict[str, Any]) -> str:
    """The table and its notes in Markdown."""
    return "\n\n".join([markdown_table(HEADINGS, rows(scorecard)), *notes(scorecard)]) + "\n"


def markdown_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Rows of cells under headings, in Markdown."""
    lines = [headings, ["---"] * len(headings), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def say(value: float | None, form: str) -> str:
    """A figure in its form, or a dash where there is none."""
    return MISSING if value is None else form.format(value)
