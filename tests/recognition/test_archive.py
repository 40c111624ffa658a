"""Saved weights are loaded unchanged, and an error names an unreadable file."""

import hashlib
import io
from pathlib import Path

import jax
import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.recognition import archive

PARAMS = {"Conv_0": {"kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "bias": np.ones(3)},
          "Dense_0": {"bias": np.array([1.5], np.float16)}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "network.npz"
    archive.save(path, PARAMS)
    return path


def test_a_saved_tree_is_loaded_with_its_types(path: Path) -> None:
    params, _ = archive.load(path)
    assert jax.tree.structure(params) == jax.tree.structure(PARAMS)
    jax.tree.map(np.testing.assert_array_equal, params, PARAMS)
    assert jax.tree.map(lambda x: x.dtype, params) == jax.tree.map(lambda x: x.dtype, PARAMS)


def test_load_returns_the_sha256_of_the_file(path: Path) -> None:
    assert archive.load(path)[1] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_file_is_a_flat_archive_of_named_arrays(path: Path) -> None:
    with np.load(path, allow_pickle=False) as archive:
        assert archive.files == ["Conv_0/bias", "Conv_0/kernel", "Dense_0/bias"]


def test_equal_weights_make_equal_files(path: Path) -> None:
    before = path.read_bytes()
    archive.save(path, {name: dict(reversed(layer.items()))
                        for name, layer in reversed(PARAMS.items())})
    assert path.read_bytes() == before


def saved(save: object, array: np.ndarray) -> bytes:
    """The bytes that a NumPy function saves."""
    content = io.BytesIO()
    save(content, array)
    return content.getvalue()


VALID = saved(np.savez, np.arange(100))


@pytest.mark.parametrize("content", [
    pytest.param(b"", id="empty"),
    pytest.param(b"<html>", id="not an archive"),
    pytest.param(VALID[:len(VALID) // 2], id="truncated"),
    pytest.param(VALID[:300] + bytes([VALID[300] ^ 1]) + VALID[301:], id="altered"),
    pytest.param(saved(np.save, np.arange(9)), id="a single array"),
    pytest.param(saved(np.savez, np.array([{}])), id="pickled objects"),
])
def test_an_error_names_a_damaged_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "network.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{path} cannot be read"):
        archive.load(path)


def test_an_error_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.npz cannot be read"):
        archive.load(tmp_path / "absent.npz")
