"""Intervals by the bootstrap over writers (Efron & Tibshirani 1993, chapter 13).

Glyphs of one writer are similar, so the bootstrap resamples writers, each with all of their glyphs. A resample
is a weight for each writer: how often it contains the writer. Axes: R resamples, W writers, N glyphs.
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
    """There is too little data for an estimate; the message names it."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval where writers are known; or no value, and the reason."""

    value: float | None
    interval: tuple[float, float] | None = None
    reason: str = ""


@functools.lru_cache(maxsize=8)  # hundreds of estimates use the same few numbers of writers
def resample(writers: int, resamples: int = RESAMPLES) -> np.ndarray:
    """The number of times that each resample contains each writer: float64 `[R, W]`, read-only, rows sum to W.

    Equal arguments give equal resamples.
    """
    rng = np.random.default_rng(0)
    resampled = rng.multinomial(writers, np.full(writers, 1 / writers), resamples).astype(np.float64)
    resampled.flags.writeable = False
    return resampled


def by_writer(values: np.ndarray, indices: np.ndarray, writers: int) -> np.ndarray:
    """Sums of values `[N, ...]` over the glyphs of each writer, given by indices `[N]`: `[W, ...]`."""
    sums = np.zeros((writers, *values.shape[1:]))
    if len(values):
        order = np.argsort(indices, kind="stable")
        present, first = np.unique(indices[order], return_index=True)
        sums[present] = np.add.reduceat(values[order], first, axis=0)
    return sums


def writer_indices(writers: np.ndarray) -> tuple[np.ndarray, int]:
    """Writer ids `[N]` as indices 0 to W - 1, and W."""
    ids, indices = np.unique(writers, return_inverse=True)
    return indices, len(ids)


def estimate(statistic: Callable[[np.ndarray], np.ndarray], writers: int,
           resamples: int = RESAMPLES) -> Estimate:
    """The statistic of all writers with its interval; no interval for fewer than ten known writers.

    `statistic` maps weights `[R, W]` to values `[R]`. The interval is the spread of the resamples about their
    mean, shifted to the estimate. So the estimate is inside even if resampling biases the statistic, as it
    biases a distance.

    Raises:
      TooFewError: if the statistic is not defined on these glyphs.
    """
    value = float(statistic(np.ones((1, writers)))[0])
    if not np.isfinite(value):
        raise TooFewError(UNDEFINED)
    if writers < LEAST_WRITERS:
        return Estimate(value, None)
    resampled = statistic(resample(writers, resamples))
    resampled = resampled[np.isfinite(resampled)]
    low, high = np.quantile(resampled - resampled.mean(), [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) + value
    return Estimate(value, (float(low), float(high)))


def mean(values: np.ndarray, writers: np.ndarray) -> Estimate:
    """The mean of values `[N]` of glyphs by writers `[N]`; NaN values are left out.

    Raises:
      TooFewError: if all values are NaN.
    """
    known = ~np.isnan(values)
    if not known.any():
        raise TooFewError("no glyph has a value")
    indices, count = writer_indices(writers[known])
    sums = by_writer(np.stack([values[known], np.ones(known.sum())], axis=1), indices, count)
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
