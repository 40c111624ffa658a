"""Saves and loads files of weights: flat NumPy archives without pickle; loading also returns the file's SHA-256."""

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from flax import traverse_util

from handwriting_gan.errors import InputError
from handwriting_gan.files import write_atomically

FOLDER = Path(__file__).parent / "weights"


def save(path: Path, params: dict[str, Any]) -> None:
    """Saves a tree of arrays; a name in the archive is a path in the tree, such as `layer/kernel`.

    Raises:
      InputError: if the file cannot be written.
    """
    content = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(array) for name, array in
                              sorted(traverse_util.flatten_dict(params, sep="/").items())}
    np.savez(content, **arrays)
    write_atomically(path, content.getvalue())


def load(path: Path) -> tuple[dict[str, Any], str]:
    """Reads a file that `save` wrote: the tree of arrays and the SHA-256 of the file.

    Raises:
      InputError: if the file cannot be read.
    """
    try:
        content = Path(path).read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            params = traverse_util.unflatten_dict(dict(archive.items()), sep="/")
    except (OSError, EOFError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read ({error}); install the package again") from error
    return params, hashlib.sha256(content).hexdigest()
