"""Closed-set identification: does a probe resemble its own writer more than every other enrolled writer?

`scores[i, j]` compares probe i with the gallery of enrolled writer j. `own` is the index of each probe's writer, and
`candidates` marks the writers who could have written it, the own one included. Axes: P probes, W enrolled writers.
"""

import numpy as np
from scipy import special

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate, TooFewError


def top_1(scores: np.ndarray, own: np.ndarray, candidates: np.ndarray, writers: np.ndarray,
          among: int | None = None) -> Estimate:
    """The share, 0 to 1, of probes whose own writer has the highest score of all candidates; a tie is a failure.

    `scores` are `[P, W]`, `own` int `[P]`, `candidates` bool `[P, W]`, `writers` are the ids `[P]` over which the
    interval is. With `among`, the candidates are a random set of so many with the own writer. The result is the mean
    over all such sets: if b of n other candidates score higher, a set of m others has none of them with probability
    C(n - b, m) / C(n, m).

    Raises:
      TooFewError: if no probe has so many candidates.
    """
    numbers = np.arange(len(own))
    others = candidates.copy()
    others[numbers, own] = False
    better = (others & (scores >= scores[numbers, own][:, None])).sum(axis=1)
    count = others.sum(axis=1)
    drawn, enough = _drawn(count, among)
    better, count, drawn = better[enough], count[enough], drawn[enough]
    return bootstrap.mean(special.comb(count - better, drawn) / special.comb(count, drawn), writers[enough])


def chance(candidates: np.ndarray, among: int | None = None) -> float:
    """The share, 0 to 1, that guessing reaches; arguments and errors as for `top_1`."""
    drawn, enough = _drawn(candidates.sum(axis=1) - 1, among)
    return float((1 / (drawn[enough] + 1)).mean())


def _drawn(others: np.ndarray, among: int | None) -> tuple[np.ndarray, np.ndarray]:
    """The number of other candidates of each probe `[P]`, and which probes have so many: bool `[P]`."""
    drawn = others if among is None else np.full_like(others, among - 1)
    enough = others >= np.maximum(drawn, 1)
    if not enough.any():
        raise TooFewError(f"no series has {among or 2} enrolled writers")
    return drawn, enough
