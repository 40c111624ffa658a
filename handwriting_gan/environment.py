"""Environment variables and options of JAX that this package sets.

`prepare` runs when the package is imported, because XLA reads its flags when JAX's backend starts. It keeps
variables that the user has set. `restore_jax_defaults` is for entry points.
"""

import importlib.metadata
import logging
import os
import sys
import warnings
from pathlib import Path

# XLA's CPU compiler uses the library YNNPACK for sums. These versions do so wrongly:
# - jaxlib 0.10.2: `jit(vmap(lambda row: sum((matrix @ row) ** 2)))` is wrong from row 32,768 on
#   (https://github.com/jax-ml/jax/issues/39103).
# - jaxlib 0.10.2 and 0.11.0: sums over arrays of rank 7 or 8 crash (issues 39257 and 40412).
# Both are correct without fusions of sums. Every jaxlib from 0.10.0 to 0.12.0.1 accepts the flag; a jaxlib
# without it would abort the process.
MISCOMPILING = ("0.10.2", "0.11.0")
FUSION_FLAG, WITHOUT_SUMS = "--xla_cpu_experimental_ynn_fusion_type", "-reduce"

ONLY_FATAL = "3"  # for TF_CPP_MIN_LOG_LEVEL

# A user may have set other values for other programs. Training and synthesis must not depend on them.
JAX_DEFAULTS = {
    "jax_numpy_rank_promotion": "allow",
    "jax_numpy_dtype_promotion": "standard",
    "jax_enable_x64": False,
    "jax_default_prng_impl": "threefry2x32",
    "jax_threefry_partitionable": True,
    "jax_random_seed_offset": 0,
    "jax_legacy_prng_key": "allow",
    "jax_transfer_guard": "allow",
    "jax_disable_jit": False,  # training compiles its step ahead of time
}


def prepare() -> None:
    """Switches faulty compiler fusions off, and silences messages of libraries to developers.

    It does not import JAX. It warns if JAX's backend has already started with the faulty fusions.
    """
    # XLA logs "Very slow compile?" as an error. If JAX is imported first, it sets level 1.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", ONLY_FATAL)
    if (matplotlib := logging.getLogger("matplotlib")).level == logging.NOTSET:
        matplotlib.setLevel(logging.ERROR)  # it warns if it has no cache folder
    version = _jaxlib_version()
    if version in MISCOMPILING and add_xla_flag(FUSION_FLAG, WITHOUT_SUMS) and _cpu_backend_has_started():
        warnings.warn(f"jaxlib {version} computes some sums wrongly on a CPU, and JAX started before "
                      "handwriting_gan; import handwriting_gan first", stacklevel=3)


def add_xla_flag(name: str, value: str) -> bool:
    """Adds `name=value` to `XLA_FLAGS`; returns False if the user has already set the flag.

    It has no effect after JAX's backend has started.
    """
    flags = os.environ.get("XLA_FLAGS", "").strip()
    if flags and not flags.startswith("-"):  # the path of a file of flags
        try:
            flags = " ".join(Path(flags).read_text().split())
        except OSError:
            flags = ""  # XLA ignores the missing file too
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


def restore_jax_defaults() -> None:
    """Resets options of JAX that would change results or make the code fail.

    Entry points call it first.
    """
    import jax

    for name, value in JAX_DEFAULTS.items():
        jax.config.update(name, value)
    # If the compilation cache cannot be read or written, JAX compiles the program.
    warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")


def platform_failure() -> str | None:
    """One line that says why JAX has no device; None unless `JAX_PLATFORMS` names an unusable platform."""
    import jax

    if not (platforms := jax.config.values["jax_platforms"]):
        return None
    try:
        jax.devices()
    except (RuntimeError, AssertionError) as error:  # JAX asserts that it has found a device
        reason = f" ({str(error).splitlines()[0]})" if str(error) else ""
        return (f"JAX finds no device for JAX_PLATFORMS={platforms}{reason}; set JAX_PLATFORMS=cpu, or "
                "unset it")
    return None
