"""The cache is optional: without a usable folder everything works."""

from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from jax.experimental.compilation_cache import compilation_cache

from handwriting_gan import cache
from handwriting_gan.errors import exit_in_one_line

CACHE_OPTIONS = {"jax_compilation_cache_dir": None, "jax_persistent_cache_min_compile_time_secs": 0.0}


@pytest.fixture
def cache_without_folder() -> Iterator[None]:
    """JAX would cache every program, but no folder is set; afterwards its options are restored."""
    before = {name: getattr(jax.config, name) for name in CACHE_OPTIONS}
    for name, value in CACHE_OPTIONS.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def no_home() -> Path:
    """`Path.home` without HOME and without an entry in the password file."""
    raise RuntimeError("Could not determine home directory.")


def test_the_folder_is_under_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "handwriting_gan"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert cache.folder() == tmp_path / "home" / ".cache" / "handwriting_gan"


@pytest.mark.usefixtures("cache_without_folder")
def test_without_a_home_folder_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert cache.folder() is None
    cache.keep_compiled()
    assert jax.config.jax_compilation_cache_dir is None


@pytest.mark.usefixtures("cache_without_folder")
@pytest.mark.parametrize("folder", ["writable", "file", "full"])
def test_an_unusable_cache_folder_gives_no_message(
        folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str]) -> None:
    """Warnings are errors in tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / folder))
    if folder == "file":  # it cannot be created
        (tmp_path / folder).touch()
    if folder == "full":
        def fail(path: Path, content: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", fail)

    def main() -> None:
        cache.keep_compiled()
        print(float(jax.jit(lambda x: 3 * jnp.sin(x) + len(folder))(0.0)))

    exit_in_one_line(main)
    assert capfd.readouterr() == (f"{float(len(folder))}\n", "")
    assert list(tmp_path.glob("writable/**/*-cache")) or folder != "writable"
