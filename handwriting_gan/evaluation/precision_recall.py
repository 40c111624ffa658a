"""Precision and recall of a set of generated features (Kynkaanniemi et al. 2019, equations 1 and 2).

Axes: N fakes, M reals, F features.
"""

import numpy as np
from scipy.spatial.distance import cdist

from handwriting_gan.evaluation.bootstrap import TooFewError

NEIGHBOURS = 5


def precision_recall(fakes: np.ndarray, reals: np.ndarray,
                     neighbours: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """Which fakes lie in a ball of a real, bool `[N]`; which reals lie in a ball of a fake, bool `[M]`.

    A ball reaches to the k-th nearest of its own set. The means are precision and recall; both are below 1
    even for equal distributions.

    Raises:
      TooFewError: if either set `[N, F]`, `[M, F]` has no k neighbours.
    """
    apart = cdist(fakes, reals)
    precise = (apart <= radii(reals, neighbours)).any(axis=1)
    recalled = (apart <= radii(fakes, neighbours)[:, None]).any(axis=0)
    return precise, recalled


def radii(features: np.ndarray, neighbours: int) -> np.ndarray:
    """Distance of each of `[N, F]` to its k-th nearest neighbour: `[N]`.

    Raises:
      TooFewError: if there are not more than k.
    """
    if len(features) <= neighbours:
        raise TooFewError(f"{len(features)} glyphs have no {neighbours} neighbours each")
    return np.partition(cdist(features, features), neighbours, axis=1)[:, neighbours]
