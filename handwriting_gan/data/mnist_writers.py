"""`mnist_writers`: MNIST with the writer of every glyph, from QMNIST's label files (Yadav & Bottou 2019).

QMNIST's rows are in MNIST's order, so the join is by row; every row's digit is checked. Writer ids are NIST's:
539 writers in MNIST's training set and 297 others in its test set, from two series of forms (HSF): 0,
employees of the Census Bureau, and 4, high-school students.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from handwriting_gan.data import mnist
from handwriting_gan.data.glyphs import Glyphs, make_glyphs
from handwriting_gan.errors import InputError

HOST = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"
LABELS = {"train": "qmnist-train-labels-idx2-int", "test": "qmnist-test-labels-idx2-int"}
SHA256 = {  # of the unpacked files
    "qmnist-train-labels-idx2-int": "bb1b6e1ec7b04fd5696f1ed50b5f58f8ef195118edd5c93c81783df9740b8ac5",
    "qmnist-test-labels-idx2-int": "92d0ccb8c25f9c6534270fb4be7e1d24a1c6d315edfc8a638bfbd31c70f362dd",
}
DIGIT, SERIES, WRITER = 0, 1, 2  # columns of a label file
VALIDATION = 10  # about every 10th training writer is for validation
SPLITS = {"train": "train", "validation": "train", "test": "test"}  # {split: MNIST's set}


class MnistWriters(mnist.Mnist):
    """MNIST in its original row order, each glyph with its writer and the series of the writer's form."""

    FILES = mnist.Mnist.FILES | {
        name: mnist.PublishedFile(f"{HOST}{name}.gz", sha256) for name, sha256 in SHA256.items()}

    def _features(self) -> dict[str, Any]:
        whole = tfds.features.Scalar(np.int32)
        return super()._features() | {"writer": whole, "series": whole}

    def _generate_examples(self, paths: dict[str, Path], split: str) -> Iterator[tuple[int, dict]]:
        labels = self._array(paths, LABELS[split])
        for row, example in super()._generate_examples(paths, split):
            check_digit(labels, row, example["digit"], paths[LABELS[split]])
            yield row, example | {"writer": int(labels[row, WRITER]), "series": int(labels[row, SERIES])}


def check_digit(labels: np.ndarray, row: int, digit: int, path: Path) -> None:
    """Checks that labels int `[M, 8]` have the row and that its digit is MNIST's.

    Raises:
      InputError: if not; it names the file and the row.
    """
    if row >= len(labels):
        raise InputError(f"{path} has only {len(labels)} rows, fewer than MNIST; fetch it again")
    if labels[row, DIGIT] != digit:
        raise InputError(f"row {row} of {path} is a {labels[row, DIGIT]}, but MNIST has a {digit}; fetch both "
                         "again")


def load(split: str, folder: str | None = None) -> Glyphs:
    """The glyphs of a split with writers and series, in MNIST's order; no writer is in two splits.

    'train' and 'validation' divide MNIST's training set by writer. 'test' is MNIST's test set, which is for
    tables only; tune on 'validation'.

    Raises:
      KeyError: if there is no such split.
      InputError: if a file is missing, altered, inconsistent with the images, or cannot be fetched.
    """
    if SPLITS[split] == "train":
        return load_training(folder)[split]
    return _read("test", folder)


def load_training(folder: str | None = None) -> dict[str, Glyphs]:
    """'train' and 'validation', with the files read once; raises as `load` does."""
    glyphs = _read("train", folder)
    held_out = is_validation(glyphs.writers)
    return {"train": glyphs.take(~held_out), "validation": glyphs.take(held_out)}


def _read(split: str, folder: str | None) -> Glyphs:
    columns = mnist.read(MnistWriters, split, folder)
    return make_glyphs(columns["image"], columns["digit"], columns["writer"], columns["series"])


def is_validation(writers: np.ndarray) -> np.ndarray:
    """Whether each writer int `[N]` is for validation: a fixed tenth of all, by a hash of the id."""
    ids, indices = np.unique(writers, return_inverse=True)
    hashes = [hashlib.sha256(str(writer).encode()).digest() for writer in ids.tolist()]
    chosen = np.array([int.from_bytes(digest[:8], "big") % VALIDATION == 0 for digest in hashes], bool)
    return chosen[indices]
