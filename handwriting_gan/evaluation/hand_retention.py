"""Hand retention: does a generated glyph have the attributes of the writer's real one?

Over unseen writers, the correlation of each attribute of what was generated with that of the real held-out
glyph of the same writer and digit. The writer's own second glyph, the twin, is what a natural try can reach.

Axes: E episodes, A attributes, W writers.
"""

import numpy as np

from handwriting_gan.evaluation import bootstrap
from handwriting_gan.evaluation.bootstrap import Figure

LEAST_EPISODES = 20


def retention(generated: np.ndarray, real: np.ndarray, writers: np.ndarray) -> Figure:
    """Pearson correlation of one attribute `[E]` with another `[E]`, pairs with NaN left out: -1 to 1.

    Raises:
      TooFewError: if there are too few episodes, or an attribute does not vary.
    """
    x, y = generated, real
    sums, count = _sums(np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1), writers)
    return bootstrap.figure(lambda weights: _correlation(weights @ sums), count)


def _sums(moments: np.ndarray, writers: np.ndarray) -> tuple[np.ndarray, int]:
    """Each writer's sums `[W, M]` of the pairs' moments `[E, M]`, those with NaN left out, and W."""
    whole = ~np.isnan(moments).any(axis=1)
    if whole.sum() < LEAST_EPISODES:
        raise bootstrap.TooFewError(f"{whole.sum()} pairs are too few; {LEAST_EPISODES} are needed")
    places, count = bootstrap.places_of(writers[whole])
    return bootstrap.by_writer(moments[whole], places, count), count


def _correlation(sums: np.ndarray) -> np.ndarray:
    """From sums `[R, 6]` of 1, x, y, x^2, y^2, xy: `[R]`, NaN where either does not vary."""
    count, x, y, xx, yy, xy = sums.T
    variances = (xx - x * x / count) * (yy - y * y / count)
    defined = variances > 1e-12 * xx * yy
    return np.divide(xy - x * y / count, np.sqrt(np.where(defined, variances, 1.0)),
                     out=np.full(len(sums), np.nan), where=defined)


def spread(one: np.ndarray, other: np.ndarray, writers: np.ndarray) -> Figure:
    """Root mean square difference of one attribute between two tries `[E]` each, pairs with NaN left out.

    Raises:
      TooFewError: if there are too few episodes.
    """
    squares = (one - other) ** 2
    sums, count = _sums(np.stack([squares, np.ones_like(squares)], axis=1), writers)
    return bootstrap.figure(lambda weights: np.sqrt(np.divide(*(weights @ sums).T)), count)
