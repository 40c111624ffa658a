"""Diversity: how much the outputs of one source differ, in a classifier's layers and in their attributes.

LPIPS (Zhang et al. 2018, equation 1) with unit weights on our own network, because LPIPS' networks need larger
images. StarGAN v2's protocol: all pairs of the outputs of one source, averaged over sources.

Axes: S sources, T outputs of each, A attributes.
"""

from collections.abc import Sequence

import numpy as np


def diversity(layers: Sequence[np.ndarray]) -> np.ndarray:
    """Mean distance over all pairs of a source's outputs, layers `[S, T, H, W, C]`: `[S]`, >= 0.

    The distance of two outputs: channels are scaled to unit length at each pixel; squared differences are
    summed over channels, averaged over pixels and summed over layers.

    Summed over pairs, squared differences of T vectors are T times their squares' sum less their sum's
    square: no pair has to be visited.

    Raises:
      ValueError: if a source has fewer than two outputs.
    """
    count = layers[0].shape[1]
    if count < 2:
        raise ValueError("diversity needs at least two outputs of a source")
    distances = np.zeros(len(layers[0]))
    for layer in layers:
        units = _unit(layer)
        squares = count * np.sum(units**2, axis=(1, -1)) - np.sum(units.sum(axis=1) ** 2, axis=-1)
        distances += squares.mean(axis=(1, 2)) / (count * (count - 1) / 2)
    return np.maximum(distances, 0.0)  # of equal outputs, rounding leaves a little less


def attribute_spread(attributes: np.ndarray) -> np.ndarray:
    """Unbiased variance of each attribute over a source's outputs `[S, T, A]`, NaN where one is: `[S, A]`.

    Raises:
      ValueError: if a source has fewer than two outputs.
    """
    if attributes.shape[1] < 2:
        raise ValueError("a spread needs at least two outputs of a source")
    return attributes.var(axis=1, ddof=1)


def _unit(layer: np.ndarray) -> np.ndarray:
    return layer / (np.linalg.norm(layer, axis=-1, keepdims=True) + 1e-10)
