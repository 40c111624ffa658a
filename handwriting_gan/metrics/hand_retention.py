"""Hand retention: the correlation of an attribute of generated glyphs with that of the writers' real glyphs.

Each pair is a generated glyph and a real held-out glyph of the same writer and digit. The twin, the writer's
other real glyph, shows what a natural try can reach.

Axes: E episodes, A attributes, W writers.
"""

import numpy as np

from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate

LEAST_EPISODES = 20


def retention(generated: np.ndarray, real: np.ndarray, writers: np.ndarray) -> Estimate:
    """Pearson correlation, -1 to 1, of an attribute of generated and real glyphs `[E]`; pairs with NaN are left out.

    Raises:
      TooFewError: if there are too few episodes, or an attribute does not vary.
    """
    sums, count = _sums(_moments(generated, real), writers)
    return bootstrap.estimate(lambda weights: _correlation(weights @ sums), count)


def _moments(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The moments of each pair that a correlation needs: `[E, 6]`."""
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)


def _sums(moments: np.ndarray, writers: np.ndarray) -> tuple[np.ndarray, int]:
    """Each writer's sums `[W, M]` of the pairs' moments `[E, M]`, without pairs with NaN; and W."""
    whole = ~np.isnan(moments).any(axis=1)
    if whole.sum() < LEAST_EPISODES:
        raise bootstrap.TooFewError(f"{whole.sum()} pairs are too few; {LEAST_EPISODES} are needed")
    indices, count = bootstrap.writer_indices(writers[whole])
    return bootstrap.by_writer(moments[whole], indices, count), count


def _correlation(sums: np.ndarray) -> np.ndarray:
    """The correlation `[R]` from sums `[R, 6]` of 1, x, y, x^2, y^2, xy; NaN where x or y does not vary."""
    count, x, y, xx, yy, xy = sums.T
    variances = (xx - x * x / count) * (yy - y * y / count)
    defined = variances > 1e-12 * xx * yy
    return np.divide(xy - x * y / count, np.sqrt(np.where(defined, variances, 1.0)),
                     out=np.full(len(sums), np.nan), where=defined)


def lead(generated: np.ndarray, other: np.ndarray, real: np.ndarray, writers: np.ndarray) -> Estimate:
    """The retention of an attribute minus that of another `[E]`, with the same resamples of writers.

    Episodes where any of the three is NaN are left out. Raises as `retention`.
    """
    whole = np.isfinite(generated + other + real)
    (one, count), (two, _) = (_sums(_moments(x[whole], real[whole]), writers[whole])
                              for x in (generated, other))
    return bootstrap.estimate(lambda weights: _correlation(weights @ one) - _correlation(weights @ two), count)


def spread(one: np.ndarray, other: np.ndarray, writers: np.ndarray) -> Estimate:
    """Root mean square difference of one attribute between two tries `[E]` each, pairs with NaN left out.

    Raises:
      TooFewError: if there are too few episodes.
    """
    sums, count = _squares(one - other, writers)
    return bootstrap.estimate(lambda weights: _root_mean_square(weights @ sums), count)


def spread_ratio(one: np.ndarray, other: np.ndarray, real: np.ndarray, twin: np.ndarray,
                    writers: np.ndarray) -> Estimate:
    """The spread of two tries as a fraction of that of two real glyphs, with the same resamples of writers.

    Episodes where any is NaN are left out. Raises as `spread`; also where the real ones do not differ.
    """
    whole = np.isfinite(one + other + real + twin)
    (tries, count), (reals, _) = (_squares(difference[whole], writers[whole])
                                  for difference in (one - other, real - twin))
    return bootstrap.estimate(lambda weights: _divide(
        _root_mean_square(weights @ tries), _root_mean_square(weights @ reals)), count)


def _squares(differences: np.ndarray, writers: np.ndarray) -> tuple[np.ndarray, int]:
    """Each writer's sum of squares and number of differences `[W, 2]`, and W."""
    squares = differences ** 2
    return _sums(np.stack([squares, np.ones_like(squares)], axis=1), writers)


def _root_mean_square(sums: np.ndarray) -> np.ndarray:
    """Root mean squares `[R]` from sums `[R, 2]` of squares and of ones."""
    return np.sqrt(np.divide(*sums.T))


def _divide(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The quotient, NaN where the divisor is 0."""
    return np.divide(one, other, out=np.full(len(one), np.nan), where=other > 0)
