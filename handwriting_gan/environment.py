"""What this package sets for JAX in the environment. A setting of the user's own stands.

`prepare` runs as the package is imported, because XLA reads its flags when JAX's backend starts. `settle_jax`
is for entry points only.
"""

import importlib.metadata
import logging
import os
import sys
import warnings
from pathlib import Path

# XLA's CPU compiler hands sums to the library YNNPACK. In these versions that is wrong:
# - jaxlib 0.10.2: `jit(vmap(lambda row: sum((matrix @ row) ** 2)))` is wrong from row 32,768 on
#   (https://github.com/jax-ml/jax/issues/39103).
# - jaxlib 0.10.2 and 0.11.0: sums over arrays of rank 7 or 8 crash (issues 39257 and 40412).
# Without fusions of sums both are right, as 0.10.1 is, which has none. Every jaxlib from 0.10.0 to 0.12.0.1
# knows the flag; one that does not would abort the process.
MISCOMPILING = ("0.10.2", "0.11.0")
FUSION_FLAG, WITHOUT_SUMS = "--xla_cpu_experimental_ynn_fusion_type", "-reduce"

ONLY_FATAL = "3"  # TF_CPP_MIN_LOG_LEVEL

# What a model writes and how it is trained must not depend on these. A user sets them for other programs.
JAX_DEFAULTS = {
    "jax_numpy_rank_promotion": "allow",
    "jax_numpy_dtype_promotion": "standard",
    "jax_enable_x64": False,
    "jax_default_prng_impl": "threefry2x32",
    "jax_threefry_partitionable": True,
    "jax_random_seed_offset": 0,
    "jax_legacy_prng_key": "allow",
    "jax_transfer_guard": "allow",
}


def prepare() -> None:
    """Makes XLA compute right results, and keeps libraries' messages for developers from the terminal.

    It does not import JAX. It warns if JAX's backend has started with a compiler that computes wrong results.
    """
    # XLA prints "Very slow compile?" as an error. JAX itself sets level 1 when it is imported first.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", ONLY_FATAL)
    if (matplotlib := logging.getLogger("matplotlib")).level == logging.NOTSET:
        matplotlib.setLevel(logging.ERROR)  # it warns where there is no folder for its cache
    version = _jaxlib_version()
    if version in MISCOMPILING and add_xla_flag(FUSION_FLAG, WITHOUT_SUMS) and _cpu_backend_has_started():
        warnings.warn(f"jaxlib {version} computes some sums wrongly on a CPU, and JAX started before "
                      "handwriting_gan was imported: import handwriting_gan first", stacklevel=3)


def add_xla_flag(name: str, value: str) -> bool:
    """Adds `name=value` to `XLA_FLAGS`, and says so; before JAX's backend starts.

    A flag of that name that the user has set stands.
    """
    flags = os.environ.get("XLA_FLAGS", "").strip()
    if flags and not flags.startswith("-"):  # the path of a file with flags
        try:
            flags = " ".join(Path(flags).read_text().split())
        except OSError:
            flags = ""  # XLA ignores it too
    if any(flag.partition("=")[0] == name for flag in flags.split()):
        return False
    os.environ["XLA_FLAGS"] = f"{flags} {name}={value}".strip()
    return True


def _jaxlib_version() -> str | None:
    try:
        return importlib.metadata.version("jaxlib")
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_backend_has_started() -> bool:
    bridge = sys.modules.get("jax._src.xla_bridge")
    return (bridge is not None and bridge.backends_are_initialized()
            and sys.modules["jax"].default_backend() == "cpu")


def settle_jax() -> None:
    """Gives JAX's options that would change results, or forbid what the code does, their defaults.

    Entry points call it first.
    """
    import jax

    for name, value in JAX_DEFAULTS.items():
        jax.config.update(name, value)
    # What cannot be kept in the compilation cache, or read from it, is compiled.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")


def platform_failure() -> str | None:
    """Why JAX has no device, in one line, where the user has named a platform that it cannot use."""
    import jax

    if not (platforms := jax.config.jax_platforms):
        return None
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # JAX asserts that it has found a device
        reason = f" ({str(error).splitlines()[0]})" if str(error) else ""
        return (f"JAX finds no device for JAX_PLATFORMS={platforms}{reason}; set JAX_PLATFORMS=cpu, or leave "
                "it out")
    return None
