"""Kernel distance between two sets of features (KID; Binkowski et al. 2018, section 4), in our own feature space.

Unbiased at any N, so it may come out slightly negative. Axes: N and M glyphs, F features.
"""

import numpy as np

from handwriting_gan.metrics.bootstrap import Estimate, TooFewError, by_writer, estimate, writer_indices


def kernel_estimate(fakes: np.ndarray, reals: np.ndarray, writers: np.ndarray) -> Estimate:
    """The distance of fakes `[N, F]` from reals `[M, F]`, its interval over the fakes' writers `[N]`.

    It is the squared maximum mean discrepancy with the kernel (x.y / F + 1)^3.

    Raises:
      TooFewError: if either has fewer than two rows.
    """
    if min(len(fakes), len(reals)) < 2:
        raise TooFewError("the kernel distance needs two glyphs in each set")
    indices, count = writer_indices(writers)
    kernel, real_kernel = _kernel(fakes, fakes), _kernel(reals, reals)
    alone = by_writer(np.stack([np.ones(len(fakes)), np.diagonal(kernel),
                                _kernel(fakes, reals).mean(axis=1)], axis=1), indices, count)
    pairs = by_writer(by_writer(kernel, indices, count).T, indices, count)
    among_reals = (real_kernel.sum() - np.trace(real_kernel)) / (len(reals) * (len(reals) - 1))

    def distance(weights: np.ndarray) -> np.ndarray:
        number, own, across = (weights @ alone).T
        within = np.einsum("rv,vw,rw->r", weights, pairs, weights, optimize=True) - own
        return within / (number * (number - 1)) + among_reals - 2.0 * across / number

    return estimate(distance, count)


def _kernel(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    base = one.astype(np.float64) @ other.astype(np.float64).T / one.shape[1] + 1.0
    return base * base * base  # ten times as fast as NumPy's power
