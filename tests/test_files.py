"""Writes are atomic, and user paths are checked."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.files import check_writable, local_path, write_atomically


def test_a_file_and_its_missing_folders_are_created(tmp_path: Path) -> None:
    path = tmp_path / "some" / "where" / "file.bin"
    write_atomically(path, b"\x00content\n")
    assert path.read_bytes() == b"\x00content\n"
    assert list(path.parent.iterdir()) == [path]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"a long first content")
    write_atomically(path, b"short")
    assert path.read_bytes() == b"short"
    assert list(tmp_path.iterdir()) == [path]


def test_all_users_can_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_full_disk_leaves_only_the_old_file(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError, match=f"{path}: No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_not_replaced_by_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(InputError, match=str(folder)):
        write_atomically(folder, b"content")
    assert list(tmp_path.iterdir()) == [folder]


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(InputError, match=r"cannot write .*; name another file"):
        write_atomically(file / "below", b"content")


@pytest.mark.parametrize("name", ["new", "old", "some/where/new"])
def test_checking_a_writable_path_changes_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("kept")
    before = sorted(tmp_path.rglob("*"))
    check_writable(tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "old").read_text() == "kept"


@pytest.mark.parametrize("name", [
    pytest.param("folder", id="a folder"),
    pytest.param("old/new", id="below a file"),
    pytest.param("some/old/../../old/x/new", id="below a file, through other folders"),
    pytest.param(f"some/{'x' * 300}/new", id="too long a folder name"),
    pytest.param("some/" + "x" * 250, id="too long a name for the temporary file"),
    pytest.param("pipe", id="a pipe"),
])
@pytest.mark.parametrize("write", [check_writable, lambda path: write_atomically(path, b"content")])
def test_an_unwritable_path_is_refused_and_unchanged(
        name: str, write: Callable[[Path], None], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "old").write_text("kept")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"cannot write .*; name another file"):
        write(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} - {"some"} == {"folder", "old", "pipe"}
    if write is check_writable:
        assert not (tmp_path / "some").exists()


@pytest.mark.parametrize("url", ["gs://bucket/x", "s3://bucket", "file:///tmp/x", "http://host/x",
                                 "HTTPS://host", "hf+v2://x", Path("gs://bucket/x")])
def test_a_url_is_refused(url: str | Path) -> None:
    with pytest.raises(InputError, match="is a URL"):
        local_path(url)


@pytest.mark.parametrize("path", ["runs/first", "/tmp/x", "C:/runs", "C:\\runs", "a:b", "./gs://x"])
def test_other_names_are_paths(path: str) -> None:
    assert local_path(path) == Path(path)


def test_a_home_folder_is_expanded_or_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_path("~/runs") == tmp_path / "runs"
    assert local_path(Path("~/runs")) == tmp_path / "runs"
    with pytest.raises(InputError, match="cannot be expanded"):
        local_path("~unknown-user/runs")


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "loop", tmp_path / "loop" / "below"):
        with pytest.raises(InputError, match="is a loop of symbolic links"):
            local_path(path)


@pytest.mark.parametrize("path", ["", " "])
def test_an_empty_path_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="a path is empty"):
        local_path(path)
