"""Precision and recall of a set of generated features (Kynkaanniemi et al. 2019, equations 1 and 2).

Axes: N fakes, M reals, F features.
"""

import dataclasses
import functools

import numpy as np
from scipy.spatial.distance import cdist

from handwriting_gan.metrics.bootstrap import TooFewError

NEIGHBOURS = 5


@dataclasses.dataclass(frozen=True)
class Balls:
    """Two sets, and which points of one are in the balls of the other. A ball reaches to the k-th neighbour.

    Properties are computed once and cached.
    """

    fakes: np.ndarray  # [N, F]
    reals: np.ndarray  # [M, F]
    neighbours: int = NEIGHBOURS  # k

    @functools.cached_property
    def of_reals(self) -> np.ndarray:
        """Whether each fake is in the ball of each real: bool `[N, M]`.

        Raises:
          TooFewError: if the reals have no k neighbours.
        """
        return self._distances <= radii(self.reals, self.neighbours)

    @functools.cached_property
    def of_fakes(self) -> np.ndarray:
        """Whether each real is in the ball of each fake: bool `[N, M]`. Raises as `of_reals`."""
        return self._distances <= radii(self.fakes, self.neighbours)[:, None]

    @functools.cached_property
    def _distances(self) -> np.ndarray:
        return cdist(self.fakes, self.reals)


def precision_recall(balls: Balls) -> tuple[np.ndarray, np.ndarray]:
    """Marks the fakes in the ball of a real, bool `[N]`, and the reals in the ball of a fake, bool `[M]`.

    The means are precision and recall; both are below 1 even for equal distributions.

    Raises:
      TooFewError: if either set has no k neighbours.
    """
    return np.any(balls.of_reals, axis=1), np.any(balls.of_fakes, axis=0)


def radii(features: np.ndarray, neighbours: int) -> np.ndarray:
    """Distance of each of `[N, F]` to its k-th nearest neighbour: `[N]`.

    Raises:
      TooFewError: if there are not more than k.
    """
    if len(features) <= neighbours:
        raise TooFewError(f"{len(features)} glyphs have no {neighbours} neighbours each")
    return np.partition(cdist(features, features), neighbours, axis=1)[:, neighbours]
