"""Intervals by the bootstrap over writers (Efron & Tibshirani 1993, chapter 13).

Glyphs of one writer are alike, so it is writers that are drawn again, with all their glyphs. A draw is a
weight for each writer: how often they were drawn. Axes: R resamples, W writers, N glyphs.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

RESAMPLES = 1_000
LEVEL = 0.95
LEAST_WRITERS = 10


class TooFewError(ValueError):
    """There is too little for an estimate; the message says of what."""


class Figure(NamedTuple):
    """An estimate, and its 95 % interval where writers are known."""

    value: float
    interval: tuple[float, float] | None


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


def figure(statistic: Callable[[np.ndarray], np.ndarray], writers: int,
           resamples: int = RESAMPLES) -> Figure:
    """The statistic of all writers, and its interval; none where fewer than ten writers are known.

    `statistic` takes weights `[R, W]` to values `[R]`. The interval is the resamples' spread about their
    mean, laid about the estimate: so a statistic that resampling biases, as a distance, is still inside.

    Raises:
      TooFewError: if the statistic is not defined on these glyphs.
    """
    value = float(statistic(np.ones((1, writers)))[0])
    if not np.isfinite(value):
        raise TooFewError("it is not defined on these glyphs")
    if writers < LEAST_WRITERS:
        return Figure(value, None)
    drawn = statistic(resample(writers, resamples))
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn - drawn.mean(), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) + value
    return Figure(value, (float(low), float(high)))


def mean(values: np.ndarray, writers: np.ndarray) -> Figure:
    """The mean of values `[N]` that are not NaN, N glyphs by the given writers.

    Raises:
      TooFewError: if there is none.
    """
    whole = ~np.isnan(values)
    if not whole.any():
        raise TooFewError("no glyph has a value")
    places, count = places_of(writers[whole])
    sums = by_writer(np.stack([values[whole], np.ones(whole.sum())], axis=1), places, count)
    return figure(lambda weights: np.divide(*(weights @ sums).T), count)
