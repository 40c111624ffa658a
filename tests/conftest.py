"""Every test runs on two virtual devices; all tests and their subprocesses share compiled programs."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# This process and the entry points that tests start read these; JAX reads them when it is imported.
os.environ["JAX_NUM_CPU_DEVICES"] = "2"
# Most of the suite's time is XLA compiling what runs once; without optimizations it takes half the time.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
# Most programs are small: JAX keeps none that compiles in less than a second unless it is told to.
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:  # the first process sets it for the workers
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="handwriting_gan_xla_")
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)

import jax
import numpy as np
import pytest

from handwriting_gan.data import mnist_5k
from handwriting_gan.data.glyphs import Glyphs

LONGEST = ("tests/journeys", "tests/methods", "tests/test_configs.py", "tests/training")
MEMORY_MAPS = Path("/proc/self/maps")
MANY_MAPS = 30_000  # of the 65,530 that Linux allows a process before it aborts it


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest go first, so that no core is idle at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.fixture(scope="module", autouse=True)
def limit_memory_maps() -> Iterator[None]:
    """Drops the compiled programs, each of which holds some 20 memory maps, before there are too many."""
    yield
    if MEMORY_MAPS.exists() and MEMORY_MAPS.read_bytes().count(b"\n") > MANY_MAPS:
        jax.clear_caches()


@pytest.fixture(scope="session")
def random_params() -> Callable[[Callable[..., Any]], Any]:
    """`random_params(init, *inputs)`: parameters as `init(key, *inputs)` would make, without compiling it.

    Kernels have variance 2 / fan-in. Scales are near 1 and biases near 0, but none is exactly that, so that
    no parameter is without effect.
    """

    def draw(init: Callable[..., Any], *inputs: Any) -> Any:
        rng = np.random.default_rng(0)

        def fill(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> np.ndarray:
            values = rng.normal(size=leaf.shape)
            if path[-1].key == "kernel":
                fan_in = np.prod(leaf.shape[-4:-1] if len(leaf.shape) == 4 else leaf.shape[-2:-1])
                values *= np.sqrt(2 / fan_in)
            elif path[-1].key != "embedding":
                values = 0.1 * values + (path[-1].key == "scale")
            return values.astype(leaf.dtype)

        return jax.tree_util.tree_map_with_path(fill, jax.eval_shape(init, jax.random.key(0), *inputs))

    return draw


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
