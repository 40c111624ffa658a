"""This project's folder in the user's cache: prepared data, compiled steps."""

import os
from pathlib import Path

import jax


def folder() -> Path | None:
    """`$XDG_CACHE_HOME/handwriting_gan`, by default under `~/.cache`; None where the user has no home folder.

    It may not exist, and it may not be writable.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "handwriting_gan"
    except RuntimeError:
        return None


def keep_compiled() -> None:
    """Keeps what JAX compiles, where it can be kept: a second start compiles nothing.

    A folder already named by `JAX_COMPILATION_CACHE_DIR` stands.
    """
    place = folder()
    if place and jax.config.values["jax_compilation_cache_dir"] is None:
        jax.config.update("jax_compilation_cache_dir", str(place / "xla"))
