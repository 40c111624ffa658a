"""MNIST's IDX format, and files verified by their checksum."""

import gzip
import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from handwriting_gan.errors import InputError


def read_verified(path: Path, sha256: str) -> bytes:
    """The unpacked bytes of a plain or gzipped file; `sha256` is theirs.

    Raises:
      InputError: if the file cannot be read or unpacked, or its checksum differs.
    """
    try:
        content = Path(path).read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read ({error}); fetch it again") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise InputError(f"{path} is not the published file: its SHA-256 is {found[:12]}..., "
                         f"not {sha256[:12]}...; fetch it again")
    return content


def parse(content: bytes) -> np.ndarray:
    """The array in an IDX file of unsigned bytes or big-endian int32, of the shape in its header.

    Raises:
      ValueError: if the header is invalid, or the length does not match it.
    """
    types: dict[int, np.dtype[Any]] = {0x08: np.dtype(np.uint8), 0x0C: np.dtype(">i4")}
    try:
        zeros, kind, axes = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{axes}I", content, offset=4)
    except struct.error as error:
        raise ValueError("the header of the IDX file is incomplete") from error
    if zeros or kind not in types:
        raise ValueError("not an IDX file of bytes or int32")
    return np.frombuffer(content, types[kind], offset=4 + 4 * axes).reshape(shape)
