"""This project's folder in the user's cache: prepared data, compiled steps."""

import os
from pathlib import Path

import jax


def folder() -> Path:
    """`$XDG_CACHE_HOME/handwriting_gan`, by default under `~/.cache`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handwriting_gan"


def keep_compiled() -> None:
    """Keeps what JAX compiles: a second start compiles nothing.

    A folder already named by `JAX_COMPILATION_CACHE_DIR` stands.
    """
    if jax.config.values["jax_compilation_cache_dir"] is None:
        jax.config.update("jax_compilation_cache_dir", str(folder() / "xla"))
