"""Density and coverage of a set of generated features (Naeem et al. 2020, equations 3 and 4).

Axes: N fakes, M reals, F features.
"""

import numpy as np
from scipy.spatial.distance import cdist

from handwriting_gan.evaluation.precision_recall import NEIGHBOURS, radii


def density_coverage(fakes: np.ndarray, reals: np.ndarray,
                     neighbours: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """In how many reals' balls each fake lies, over k: `[N]`; which reals' balls hold a fake: bool `[M]`.

    The means are density, about 1 for equal distributions and more for fakes that crowd where reals are
    dense, and coverage.

    Raises:
      TooFewError: if the reals `[M, F]` have no k neighbours.
    """
    inside = cdist(fakes, reals) <= radii(reals, neighbours)
    return inside.sum(axis=1) / neighbours, inside.any(axis=0)
