"""IDX files byte by byte, and files that are not the published ones."""

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from handwriting_gan.data.idx import parse, read_verified
from handwriting_gan.errors import InputError

CONTENT = b"what was published, " * 50
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_bytes_are_read_row_by_row() -> None:
    content = bytes([0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255])
    array = parse(content)
    assert array.dtype == np.uint8
    assert array.tolist() == [[10, 20, 30], [40, 50, 255]]


def test_integers_are_big_endian() -> None:
    content = bytes([0, 0, 0x0C, 1, 0, 0, 0, 2, 0, 0, 1, 2, 0xFF, 0xFF, 0xFF, 0xFE])
    assert parse(content).tolist() == [258, -2]


def test_the_axes_are_in_the_headers_order() -> None:
    content = bytes([0, 0, 0x08, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]) + bytes(range(6))
    assert parse(content).shape == (1, 2, 3)


@pytest.mark.parametrize("content", [
    pytest.param(b"", id="empty"),
    pytest.param(bytes([0, 0, 0x08]), id="incomplete magic number"),
    pytest.param(bytes([0, 0, 0x08, 2, 0, 0, 0, 2]), id="incomplete shape"),
    pytest.param(bytes([0, 0, 0x08, 1, 0, 0, 0, 3, 1, 2]), id="too short"),
    pytest.param(bytes([0, 0, 0x08, 1, 0, 0, 0, 1, 1, 2]), id="too long"),
    pytest.param(bytes([0, 0, 0x0C, 1, 0, 0, 0, 1, 1, 2, 3]), id="incomplete integer"),
    pytest.param(bytes([0, 0, 0x0D, 1, 0, 0, 0, 1, 0, 0, 0, 0]), id="floats"),
    pytest.param(b"PK\x03\x04 and so on", id="another format"),
])
def test_an_invalid_idx_file_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse(content)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_is_read_plain_or_gzipped(pack: type, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(pack(CONTENT))
    assert read_verified(path, SHA256) == CONTENT


def altered(content: bytes) -> bytes:
    """The content with one bit in the middle flipped."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]


@pytest.mark.parametrize("content", [
    pytest.param(altered(CONTENT), id="altered"),
    pytest.param(gzip.compress(altered(CONTENT)), id="altered and gzipped"),
    pytest.param(altered(gzip.compress(CONTENT)), id="a corrupt archive"),
    pytest.param(gzip.compress(CONTENT)[:-20], id="an incomplete archive"),
    pytest.param(b"\x1f\x8b no archive", id="only the start of an archive"),
    pytest.param(b"", id="empty"),
])
def test_a_file_with_another_checksum_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "published.idx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"published\.idx .*; fetch it again"):
        read_verified(path, SHA256)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.idx"):
        read_verified(tmp_path / "absent.idx", SHA256)
