"""The columns of all tables: each has a heading, a number format, its better direction and a function that finds it.

The tables of one scorecard and the comparisons of many use the same columns.
"""

import dataclasses
from collections.abc import Callable
from typing import Generic, TypeVar

from handwriting_gan.evaluation.scorecard import GuidedEstimates, HandEstimates, HandRow, Identified, Verification
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, TRAITS

GREATER, SMALLER, NEITHER = 1, -1, 0  # the better direction
DASH = "\N{EN DASH}"
Of = TypeVar("Of")


@dataclasses.dataclass(frozen=True)
class Column(Generic[Of]):
    """One estimate of a part of a scorecard."""

    heading: str
    form: str  # the format of a number, for str.format
    better: int
    find: Callable[[Of], Estimate | None]

    def cell(self, part: Of) -> str:
        """The estimate as a table prints it."""
        return printed(self.find(part), self.form)


def printed(estimate: Estimate | None, form: str) -> str:
    """An estimate in a format, with half of its interval; a dash if it has no value."""
    if estimate is None or estimate.value is None:
        return DASH
    spread = estimate.interval and (estimate.interval[1] - estimate.interval[0]) / 2
    return with_spread(estimate.value, spread, form)


def with_spread(value: float, spread: float | None, form: str) -> str:
    """A value in a format, and after ± its spread if there is one."""
    text = form.format(value)
    return text if spread is None else f"{text.removesuffix('%')} ± {form.format(spread)}"


GUIDED: tuple[Column[GuidedEstimates], ...] = (
    Column("digits right", "{:.1%}", GREATER, lambda part: part.digit_accuracy),
    Column("leakage", "{:.1%}", SMALLER, lambda part: part.leakage),
    Column("Fréchet", "{:.2f}", SMALLER, lambda part: part.frechet_distance),
    Column("per digit", "{:.2f}", SMALLER, lambda part: part.frechet_distance_per_digit),
    Column("per task", "{:.2f}", SMALLER, lambda part: part.frechet_distance_per_task),
    Column("writer space", "{:.3f}", SMALLER, lambda part: part.writer_frechet_distance),
    Column("kernel", "{:.3f}", SMALLER, lambda part: part.kernel_distance),
    Column("precision", "{:.2f}", GREATER, lambda part: part.precision),
    Column("recall", "{:.2f}", GREATER, lambda part: part.recall),
    Column("density", "{:.2f}", GREATER, lambda part: part.density),
    Column("coverage", "{:.2f}", GREATER, lambda part: part.coverage),
    Column("diversity", "{:.3f}", GREATER, lambda part: part.diversity),
)


def retention(name: str) -> Column[HandRow]:
    """The correlation of one attribute or trait with the real glyph's."""
    return Column(name, "{:.2f}", GREATER, lambda row: row.retention.get(name))


def trait_rate(name: str) -> Column[HandRow]:
    """The share of a row's glyphs with a trait."""
    return Column(name, "{:.0%}", NEITHER, lambda row: row.trait_rates.get(name))


RETENTION: tuple[Column[HandRow], ...] = tuple(retention(name) for name in (*ATTRIBUTES, *TRAITS))

VERIFICATION: tuple[Column[Verification], ...] = (
    Column("AUC", "{:.1%}", GREATER, lambda judged: judged.auc),
    Column("of the twin's", "{:.0%}", GREATER, lambda judged: judged.auc_share_of_twin),
    Column("EER", "{:.1%}", SMALLER, lambda judged: judged.eer),
    Column("rank-1", "{:.1%}", GREATER, lambda judged: judged.rank_1),
    Column("rank-5", "{:.1%}", GREATER, lambda judged: judged.rank_5),
    Column("mAP", "{:.1%}", GREATER, lambda judged: judged.mean_average_precision),
)

IDENTIFIED: tuple[Column[Identified], ...] = (
    Column("top-1 of 20", "{:.1%}", GREATER, lambda row: row.among_20),
    Column("top-1 of all", "{:.1%}", GREATER, lambda row: row.among_all),
)

ACCURACY: Column[Estimate] = Column("CAS", "{:.1%}", GREATER, lambda accuracy: accuracy)

IMAGE: tuple[Column[HandRow], ...] = (
    Column("digits right", "{:.1%}", GREATER, lambda row: row.digit_accuracy),
    Column("Fréchet", "{:.2f}", SMALLER, lambda row: row.frechet_distance),
)


def quoted(column: Column[Verification]) -> Column[HandRow]:
    """A column of verification for rows; it uses the first writer encoder, which the tables quote."""

    def find(row: HandRow) -> Estimate | None:
        first = next(iter(row.judged.values()), None)
        return None if first is None else column.find(first)

    return Column(column.heading, column.form, column.better, find)


def difference_share(name: str) -> Column[HandEstimates]:
    """The difference of two natural tries in an attribute, as a share of that of the writer's own two glyphs."""
    return Column(f"{name} apart", "{:.0%}", NEITHER, lambda hand: hand.difference_share.get(name))


def chosen(columns: tuple[Column[Of], ...], *headings: str) -> list[Column[Of]]:
    """The columns with these headings, in their order."""
    by_heading = {column.heading: column for column in columns}
    return [by_heading[heading] for heading in headings]
