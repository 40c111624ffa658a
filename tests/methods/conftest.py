"""One draw of what translations are learned from, and its noise."""

import jax
import pytest

from handwriting_gan.data.batches import Batch, draw, make_pool
from handwriting_gan.data.glyphs import Glyphs


@pytest.fixture(scope="module")
def batch(glyphs: Glyphs) -> Batch:
    return draw(make_pool(glyphs), jax.random.split(jax.random.key(1), 4))


@pytest.fixture(scope="module")
def keys() -> jax.Array:
    return jax.random.split(jax.random.key(2), 4)
