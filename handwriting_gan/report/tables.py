"""A scorecard as tables that people read; ± is half of a 95 % interval over writers."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from handwriting_gan.evaluation.estimate import Estimate
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS

MISSING = "\N{EN DASH}"
GUIDED = {"latent": "latent-guided", "reference": "reference-guided", "real": "real held-out glyphs"}
LIKENESS = {  # heading: the figure's name, its form
    "digits right": ("digit_accuracy", "{:.1%}"),
    "leakage": ("leakage", "{:.1%}"),
    "Fréchet": ("frechet_distance, classifier", "{:.2f}"),
    "per digit": ("frechet_distance_per_digit, classifier", "{:.2f}"),
    "per task": ("frechet_distance_per_task, classifier", "{:.2f}"),
    "writer space": ("frechet_distance, writer", "{:.3f}"),
    "kernel": ("kernel_distance", "{:.3f}"),
    "precision": ("precision", "{:.2f}"),
    "recall": ("recall", "{:.2f}"),
    "density": ("density", "{:.2f}"),
    "coverage": ("coverage", "{:.2f}"),
    "diversity": ("diversity", "{:.3f}"),
}
HAND = {"best guess": "best guess", "natural": "natural try", "twin": "*twin: the writer's second glyph*",
        "predictor": "*predictor: ridge regression*", "retrieval": "*rival: nearest training writer*",
        "reshaped mean": "*rival: mean digit, reshaped*", "floor": "*floor: another writer*"}
JUDGED = {"AUC": ("auc", "{:.1%}"), "of the twin's": ("auc_share_of_twin", "{:.0%}"),
          "EER": ("eer", "{:.1%}"), "rank-1": ("rank_1", "{:.1%}"),
          "rank-5": ("rank_5", "{:.1%}"), "mAP": ("mean_average_precision", "{:.1%}")}
NATURAL_SPREAD = "two natural tries apart, as a share of the writer's own two"
LEAD = "the best guess's lead over the predictor"
MAIN = ("thickness", "slant", "aspect", "length")


class Table(NamedTuple):
    """Headings over rows of cells, and what the table is of."""

    title: str
    headings: list[str]
    rows: list[list[str]]


def tables(scorecard: dict[str, Any]) -> list[Table]:
    """The guided modes; then for each K what is kept of a hand, and whose hand it is taken for."""
    figures = scorecard["figures"]
    found = [guided(figures, LIKENESS)]
    for name, part in hands(figures):
        found += [kept(f"{name}: correlation with the writer's real glyph", part),
                  tries(f"{name}: how far two tries are apart, in deviations", part),
                  *(judged(f"{name}: taken for the writer's, by the {encoder} writer encoder", part, encoder)
                    for encoder in part["rows"]["twin"]["judged"])]
    return found


def summary(scorecard: dict[str, Any]) -> list[Table]:
    """The few columns that tell most, by the encoder that tables quote, for the two largest K."""
    figures = scorecard["figures"]
    columns = ("digits right", "leakage", "Fréchet", "per task", "precision", "coverage", "diversity")
    found = [guided(figures, {heading: LIKENESS[heading] for heading in columns})]
    parts = hands(figures)[-2:]
    found += [in_short(name, part) for name, part in parts]
    return found + ([beside(parts)] if parts else [])


def hands(figures: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The parts of a scorecard's figures that are of a hand, each with its K."""
    return [(name.removeprefix("hand, "), part) for name, part in figures.items() if "rows" in part]


def guided(figures: dict[str, Any], columns: dict[str, tuple[str, str]]) -> Table:
    """Likeness of the guided modes, and of real glyphs."""
    rows = [[title, *(say(figures[name].get(key), form) for key, form in columns.values())]
            for name, title in GUIDED.items() if name in figures]
    return Table("Guided modes", ["", *columns], rows)


def kept(title: str, part: dict[str, Any]) -> Table:
    """Retention of every attribute and trait."""
    columns = [*ATTRIBUTES, *TRAITS]
    rows = [[heading, *(say(part["rows"][name]["retention"][column], "{:.2f}") for column in columns)]
            for name, heading in HAND.items()]
    return Table(title, ["", *columns], rows)


def judged(title: str, part: dict[str, Any], encoder: str) -> Table:
    """Verification and retrieval by an encoder, and what the classifier says."""
    rows = []
    for name, heading in HAND.items():
        row = part["rows"][name]
        if "judged" in row:
            by_encoder = row["judged"][encoder]
            rows.append([heading, *(say(by_encoder.get(key), form) for key, form in JUDGED.values()),
                         say(row["digit_accuracy"], "{:.1%}"),
                         say(row["frechet_distance, classifier"], "{:.2f}")])
    return Table(title, ["", *JUDGED, "digits right", "Fréchet"], rows)


def tries(title: str, part: dict[str, Any]) -> Table:
    """The root mean square difference of two natural tries, of two real glyphs, and their quotient."""
    columns = [*ATTRIBUTES, *TRAITS]
    apart = part["difference of two tries"]
    rows = [[heading, *(say(apart.get(name, {}).get(column), form) for column in columns)]
            for name, heading, form in (("natural", "natural tries", "{:.2f}"),
                                        ("writer", "the writer's own", "{:.2f}"),
                                        ("share", "share of the writer's own", "{:.0%}"))]
    return Table(title, ["", *columns], rows)


def in_short(name: str, part: dict[str, Any]) -> Table:
    """What is kept of the main attributes, and whose hand it is taken for."""
    rows = []
    for place, heading in HAND.items():
        row = part["rows"][place]
        rows.append([heading, *_kept_in_short(row), *_judged_in_short(row)])
    headings = ["", *MAIN, "AUC", "of the twin's", "rank-1", "digits right", "Fréchet"]
    return Table(f"The hand, {name}", headings, rows)


def _kept_in_short(row: dict[str, Any]) -> list[str]:
    """Retention of the main attributes."""
    return [say(row["retention"][column], "{:.2f}") for column in MAIN]


def _judged_in_short(row: dict[str, Any]) -> list[str]:
    """AUC, share of the twin's, rank-1, by the encoder that tables quote; digits right, Fréchet distance."""
    by_encoder: dict[str, Any] = next(iter(row.get("judged", {}).values()), {})
    return [say(by_encoder.get("auc"), "{:.1%}"), say(by_encoder.get("auc_share_of_twin"), "{:.0%}"),
            say(by_encoder.get("rank_1"), "{:.1%}"), say(row.get("digit_accuracy"), "{:.1%}"),
            say(row.get("frechet_distance, classifier"), "{:.2f}")]


def beside(parts: list[tuple[str, dict[str, Any]]]) -> Table:
    """How far two natural tries are apart, and whether a best guess knows more than the predictor."""
    rows = []
    for name, part in parts:
        shares = part["difference of two tries"].get("share", {})
        leads = part.get("lead over the predictor", {})
        for heading, figures, form in ((NATURAL_SPREAD, shares, "{:.0%}"), (LEAD, leads, "{:.2f}")):
            rows.append([f"{name}: {heading}", *(say(figures.get(column), form) for column in MAIN)])
    return Table("Beside what may be expected", ["", *MAIN], rows)


def notes(scorecard: dict[str, Any]) -> list[str]:
    """What the figures were made from, who judged, what was left out and why."""
    made, figures = scorecard["made_from"], scorecard["figures"]
    route = f", {made['route']} route" if made["route"] else ""
    protocol = made["protocol"]
    said = [f"{made['method']} ({made['preset']}, step {made['step']}{route}, trained on "
            f"{made['trained_on']}) on {made['data']}, {protocol['name']} protocol: {made['held_out']} "
            f"held-out glyphs by {made['held_out_writers']} known writers, seed {made['seed']}.",
            _samples(figures, protocol)]
    for _, part in hands(figures)[:1]:  # the same episodes for every K
        said.append(f"The hand: {part['episodes']} digits by {part['writers']} writers; guessing is right at "
                    f"rank 1 in {say(_chance(part), '{:.1%}')}.")
    if "hand" in figures:
        said.append(f"The hand is not judged: {figures['hand']['why']}.")
    return [*said, judges_of(scorecard["judges"])]


def judges_of(hashes: dict[str, str]) -> str:
    """Who judged, by the hashes of the weights."""
    named = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in hashes.items())
    return f"Judges, which training never sees: {named}."


def _samples(figures: dict[str, Any], protocol: dict[str, Any]) -> str:
    drawn = ", ".join(f"{part['outputs']} outputs of {part['sources']} sources ({name})"
                      for name, part in figures.items() if "sources" in part)
    real = figures["real"]["outputs"]
    return (f"{drawn or 'No guided mode'}; distances between sets at {real} glyphs each, kernel to coverage "
            f"at {min(protocol['neighbours'], real)}, diversity over {protocol['spread']} sources and "
            "targets. ± is half of the 95 % interval, by the bootstrap over writers.")


def _chance(part: dict[str, Any]) -> Estimate:
    return next(iter(part["rows"]["twin"]["judged"].values()))["chance_of_rank_1"]


def markdown(scorecard: dict[str, Any], choose: Callable[[dict[str, Any]], list[Table]] = tables) -> str:
    """All tables, or the chosen ones, and the notes in Markdown."""
    blocks = [f"**{table.title}**\n\n{markdown_table(table.headings, table.rows)}"
              for table in choose(scorecard)]
    return "\n\n".join([*blocks, *notes(scorecard)]) + "\n"


def markdown_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Rows of cells under headings, in Markdown."""
    lines = [headings, ["---"] * len(headings), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def say(estimate: Estimate | None, form: str) -> str:
    """An estimate in the given form, with half its interval; a dash for none."""
    if estimate is None or estimate["value"] is None:
        return MISSING
    said = form.format(estimate["value"])
    if not estimate.get("interval"):
        return said
    low, high = estimate["interval"]
    return f"{said.removesuffix('%')} ± {form.format((high - low) / 2)}"
