"""Paths that a user names, and files that a user keeps: written whole or not at all."""

import contextlib
import os
import re
import tempfile
from pathlib import Path

from handwriting_gan.errors import InputError

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # two letters at least: C:/ is a drive of Windows


def local_path(named: str | Path) -> Path:
    """The path that a user names, with `~` expanded.

    Raises:
      InputError: if it is empty or an address such as gs://bucket/folder, or `~` names nobody's folder.
    """
    if not str(named).strip():
        raise InputError("a path is empty; name a file or a folder")
    if ADDRESS.match(str(named)):
        raise InputError(f"{named} is an address, and only local files and folders can be used; "
                         "copy or mount it, and name that folder")
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        raise InputError(f"{named} cannot be expanded ({error}); name the folder in full") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Puts `content` at `path` in one step: a reader sees the old file or the new one, never a part.

    Raises:
      InputError: if the folder cannot be made or written to, or `path` is there and no regular file.
    """
    path = Path(path)
    handle, unfinished = _open_beside(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    except OSError as error:
        Path(unfinished).unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def check_writable(path: Path) -> None:
    """Checks that `write_atomically` can write to `path`, before work whose result goes there.

    It tries, and leaves nothing behind: neither a file nor a folder.

    Raises:
      InputError: as `write_atomically`.
    """
    path, missing = Path(path), []
    try:
        missing = [folder for folder in path.parents if not folder.exists()]  # the innermost first
        handle, unfinished = _open_beside(path)
        os.close(handle)
        Path(unfinished).unlink()
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _open_beside(path: Path) -> tuple[int, str]:
    """Makes the folder of `path` and opens a new file in it; raises as `write_atomically` does."""
    try:
        if path.exists() and not path.is_file():  # a folder, or a device such as /dev/null
            raise InputError(f"cannot write {path}: it is no regular file; name another place")
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {path}: {error.strerror}; name another place")
