"""Applies a network to any number of glyphs in chunks, which bounds memory and the number of compiled shapes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from flax import linen as nn

CHUNK = 125  # glyphs per call; a chunk of 500 exceeds a CPU core's cache and takes 20 % longer per glyph
CONCURRENT_CALLS = 2  # one convolution does not use all cores of a CPU


def outputs(network: nn.Module, params: Any, *inputs: jax.Array) -> Any:
    """The outputs of the network's `__call__`, with the type that `apply` lacks."""
    return network.apply({"params": params}, *inputs)


def in_chunks(network: Callable[..., Any], *columns: np.ndarray) -> Any:
    """Applies `network(*chunk)` to columns `[N, ...]`; returns its concatenated outputs, NumPy arrays `[N, ...]`.

    A chunk has `CHUNK` rows, or the next power of 2 from N if that is less. The last chunk is padded with other
    rows, whose outputs are dropped.

    Raises:
      ValueError: if N is 0.
    """
    count = len(columns[0])
    if not count:
        raise ValueError("at least one glyph is needed")
    size = min(CHUNK, 1 << (count - 1).bit_length())

    def chunk(start: int) -> Any:
        rows = np.arange(start, start + size) % count
        return jax.device_get(network(*(column[rows] for column in columns)))

    with ThreadPoolExecutor(CONCURRENT_CALLS) as threads:
        parts = [chunk(0), *threads.map(chunk, range(size, count, size))]
    return jax.tree.map(lambda *arrays: np.concatenate(arrays)[:count], *parts)
