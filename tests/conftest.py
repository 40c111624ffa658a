"""Every test runs on two virtual devices, with compiled steps shared by all tests and their subprocesses."""

import os
import tempfile
from collections.abc import Iterator

# Read by this process and by the doors that tests start; all must be set before JAX is imported.
os.environ["JAX_NUM_CPU_DEVICES"] = "2"
# Most of the suite's time is XLA compiling what runs once: less optimized, it is through in half the time.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", tempfile.mkdtemp(prefix="handwriting_gan_xla_"))

import jax
import numpy as np
import pytest

from handwriting_gan.data import mnist_5k
from handwriting_gan.data.glyphs import Glyphs


@pytest.fixture(scope="module", autouse=True)
def forget_compiled_programs() -> Iterator[None]:
    """Each holds memory maps, of which a process may have so many (65,530 on Linux) before it is aborted."""
    yield
    jax.clear_caches()


@pytest.fixture(scope="session")
def glyphs() -> Glyphs:
    """The 4,000 embedded training glyphs."""
    return mnist_5k.load("train")


@pytest.fixture(scope="session")
def held_out() -> Glyphs:
    """The 1,000 embedded test glyphs."""
    return mnist_5k.load("test")


@pytest.fixture(scope="session")
def written(glyphs: Glyphs) -> Glyphs:
    """The embedded training glyphs, as if every 40 in mixed order were a writer's, all of one series."""
    mixed = glyphs.take(np.random.default_rng(0).permutation(len(glyphs.digits)))
    return mixed._replace(writers=np.arange(len(mixed.digits), dtype=np.int32) // 40,
                          series=np.zeros(len(mixed.digits), np.int32))


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(0)
