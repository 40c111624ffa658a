"""MNIST with writers: each row has its writer, no writer is in two splits, inconsistent files are refused.

Tests that need MNIST's and QMNIST's files are skipped if the environment sets no data folder.
"""

import functools
import os
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from handwriting_gan.data import mnist, mnist_writers
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.hands import make_hand_pool, sample_episodes
from handwriting_gan.data.idx import parse, read_verified
from handwriting_gan.data.mnist_writers import LABELS, MnistWriters, check_digit, is_validation
from handwriting_gan.errors import InputError

FOLDER = os.environ.get(mnist.FOLDER_VARIABLE)
SPLITS = ("train", "validation", "test")
LABEL_ROWS = np.array([[5, 4, 2154, 0, 0, 0, 0, 0], [0, 0, 17, 0, 0, 0, 0, 0]])
needs_files = pytest.mark.skipif(
    not FOLDER, reason=f"{mnist.FOLDER_VARIABLE} is not set")
prepares_mnist = pytest.mark.slow  # all 70,000 glyphs; the fast tests check rows and single files


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Glyphs]:
    """All three splits, prepared and read once outside the user's cache."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        monkeypatch.setattr(mnist, "read", functools.cache(mnist.read))
        return {split: mnist_writers.load(split) for split in SPLITS}


@pytest.fixture
def labelled_folder(folder: Path) -> Path:
    """A folder with links to MNIST's four files and QMNIST's two that a test can replace."""
    (folder / "qmnist").mkdir()
    for name in LABELS.values():
        path = mnist.find_file(Path(FOLDER), name)
        (folder / "qmnist" / path.name).symlink_to(path.resolve())
    return folder


def published(name: str) -> np.ndarray:
    """The array in a published file."""
    return parse(read_verified(mnist.find_file(Path(FOLDER), name), MnistWriters.FILES[name].sha256))


@needs_files
@prepares_mnist
@pytest.mark.parametrize(("split", "writers", "digits"), [
    ("train", 481, [5273, 6045, 5313, 5478, 5220, 4856, 5288, 5605, 5236, 5307]),
    ("validation", 58, [650, 697, 645, 653, 622, 565, 630, 660, 615, 642]),
    ("test", 297, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
])
def test_a_split_has_its_fixed_writers_and_digits(
        split: str, writers: int, digits: list[int], splits: dict[str, Glyphs]) -> None:
    assert len(np.unique(splits[split].writers)) == writers
    assert np.bincount(splits[split].digits).tolist() == digits


@needs_files
@prepares_mnist
def test_no_writer_is_in_two_splits(splits: dict[str, Glyphs]) -> None:
    train, validation, test = (set(splits[split].writers.tolist()) for split in SPLITS)
    assert len(train | validation) == 539
    assert len(train | validation | test) == 539 + 297


@needs_files
@prepares_mnist
@pytest.mark.parametrize("split", SPLITS)
def test_a_split_has_all_glyphs_of_its_writers_in_mnists_order(
        split: str, splits: dict[str, Glyphs]) -> None:
    """Compared with the rows of the published files."""
    glyphs, prefix, labels = splits[split], "train", LABELS["train"]
    if split == "test":
        prefix, labels = "t10k", LABELS["test"]
    images = published(f"{prefix}-images-idx3-ubyte")
    columns = published(labels)[:len(images), :3]
    rows = np.isin(columns[:, 2], glyphs.writers)
    np.testing.assert_array_equal(glyphs.images, images[rows])
    np.testing.assert_array_equal(
        np.stack([glyphs.digits, glyphs.series, glyphs.writers], axis=1), columns[rows])


@needs_files
@prepares_mnist
def test_train_and_validation_are_together_mnists_training_set(splits: dict[str, Glyphs]) -> None:
    both = [(image.tobytes(), digit) for split in ("train", "validation")
            for image, digit in zip(splits[split].images, splits[split].digits, strict=True)]
    whole = zip(published("train-images-idx3-ubyte"), published("train-labels-idx1-ubyte"), strict=True)
    assert sorted(both) == sorted((image.tobytes(), digit) for image, digit in whole)


@needs_files
@prepares_mnist
@pytest.mark.parametrize("split", SPLITS)
def test_each_writer_has_one_of_two_series(split: str, splits: dict[str, Glyphs]) -> None:
    pairs = set(zip(splits[split].writers.tolist(), splits[split].series.tolist(), strict=True))
    assert {series for _, series in pairs} == {0, 4}
    assert len(pairs) == len(np.unique(splits[split].writers))


@needs_files
@prepares_mnist
@pytest.mark.parametrize(("split", "references", "episodes"), [
    ("train", 16, 4800), ("validation", 16, 580), ("test", 16, 1594), ("test", 5, 1969),
])
def test_a_split_has_a_fixed_number_of_episodes_each_with_another_writer(
        split: str, references: int, episodes: int, splits: dict[str, Glyphs]) -> None:
    sampled = sample_episodes(splits[split], references, seed=0)
    assert len(sampled.targets) == episodes
    assert (sampled.others >= 0).all()


@needs_files
@prepares_mnist
@pytest.mark.parametrize(("split", "writers"), [("train", 481), ("validation", 58)])
def test_a_pool_has_a_fixed_number_of_writers(
        split: str, writers: int, splits: dict[str, Glyphs]) -> None:
    assert len(make_hand_pool(splits[split]).rows) == writers


@needs_files
@pytest.mark.parametrize("name", LABELS.values())
def test_an_altered_label_file_is_named(name: str, labelled_folder: Path) -> None:
    path = mnist.find_file(labelled_folder, name)
    content = bytearray(read_verified(path, MnistWriters.FILES[name].sha256))
    content[-1] ^= 1
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{path} is not the published file"):
        mnist_writers.load("test", str(labelled_folder))


@needs_files
@pytest.mark.parametrize("name", LABELS.values())
def test_a_missing_label_file_is_named(name: str, labelled_folder: Path) -> None:
    mnist.find_file(labelled_folder, name).unlink()
    with pytest.raises(InputError, match=f"{labelled_folder} holds no {name}"):
        mnist_writers.load("train", str(labelled_folder))


def test_without_a_folder_all_six_files_are_requested_from_the_hosts(requests: list[dict[str, str]]) -> None:
    with pytest.raises(InputError, match=f"data=mnist_writers .* {mnist.HOST} or {mnist_writers.HOST} "):
        mnist_writers.load("train")
    hosts = dict.fromkeys(mnist.SHA256, mnist.HOST) | dict.fromkeys(LABELS.values(), mnist_writers.HOST)
    assert requests == [{name: f"{host}{name}.gz" for name, host in hosts.items()}]


def test_a_host_without_a_response_is_named_at_once(
        requests: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    respond = urllib.request.urlopen

    def open_one(request: urllib.request.Request, timeout: float) -> object:
        if request.full_url.startswith(mnist_writers.HOST):
            raise OSError("no route")
        return respond()

    monkeypatch.setattr(urllib.request, "urlopen", open_one)
    with pytest.raises(InputError, match=rf"from {mnist_writers.HOST} \(no route\).*{LABELS['test']}"):
        mnist_writers.load("validation")
    assert requests == []


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(KeyError, match="valid"):
        mnist_writers.load("valid")


def test_validation_writers_never_change() -> None:
    assert np.flatnonzero(is_validation(np.arange(75))).tolist() == [
        0, 7, 9, 10, 33, 40, 44, 51, 57, 59, 70, 71, 74]


def test_about_a_tenth_of_all_writers_is_for_validation() -> None:
    assert is_validation(np.arange(10_000)).sum() == pytest.approx(1000, abs=5 * 30)


def test_validation_depends_on_the_writer_alone(rng: np.random.Generator) -> None:
    writers = rng.integers(0, 100, 500)
    alone = [is_validation(np.array([writer]))[0] for writer in writers]
    np.testing.assert_array_equal(is_validation(writers), alone)


def test_no_writers_have_no_validation_writers() -> None:
    assert is_validation(np.array([], np.int32)).tolist() == []


def test_a_row_consistent_with_mnist_is_accepted() -> None:
    check_digit(LABEL_ROWS, 0, 5, Path("labels"))
    check_digit(LABEL_ROWS, 1, 0, Path("labels"))


def test_a_row_inconsistent_with_mnist_is_named_with_both_digits() -> None:
    with pytest.raises(InputError, match="row 0 of some/labels is a 5, but MNIST has a 3"):
        check_digit(LABEL_ROWS, 0, 3, Path("some/labels"))


def test_a_label_file_with_too_few_rows_is_named() -> None:
    with pytest.raises(InputError, match="some/labels has only 2 rows, fewer than MNIST"):
        check_digit(LABEL_ROWS, 2, 5, Path("some/labels"))
