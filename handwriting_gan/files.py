"""Local paths that a user names, and atomic writes."""

import contextlib
import errno
import os
import re
import tempfile
from pathlib import Path

from handwriting_gan.errors import InputError

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # at least two letters: C:/ is a drive of Windows


def local_path(name: str | Path) -> Path:
    """The path of a name with `~` expanded.

    Raises:
      InputError: if the name is empty, a URL such as gs://bucket/folder or a loop of symbolic links, or `~`
        cannot be expanded.
    """
    if not str(name).strip():
        raise InputError("a path is empty; name a file or a folder")
    if URL.match(str(name)):
        raise InputError(f"{name} is a URL, and only local files and folders are supported; copy or mount it, "
                         "and name the local path")
    try:
        path = Path(name).expanduser()
    except RuntimeError as error:
        raise InputError(f"{name} cannot be expanded ({error}); give the full path") from error
    try:
        path.stat()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InputError(f"{name} is a loop of symbolic links; name another path") from error
    return path


def write_atomically(path: Path, content: bytes) -> None:
    """Writes `content` to `path` in one step: readers see the old file or the new file, never a part.

    Raises:
      InputError: if the folder cannot be created or written to, or `path` exists and is not a regular file.
    """
    path = Path(path)
    handle, temporary = _open_temporary(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def check_writable(path: Path) -> None:
    """Checks, before expensive work, that `write_atomically` can write to `path`.

    It creates a temporary file, then deletes it and every folder that it created.

    Raises:
      InputError: as `write_atomically`.
    """
    path, missing = Path(path), []
    try:
        missing = [folder for folder in path.parents if not folder.exists()]  # the innermost first
        handle, temporary = _open_temporary(path)
        os.close(handle)
        Path(temporary).unlink()
    except OSError as error:
        raise _cannot_write(path, error) from error
    finally:
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _open_temporary(path: Path) -> tuple[int, str]:
    """Creates the folder of `path` and a temporary file in it; raises as `write_atomically`."""
    try:
        if path.exists() and not path.is_file():  # a folder, or a device such as /dev/null
            raise InputError(f"cannot write {path}: it is not a regular file; name another file")
        path.parent.mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> InputError:
    return InputError(f"cannot write {path}: {error.strerror}; name another file")
