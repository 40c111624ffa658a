"""Protocols: how many glyphs, outputs and references a scorecard is measured with."""

import collections
from typing import NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import DIGITS, UNKNOWN_WRITER, Glyphs


class Protocol(NamedTuple):
    """The counts of an evaluation. If there are fewer glyphs, all are used."""

    name: str
    split: str  # of the held-out glyphs
    encoders: tuple[str, ...]  # writer encoders; tables quote the first
    sources: int  # of each digit, redrawn as each of the nine others
    outputs: int  # of each source and target
    sample: int  # glyphs in a distance between sets
    neighbours: int  # glyphs of that sample in kernel distance, precision and recall
    spread: int  # groups of outputs whose attributes' spread is measured
    references: tuple[int, ...]  # K
    training_writers: int  # for the baselines; two glyphs of each digit
    fakes: int  # outputs of a mode that a classifier is trained on; 0 for no classification accuracy score

    @property
    def of_task(self) -> int:
        """The outputs of one source digit and one target digit."""
        return self.sources * self.outputs


PROTOCOLS = {
    "quick": Protocol("quick", "validation", ("second",), sources=5, outputs=10, sample=4_000,
                      neighbours=2_000, spread=45, references=(3,), training_writers=150, fakes=0),
    "full": Protocol("full", "test", ("judge", "second"), sources=100, outputs=10, sample=10_000,
                     neighbours=5_000, spread=450, references=(1, 3, 10), training_writers=1_000, fakes=30_000),
}


def per_digit(glyphs: Glyphs, count: int, rng: np.random.Generator) -> Glyphs:
    """`count` random glyphs of each digit, or all if there are fewer."""
    return glyphs.take(np.concatenate([
        rng.permutation(np.flatnonzero(glyphs.digits == digit))[:count] for digit in range(DIGITS)]))


def some(glyphs: Glyphs, count: int, rng: np.random.Generator) -> Glyphs:
    """`count` random glyphs, or all if there are fewer."""
    return glyphs.take(rng.permutation(len(glyphs.digits))[:count])


def of_writers(glyphs: Glyphs, writers: int, each: int, rng: np.random.Generator) -> Glyphs:
    """The first `each` glyphs of each digit by `writers` random known writers, or all if there are fewer."""
    ids = np.unique(glyphs.writers[glyphs.writers != UNKNOWN_WRITER])
    rows = np.flatnonzero(np.isin(glyphs.writers, rng.permutation(ids)[:writers]))
    seen: collections.Counter[tuple[int, int]] = collections.Counter()
    kept = []
    for row in rows:
        key = int(glyphs.writers[row]), int(glyphs.digits[row])
        seen[key] += 1
        if seen[key] <= each:
            kept.append(row)
    return glyphs.take(np.array(kept, int))
