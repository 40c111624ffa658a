"""Intervals by the bootstrap over writers (Efron & Tibshirani 1993, chapter 13).

Glyphs of one writer are alike, so it is writers that are drawn again, with all their glyphs. A draw is a
weight for each writer: how often they were drawn. Axes: R resamples, W writers, N glyphs.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

RESAMPLES = 1_000
LEVEL = 0.95
LEAST_WRITERS = 10
UNDEFINED = "it is not defined on these glyphs"


class TooFewError(ValueError):
    """There is too little for an estimate; the message says of what."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval where writers are known; or no value, and the reason."""

    value: float | None
    interval: tuple[float, float] | None = None
    reason: str = ""


@functools.lru_cache(maxsize=8)  # figures by hundreds are of the same few writers
def resample(writers: int, resamples: int = RESAMPLES) -> np.ndarray:
    """How often each writer is drawn: float64 `[R, W]`, rows sum to W. The same for the same numbers.

    It cannot be written to.
    """
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(writers, np.full(writers, 1 / writers), resamples).astype(np.float64)
    drawn.flags.writeable = False
    return drawn


def by_writer(values: np.ndarray, places: np.ndarray, writers: int) -> np.ndarray:
    """Sums of values `[N, ...]` over the glyphs of each writer `[N]`, 0 to W - 1: `[W, ...]`."""
    sums = np.zeros((writers, *values.shape[1:]))
    if len(values):
        order = np.argsort(places, kind="stable")
        present, first = np.unique(places[order], return_index=True)
        sums[present] = np.add.reduceat(values[order], first, axis=0)
    return sums


def places_of(writers: np.ndarray) -> tuple[np.ndarray, int]:
    """Writers' ids `[N]` as places 0 to W - 1, and W."""
    ids, places = np.unique(writers, return_inverse=True)
    return places, len(ids)


def estimate(statistic: Callable[[np.ndarray], np.ndarray], writers: int,
           resamples: int = RESAMPLES) -> Estimate:
    """The statistic of all writers, and its interval; none where fewer than ten writers are known.

    `statistic` takes weights `[R, W]` to values `[R]`. The interval is the resamples' spread about their
    mean, laid about the estimate: so a statistic that resampling biases, as a distance, is still inside.

    Raises:
      TooFewError: if the statistic is not defined on these glyphs.
    """
    value = float(statistic(np.ones((1, writers)))[0])
    if not np.isfinite(value):
        raise TooFewError(UNDEFINED)
    if writers < LEAST_WRITERS:
        return Estimate(value, None)
    drawn = statistic(resample(writers, resamples))
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn - drawn.mean(), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) + value
    return Estimate(value, (float(low), float(high)))


def mean(values: np.ndarray, writers: np.ndarray) -> Estimate:
    """The mean of values `[N]` that are not NaN, N glyphs by the given writers.

    Raises:
      TooFewError: if there is none.
    """
    whole = ~np.isnan(values)
    if not whole.any():
        raise TooFewError("no glyph has a value")
    places, count = places_of(writers[whole])
    sums = by_writer(np.stack([values[whole], np.ones(whole.sum())], axis=1), places, count)
    return estimate(lambda weights: np.divide(*(weights @ sums).T), count)


def or_reason(metric: Callable[..., Estimate | float], *arguments: Any) -> Estimate:
    """The metric of the arguments; where there is too little data for it, no value and the reason."""
    try:
        found = metric(*arguments)
    except TooFewError as error:
        return Estimate(None, reason=str(error))
    if isinstance(found, Estimate):
        return found
    if not math.isfinite(found):
        return Estimate(None, reason=UNDEFINED)
    return Estimate(float(found))
