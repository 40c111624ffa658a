"""A network over any number of glyphs, chunk by chunk: memory is bounded, and few shapes compile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from flax import linen as nn

CHUNK = 125  # glyphs per call: four times as many take a fifth longer each, out of a core's cache
AT_ONCE = 2  # calls: alone, a CPU's convolution leaves a core idle


def outputs(network: nn.Module, params: Any, *inputs: jax.Array) -> Any:
    """What the network's `__call__` returns; `apply` could return changed variables as well."""
    return network.apply({"params": params}, *inputs)


def in_chunks(network: Callable[..., Any], *columns: np.ndarray) -> Any:
    """`network(*chunk)` of columns `[N, ...]`, its outputs `[N, ...]` put together as NumPy arrays.

    Chunks are of `CHUNK` rows, or of the next power of 2 where there are fewer; the last is filled up by rows
    that are cut off again.

    Raises:
      ValueError: if there is no row.
    """
    count = len(columns[0])
    if not count:
        raise ValueError("at least one glyph is needed")
    size = min(CHUNK, 1 << (count - 1).bit_length())

    def chunk(start: int) -> Any:
        rows = np.arange(start, start + size) % count
        return jax.device_get(network(*(column[rows] for column in columns)))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        parts = [chunk(0), *threads.map(chunk, range(size, count, size))]
    return jax.tree.map(lambda *arrays: np.concatenate(arrays)[:count], *parts)
