"""All of MNIST: complete, in order, and refused if a file is missing or altered.

Tests that need MNIST's IDX files are skipped if the environment sets no data folder.
"""

import gzip
import os
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from handwriting_gan import cache
from handwriting_gan.data import mnist
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.idx import parse, read_verified
from handwriting_gan.errors import InputError

FOLDER = os.environ.get(mnist.FOLDER_VARIABLE)
COUNTS = {"train": 60_000, "test": 10_000}
LABELS = {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"}
needs_mnist = pytest.mark.skipif(
    not FOLDER, reason=f"{mnist.FOLDER_VARIABLE} is not set")
prepares_mnist = pytest.mark.slow  # all 70,000 glyphs; the fast tests read single files


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Glyphs]]:
    """Both splits, prepared once outside the user's cache."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield {split: mnist.load(split) for split in COUNTS}


@needs_mnist
@prepares_mnist
@pytest.mark.parametrize("split", COUNTS)
def test_every_row_of_the_files_is_in_its_order(
        split: str, both: dict[str, Glyphs]) -> None:
    name = LABELS[split]
    labels = parse(read_verified(mnist.find_file(Path(FOLDER), name), mnist.SHA256[name]))
    assert both[split].images.shape == (COUNTS[split], 28, 28)
    np.testing.assert_array_equal(both[split].digits, labels)
    np.testing.assert_array_equal(np.bincount(both[split].digits), np.bincount(labels))


@needs_mnist
@prepares_mnist
def test_mnist_starts_with_a_five_and_ends_with_a_six(both: dict[str, Glyphs]) -> None:
    assert both["train"].digits[0] == 5
    assert both["test"].digits[-1] == 6


@needs_mnist
@prepares_mnist
def test_images_have_their_own_digits(both: dict[str, Glyphs], glyphs: Glyphs) -> None:
    """The embedded glyphs are in the training set with the same digits, and none is in the test set."""
    digit_of = {image.tobytes(): digit for image, digit in
                zip(both["train"].images, both["train"].digits, strict=True)}
    found = [digit_of[image.tobytes()] for image in glyphs.images]
    assert found == glyphs.digits.tolist()
    assert not digit_of.keys() & {image.tobytes() for image in both["test"].images}


@needs_mnist
@prepares_mnist
def test_prepared_data_needs_no_folder(
        both: dict[str, Glyphs], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(mnist.FOLDER_VARIABLE)
    np.testing.assert_array_equal(mnist.load("test").digits, both["test"].digits)


@needs_mnist
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_with_one_altered_byte_is_named(pack: type, folder: Path) -> None:
    name = LABELS["test"]
    path = mnist.find_file(folder, name)
    content = bytearray(read_verified(path, mnist.SHA256[name]))
    content[-1] ^= 1
    path.unlink()
    path.write_bytes(pack(bytes(content)))
    with pytest.raises(InputError, match=f"{path} is not the published file"):
        mnist.load("test", str(folder))


@needs_mnist
def test_a_file_that_cannot_be_unpacked_is_named(folder: Path) -> None:
    path = mnist.find_file(folder, LABELS["test"])
    packed = gzip.compress(path.read_bytes())
    path.unlink()
    path.write_bytes(packed[:len(packed) // 2])
    with pytest.raises(InputError, match=f"{path} cannot be read"):
        mnist.load("test", str(folder))


@needs_mnist
def test_a_missing_file_is_named(folder: Path) -> None:
    mnist.find_file(folder, LABELS["train"]).unlink()
    with pytest.raises(InputError, match=f"{folder} holds no {LABELS['train']}.*{mnist.FOLDER_VARIABLE}"):
        mnist.load("train", str(folder))


@pytest.fixture
def four_glyphs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A data folder, with a builder of four glyphs in place of MNIST."""
    monkeypatch.setattr(mnist.Mnist, "FILES", {})
    monkeypatch.setattr(mnist.Mnist, "_split_generators", lambda builder, manager: {
        "train": ((row, {"image": np.full((28, 28), row, np.uint8), "digit": row}) for row in range(4))})
    return str(tmp_path)


def fail_to_write(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("trouble", ["no home", "a file", "full"])
def test_without_a_writable_cache_the_data_is_prepared_in_a_temporary_folder(
        trouble: str, four_glyphs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    cache_home = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    if trouble == "no home":
        monkeypatch.setattr(cache, "folder", lambda: None)
    elif trouble == "a file":
        cache_home.touch()
    else:
        write = mnist.Mnist.download_and_prepare
        monkeypatch.setattr(mnist.Mnist, "download_and_prepare", lambda builder, **options: (
            fail_to_write if cache_home in Path(builder.data_path).parents else write)(builder, **options))
    assert mnist.load("train", four_glyphs).digits.tolist() == [0, 1, 2, 3]
    assert not list(tmp_path.glob("handwriting_gan_*"))


def test_a_full_disk_is_named(
        four_glyphs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(mnist.Mnist, "download_and_prepare", fail_to_write)
    with pytest.raises(InputError, match=f"in {tmp_path}/cache.*No space left.*free disk space"):
        mnist.load("train", four_glyphs)


def test_without_array_record_the_error_suggests_mnist_5k(
        four_glyphs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def fail(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'array_record'")

    monkeypatch.setattr(mnist.Mnist, "download_and_prepare", fail)
    with pytest.raises(InputError, match=r"needs the package array-record.*mnist_5k"):
        mnist.load("train", four_glyphs)


def test_an_unwritable_cache_folder_causes_no_second_download(
        requests: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="connection lost"):
        mnist.load("train")
    assert len(requests) == 1


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent holds no .*HANDWRITING_GAN_DATA"):
        mnist.load("train", str(tmp_path / "absent"))


@pytest.mark.parametrize("location", [
    "name", "name.gz", "mnist/name", "mnist/name.gz", "qmnist/name", "qmnist/name.gz",
])
def test_a_file_is_found_plain_or_gzipped_in_the_folder_or_in_mnist_or_qmnist(
        location: str, tmp_path: Path) -> None:
    path = tmp_path / location
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    assert mnist.find_file(tmp_path, "name") == path


def test_without_a_folder_the_four_files_are_requested_from_the_host(
        requests: list[dict[str, str]]) -> None:
    with pytest.raises(InputError, match=f"data=mnist cannot be fetched from {mnist.HOST} .*connection lost"):
        mnist.load("train")
    assert requests == [{name: f"{mnist.HOST}{name}.gz" for name in mnist.SHA256}]


def test_without_a_folder_or_a_network_it_fails_at_once_and_suggests_what_to_do(
        requests: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    with pytest.raises(InputError, match=r"no network.*holds train-images.*HANDWRITING_GAN_DATA.*mnist_5k"):
        mnist.load("train")
    assert requests == []


@pytest.mark.usefixtures("requests")
def test_a_download_that_is_not_the_published_file_is_named(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.html"
    page.write_text("<html>please log in</html>")
    monkeypatch.setattr(tfds.download.DownloadManager, "download",
                        lambda manager, urls: dict.fromkeys(urls, page))
    with pytest.raises(InputError, match=r"page\.html is not the published file"):
        mnist.load("train")
