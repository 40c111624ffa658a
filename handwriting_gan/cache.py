"""The project's folder in the user's cache. It holds prepared data and compiled programs."""

import os
from pathlib import Path

import jax


def folder() -> Path | None:
    """`$XDG_CACHE_HOME/handwriting_gan`, by default under `~/.cache`; None if the user has no home folder.

    The folder may not exist or not be writable.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handwriting_gan"
    except RuntimeError:
        return None


def keep_compiled() -> None:
    """Lets JAX keep compiled programs in the cache folder, so that a second start compiles nothing.

    A folder that `JAX_COMPILATION_CACHE_DIR` names has priority.
    """
    cache = folder()
    if cache and jax.config.values["jax_compilation_cache_dir"] is None:
        jax.config.update("jax_compilation_cache_dir", str(cache / "xla"))
