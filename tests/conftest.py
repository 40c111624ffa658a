"""Every test runs on two virtual devices; tests and their subprocesses share a cache of compiled programs."""

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# For this process and the subprocesses of tests. JAX reads them when it is imported.
os.environ["JAX_NUM_CPU_DEVICES"] = "2"
# Most programs run once, so compiling takes most of the time. Without optimizations it takes half as long.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
# By default JAX does not keep programs that compile in less than a second, as most do.
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:  # the first process sets it for the workers
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="handwriting_gan_xla_")
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)

import handwriting_gan  # isort: skip  # noqa: F401 - before JAX, which would set XLA's log level

import jax
import numpy as np
import pytest

from handwriting_gan.data import mnist_5k
from handwriting_gan.data.glyphs import Glyphs

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in a shell's background job; subprocesses would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

EVALUATION = "tests/evaluation"
SLOW_FILES = (EVALUATION, "tests/journeys", "tests/methods", "tests/test_configs.py", "tests/training")
MEMORY_MAPS = Path("/proc/self/maps")
MANY_MAPS = 30_000  # Linux aborts a process above 65,530


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Runs the slowest files first, so that no core is idle at the end, and each file in one process.

    The evaluation tests share one process: their fixtures are expensive.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW_FILES))
    for item in items:
        file = item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(EVALUATION if file.startswith(EVALUATION) else file))


@pytest.fixture(scope="module", autouse=True)
def limit_memory_maps() -> Iterator[None]:
    """Drops compiled programs, each with some 20 memory maps, before there are too many."""
    yield
    if MEMORY_MAPS.exists() and MEMORY_MAPS.read_bytes().count(b"\n") > MANY_MAPS:
        jax.clear_caches()


@pytest.fixture(scope="session")
def random_params() -> Callable[[Callable[..., Any]], Any]:
    """`random_params(init, *inputs)`: random parameters with the shapes of `init(key, *inputs)`, without compiling.

    Kernels have variance 2 / fan-in. Scales are near 1 and biases near 0, but not equal to it, so that every
    parameter has an effect.
    """

    def sample(init: Callable[..., Any], *inputs: Any) -> Any:
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

    return sample


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
    """The embedded training glyphs with made-up writers of 40 random glyphs each, all of one series."""
    shuffled = glyphs.take(np.random.default_rng(0).permutation(len(glyphs.digits)))
    return shuffled._replace(writers=np.arange(len(shuffled.digits), dtype=np.int32) // 40,
                          series=np.zeros(len(shuffled.digits), np.int32))


@pytest.fixture
def rng() -> np.random.Generator:
    """A random generator with a fixed seed."""
    return np.random.default_rng(0)
