"""Density and coverage of a set of generated features (Naeem et al. 2020, equations 3 and 4).

Axes: N fakes, M reals, F features.
"""

import numpy as np

from handwriting_gan.metrics.precision_recall import Balls


def density_coverage(balls: Balls) -> tuple[np.ndarray, np.ndarray]:
    """The number of reals' balls that contain each fake, over k: `[N]`; which reals' balls contain a fake: `[M]`.

    The means are density and coverage. Density is about 1 for equal distributions, and more for fakes that
    concentrate where reals are dense.

    Raises:
      TooFewError: if the reals have no k neighbours.
    """
    return balls.of_reals.sum(axis=1) / balls.neighbours, np.any(balls.of_reals, axis=0)
