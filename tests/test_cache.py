"""The cache is a convenience: where it cannot be, everything works without it."""

from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from jax.experimental.compilation_cache import compilation_cache

from handwriting_gan import cache
from handwriting_gan.errors import exit_in_one_line

KEEPING = {"jax_compilation_cache_dir": None, "jax_persistent_cache_min_compile_time_secs": 0.0}


@pytest.fixture
def no_folder_yet() -> Iterator[None]:
    """JAX would keep every program, but the user has named no folder; afterwards it keeps what it kept."""
    before = {name: getattr(jax.config, name) for name in KEEPING}
    for name, value in KEEPING.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()
    yield
    for name, value in before.items():
        jax.config.update(name, value)
    compilation_cache.reset_cache()


def no_home() -> Path:
    """What `Path.home` does without HOME and an entry in the password file."""
    raise RuntimeError("Could not determine home directory.")


def test_the_folder_is_under_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.folder() == tmp_path / "handwriting_gan"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    assert cache.folder() == tmp_path / "home" / ".cache" / "handwriting_gan"


@pytest.mark.usefixtures("no_folder_yet")
def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert cache.folder() is None
    cache.keep_compiled()
    assert jax.config.jax_compilation_cache_dir is None


@pytest.mark.usefixtures("no_folder_yet")
@pytest.mark.parametrize("place", ["kept", "file", "full"])
def test_what_cannot_be_kept_is_compiled_without_a_word(
        place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
        capfd: pytest.CaptureFixture[str]) -> None:
    """Any warning would fail the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
    if place == "file":  # a folder that cannot be made
        (tmp_path / place).touch()
    if place == "full":
        def fail(path: Path, content: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "write_bytes", fail)

    def main() -> None:
        cache.keep_compiled()
        print(float(jax.jit(lambda x: 3 * jnp.sin(x) + len(place))(0.0)))

    exit_in_one_line(main)
    assert capfd.readouterr() == (f"{float(len(place))}\n", "")
    assert list(tmp_path.glob("kept/**/*-cache")) or place != "kept"
