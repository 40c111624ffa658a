"""A network over any number of glyphs, chunk by chunk: memory is bounded, and few shapes compile."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

CHUNK = 500  # glyphs per call


def in_chunks(network: Callable[..., Any], *columns: np.ndarray) -> Any:
    """`network(*chunk)` of columns `[N, ...]`, its outputs `[N, ...]` put together as NumPy arrays.

    Chunks are of `CHUNK` rows, or of the next power of 2 where there are fewer; the last is filled up by rows
    that are cut off again.
    """
    count = len(columns[0])
    size = min(CHUNK, 1 << max(count - 1, 0).bit_length())
    parts = [jax.device_get(network(*(column[np.arange(start, start + size) % count]
                                      for column in columns)))
             for start in range(0, count, size)]
    return jax.tree.map(lambda *arrays: np.concatenate(arrays)[:count], *parts)
