"""The tables of one scorecard. ± is half of the 95 % interval over writers."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from handwriting_gan.data.glyphs import DIGITS
from handwriting_gan.evaluation.scorecard import (
    BEST_GUESS,
    COPY,
    EXPECTED,
    FLOOR,
    MODERATE_TRY,
    NATURAL_TRY,
    NEAREST_WRITER,
    PREDICTOR,
    REAL_GLYPHS,
    REAL_NUMBER,
    RESHAPED_MEAN,
    TWIN,
    WRITTEN_NUMBER,
    GuidedEstimates,
    HandEstimates,
    HandRow,
    IdentificationEstimates,
    Scorecard,
)
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS
from handwriting_gan.report.columns import (
    ACCURACY,
    GUIDED,
    IDENTIFIED,
    IMAGE,
    RETENTION,
    VERIFICATION,
    Column,
    Of,
    chosen,
    printed,
    quoted,
    retention,
    trait_rate,
)

REAL = "*real held-out glyphs*"
MODES = {"latent": "latent-guided", "reference": "reference-guided"}
ACCURACY_ROWS = {**MODES, "writer": "natural tries", REAL_GLYPHS: "*real training glyphs*"}
NUMBER_ROWS = {WRITTEN_NUMBER: "number of natural tries", REAL_NUMBER: "*real number*"}
CHANCE = "*chance*"
HAND_ROWS = {
    BEST_GUESS: "best guess",
    NATURAL_TRY: "natural try",
    MODERATE_TRY: "try with half the variation",
    EXPECTED: "expected: mean of eight natural tries",
    TWIN: "*twin: the writer's other glyph*",
    PREDICTOR: "*predictor: regression*",
    COPY: "*baseline: copy of the shown glyph*",
    NEAREST_WRITER: "*baseline: nearest training writer*",
    RESHAPED_MEAN: "*baseline: reshaped mean digit*",
    FLOOR: "*floor: another writer*",
}
MAIN = ("thickness", "slant", "aspect", "length")
SUMMARY_OF_GUIDED = ("digits right", "leakage", "Fréchet", "per task", "precision", "coverage", "diversity")
SUMMARY_OF_VERIFICATION = ("AUC", "of the twin's", "rank-1")
DIFFERENCE = "difference of two natural tries, as a share of the writer's own"
LEAD = "lead of the best guess over the predictor"


class Table(NamedTuple):
    """Headings over rows of cells. The first column holds the rows' names."""

    title: str
    headings: list[str]
    rows: list[list[str]]


def tables(scorecard: Scorecard) -> list[Table]:
    """All estimates: the guided modes; for each hand retention, rates, differences and verification; numbers."""
    found = [guided(scorecard, GUIDED), *_by_target(scorecard), *_accuracies(scorecard)]
    for hand in scorecard.hands:
        title = hand_title(hand.references, hand.kind)
        found += [
            _hand_table(f"{title}: correlation with the writer's real glyph", RETENTION, hand),
            _hand_table(f"{title}: share of glyphs with a trait", list(map(trait_rate, TRAITS)), hand),
            differences(f"{title}: difference of two tries, in deviations", hand),
            *(verification(f"{title}: attributed to the writer, by the {encoder} writer encoder", encoder, hand)
              for encoder in hand.rows[TWIN].judged),
        ]
    if (numbers := scorecard.identification) is not None:
        found += [identification(f"{identification_title(numbers.references)}, by the {encoder} writer encoder",
                                 encoder, numbers) for encoder in numbers.rows[REAL_NUMBER]]
    return found


def summary(scorecard: Scorecard) -> list[Table]:
    """The main columns, by the encoder that tables quote, for the two largest K of each kind of episodes."""
    largest = sorted({hand.references for hand in scorecard.hands})[-2:]
    hands = [hand for hand in scorecard.hands if hand.references in largest]
    return [
        guided(scorecard, chosen(GUIDED, *SUMMARY_OF_GUIDED)),
        *_accuracies(scorecard),
        *(_hand_table(f"The hand, {hand_title(hand.references, hand.kind)}", summary_columns(), hand)
          for hand in hands),
        *([expectations(hands)] if hands else []),
        *([identification(identification_title(numbers.references), next(iter(numbers.rows[REAL_NUMBER])), numbers)]
          if (numbers := scorecard.identification) is not None else []),
    ]


def summary_columns() -> list[Column[HandRow]]:
    """The columns of the short table of a hand."""
    return [*map(retention, (*MAIN, *TRAITS)), *map(quoted, chosen(VERIFICATION, *SUMMARY_OF_VERIFICATION)), *IMAGE]


def guided(scorecard: Scorecard, columns: Sequence[Column[GuidedEstimates]]) -> Table:
    """The table of the guided modes and of real glyphs."""
    named = {MODES[mode]: part for mode, part in scorecard.guided.items()} | {REAL: scorecard.real}
    return _table("Guided modes", columns, named)


def _by_target(scorecard: Scorecard) -> list[Table]:
    """The table of the distance per task, by target digit, if it was measured."""
    parts = {MODES[mode]: part for mode, part in scorecard.guided.items()} | {REAL: scorecard.real}
    digits = [str(digit) for digit in range(DIGITS)]
    rows = [[heading, *(printed(part.frechet_distance_by_target.get(digit), "{:.2f}") for digit in digits)]
            for heading, part in parts.items() if _has_tasks(part)]
    return [Table("Fréchet distance per task, by target digit", ["", *digits], rows)] if rows else []


def _has_tasks(part: GuidedEstimates) -> bool:
    """Whether a task has enough outputs for a distance from all training glyphs of its target."""
    return any(estimate.value is not None for estimate in part.frechet_distance_by_target.values())


def _accuracies(scorecard: Scorecard) -> list[Table]:
    """The table of the classification accuracy score, if it was measured."""
    named = {heading: accuracy for name, heading in ACCURACY_ROWS.items()
             if (accuracy := scorecard.classification_accuracy.get(name)) is not None}
    return [_table("Real glyphs read right by a classifier that learned from outputs", [ACCURACY], named)
            ] if named else []


def identification(title: str, encoder: str, numbers: IdentificationEstimates) -> Table:
    """The table of identification from a number by one encoder."""
    named = {heading: numbers.rows[name][encoder] for name, heading in NUMBER_ROWS.items()}
    return _table(title, IDENTIFIED, {**named, CHANCE: numbers.chance})


def identification_title(references: int) -> str:
    """The title of the tables of identification."""
    return f"Identification from a number, K = {references}"


def verification(title: str, encoder: str, hand: HandEstimates) -> Table:
    """The table of verification and retrieval by one encoder, with the classifier's estimates."""
    rows = {heading: row for heading, row in _rows(hand).items() if encoder in row.judged}
    cells = [[heading, *(column.cell(row.judged[encoder]) for column in VERIFICATION),
              *(column.cell(row) for column in IMAGE)] for heading, row in rows.items()]
    headings = [*(column.heading for column in VERIFICATION), *(column.heading for column in IMAGE)]
    return Table(title, ["", *headings], cells)


def differences(title: str, hand: HandEstimates) -> Table:
    """The root mean square difference of two natural tries and of two real glyphs, and the quotient."""
    columns = [*ATTRIBUTES, *TRAITS]
    rows = [[heading, *(printed(part.get(name), form) for name in columns)]
            for heading, part, form in (("natural tries", hand.natural_difference, "{:.2f}"),
                                        ("the writer's own", hand.writer_difference, "{:.2f}"),
                                        ("share of the writer's own", hand.difference_share, "{:.0%}"))]
    return Table(title, ["", *columns], rows)


def expectations(hands: Sequence[HandEstimates]) -> Table:
    """The table of two natural tries' differences, and of a best guess's lead over the predictor."""
    rows = [[f"{hand_title(hand.references, hand.kind)}: {heading}", *(printed(part.get(name), form) for name in MAIN)]
            for hand in hands
            for heading, part, form in ((DIFFERENCE, hand.difference_share, "{:.0%}"),
                                        (LEAD, hand.lead_over_predictor, "{:.2f}"))]
    return Table("Expected and reached", ["", *MAIN], rows)


def _hand_table(title: str, columns: Sequence[Column[HandRow]], hand: HandEstimates) -> Table:
    return _table(title, columns, _rows(hand))


def _rows(hand: HandEstimates) -> dict[str, HandRow]:
    """The rows that were measured, by heading."""
    return {heading: hand.rows[name] for name, heading in HAND_ROWS.items() if name in hand.rows}


def hand_title(references: int, kind: str) -> str:
    """The title of a hand's tables."""
    return f"K = {references}, {kind}"


def _table(title: str, columns: Sequence[Column[Of]], rows: dict[str, Of]) -> Table:
    return Table(title, ["", *(column.heading for column in columns)],
                 [[heading, *(column.cell(part) for column in columns)] for heading, part in rows.items()])


def notes(scorecard: Scorecard) -> list[str]:
    """Notes below the tables: model, data and judges, and the reason why a hand was not measured."""
    made = scorecard.made_from
    route = f", {made.route} route" if made.route else ""
    lines = [f"{made.method} ({made.preset}, step {made.step}{route}, trained on {made.trained_on}) on {made.data}, "
             f"{made.protocol['name']} protocol: {made.held_out} held-out glyphs by {made.held_out_writers} known "
             f"writers, seed {made.seed}.",
             _samples(scorecard)]
    for hand in {hand.kind: hand for hand in scorecard.hands}.values():  # the episodes are the same for every K
        chance = next(iter(hand.rows[TWIN].judged.values())).chance_of_rank_1
        lines.append(f"The hand, {hand.kind}: {hand.episodes} digits by {hand.writers} writers; guessing reaches "
                     f"rank 1 in {printed(chance, '{:.1%}')}.")
    if (numbers := scorecard.identification) is not None:
        lines.append(f"Identification: {numbers.numbers} numbers of six digits by {numbers.writers} writers; "
                     f"{numbers.enrolled} writers are enrolled, by ten glyphs each.")
    if scorecard.no_hand:
        lines.append(f"The hand is not measured: {scorecard.no_hand}.")
    return [*lines, judges_of(scorecard.judges)]


def judges_of(hashes: dict[str, str]) -> str:
    """The judges, by the hashes of their weights."""
    named = ", ".join(f"{name} {sha256[:12]}" for name, sha256 in hashes.items())
    return f"Judges, which training never sees: {named}."


def _samples(scorecard: Scorecard) -> str:
    outputs = ", ".join(f"{part.outputs} outputs of {part.sources} sources ({mode})"
                        for mode, part in scorecard.guided.items())
    protocol, real = scorecard.made_from.protocol, scorecard.real.outputs
    interval = _interval_note(scorecard.real.digit_accuracy)
    tasks = "per task with all training glyphs of the target, " if _has_tasks(scorecard.real) else ""
    return (f"{outputs or 'No guided mode'}; distances between sets of {real} glyphs each, {tasks}kernel to coverage "
            f"of {min(protocol['neighbours'], real)}, diversity over {protocol['spread']} sources and targets. "
            f"{interval}")


def _interval_note(estimate: Estimate) -> str:
    if estimate.interval is None:
        return "There are no intervals, because the writers are not known."
    return "± is half of the 95 % interval, by the bootstrap over writers."


def markdown(scorecard: Scorecard, choose: Callable[[Scorecard], list[Table]] = tables) -> str:
    """The chosen tables and the notes in Markdown."""
    blocks = [f"**{table.title}**\n\n{markdown_table(table.headings, table.rows)}" for table in choose(scorecard)]
    return "\n\n".join([*blocks, *notes(scorecard)]) + "\n"


def markdown_table(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    """Rows of cells under headings, in Markdown."""
    lines = [headings, ["---"] * len(headings), *cells]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(text: str) -> str:
    """A cell without Markdown's emphasis, for a terminal."""
    return text.strip("*")
