"""Diversity: how far apart the outputs of one source are in a classifier's layers.

LPIPS (Zhang et al. 2018, equation 1) with unit weights on our own network, since LPIPS' networks need larger
pictures. StarGAN v2's protocol: all pairs of the outputs of one source, averaged over sources.
"""

import itertools
from collections.abc import Sequence

import numpy as np


def layer_distance(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> np.ndarray:
    """Distance `[N]` of images by their layers, each `[N, H, W, C]`: >= 0, 0 for equal layers, symmetric.

    Channels are scaled to unit length at each place; squared differences are summed over channels, averaged
    over places and summed over layers.
    """
    return sum(np.mean(np.sum((_unit(a) - _unit(b)) ** 2, axis=-1), axis=(1, 2))
               for a, b in zip(one, other, strict=True))


def diversity(outputs: Sequence[Sequence[np.ndarray]]) -> float:
    """Mean distance over all pairs of outputs; `outputs[k]` holds the layers of output k of N sources.

    Raises:
      ValueError: if a source has fewer than two outputs.
    """
    if len(outputs) < 2:
        raise ValueError("diversity needs at least two outputs of a source")
    return float(np.mean([layer_distance(one, other)
                          for one, other in itertools.combinations(outputs, 2)]))


def _unit(layer: np.ndarray) -> np.ndarray:
    return layer / (np.linalg.norm(layer, axis=-1, keepdims=True) + 1e-10)
