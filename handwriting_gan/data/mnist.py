"""`mnist`: all 70,000 digits, through a TFDS builder that needs no TensorFlow.

The four IDX files come from a local folder, or from the host that TFDS itself uses for MNIST.
"""

import contextlib
import os
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from handwriting_gan import cache
from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs, make_glyphs
from handwriting_gan.data.idx import parse, read_verified
from handwriting_gan.errors import InputError
from handwriting_gan.files import local_path

HOST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
HOST_TIMEOUT = 10  # seconds
FOLDER_VARIABLE = "HANDWRITING_GAN_DATA"
SHA256 = {  # of the unpacked files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
SPLITS = {"train": "train", "test": "t10k"}  # {split: prefix of its files}


class PublishedFile(NamedTuple):
    """A published file: its address and checksum."""

    url: str
    sha256: str  # of the unpacked file


class Mnist(tfds.core.GeneratorBasedBuilder):
    """MNIST in its original row order; images are byte tensors, because encoded images need TensorFlow."""

    VERSION = tfds.core.Version("1.0.0")
    FILES = {name: PublishedFile(f"{HOST}{name}.gz", sha256) for name, sha256 in SHA256.items()}

    def __init__(self, *, folder: str | None = None, **options: Any) -> None:
        """Reads the files from `folder`; without a folder it downloads them."""
        self._folder = folder
        super().__init__(**options)

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(self._features()), disable_shuffling=True,
            description="MNIST's handwritten digits in their original order.",
            homepage="http://yann.lecun.com/exdb/mnist/")

    def _features(self) -> dict[str, tfds.features.FeatureConnector]:
        return {"image": tfds.features.Tensor(shape=(SIDE, SIDE), dtype=np.uint8),
                "digit": tfds.features.ClassLabel(num_classes=DIGITS)}

    def _split_generators(self, manager: tfds.download.DownloadManager) -> dict[str, Any]:
        if self._folder:
            paths = {name: find_file(Path(self._folder), name) for name in self.FILES}
        else:
            paths = manager.download({name: file.url for name, file in self.FILES.items()})
        return {split: self._generate_examples(paths, split) for split in SPLITS}

    def _generate_examples(self, paths: dict[str, Path], split: str) -> Iterator[tuple[int, dict]]:
        images, digits = (self._array(paths, f"{SPLITS[split]}-{kind}")
                          for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))
        for row, (image, digit) in enumerate(zip(images, digits, strict=True)):
            yield row, {"image": image, "digit": int(digit)}

    def _array(self, paths: dict[str, Path], name: str) -> np.ndarray:
        return parse(read_verified(paths[name], self.FILES[name].sha256))


def find_file(folder: Path, name: str) -> Path:
    """The path of the file `name`, plain or gzipped, in the folder or its subfolders `mnist` and `qmnist`.

    Raises:
      InputError: if the folder does not hold the file.
    """
    for parent in (folder, folder / "mnist", folder / "qmnist"):
        for candidate in (parent / name, parent / f"{name}.gz"):
            try:
                if candidate.is_file():
                    return candidate
            except OSError as error:
                raise InputError(f"{candidate} cannot be read ({error.strerror})") from error
    raise InputError(f"{folder} holds no {name}(.gz); choose the data folder that holds MNIST's files, "
                     f"for example with {FOLDER_VARIABLE}")


def load(split: str, folder: str | None = None) -> Glyphs:
    """The 60,000 glyphs of 'train' or the 10,000 of 'test', in MNIST's order.

    Raises:
      InputError: if a file is missing, altered, or cannot be fetched.
    """
    columns = read(Mnist, split, folder)
    return make_glyphs(columns["image"], columns["digit"])


def read(kind: type[Mnist], split: str, folder: str | None) -> dict[str, np.ndarray]:
    """The columns of a split that a builder prepares, in MNIST's order.

    `folder` (or the environment variable HANDWRITING_GAN_DATA) holds the published files; without a folder they
    are downloaded. The first call prepares them in the user's cache folder. If that folder is not writable,
    every call prepares them again in a temporary folder.

    Raises:
      InputError: if a file is missing, altered, or cannot be fetched.
    """
    folder = folder or os.environ.get(FOLDER_VARIABLE)
    if folder:
        folder = str(local_path(folder))
        for name, file in kind.FILES.items():
            read_verified(find_file(Path(folder), name), file.sha256)
    cache_folder = cache.folder()
    if cache_folder:
        with contextlib.suppress(OSError):
            return _prepare(cache_folder / "datasets", kind, split, folder)
    try:
        with tempfile.TemporaryDirectory(prefix="handwriting_gan_") as temporary:
            return _prepare(Path(temporary), kind, split, folder)
    except OSError as error:
        raise InputError(f"the data cannot be prepared in {cache_folder} or in a temporary folder ({error}); "
                         "free disk space, or set XDG_CACHE_HOME to a writable folder") from error


def _prepare(data_dir: Path, kind: type[Mnist], split: str, folder: str | None) -> dict[str, np.ndarray]:
    """The columns of a split, prepared in `data_dir` unless they already are.

    Raises:
      InputError: if a file cannot be fetched, or array-record is missing.
      OSError: if `data_dir` is not writable.
    """
    builder = kind(folder=folder, data_dir=data_dir, file_format="array_record")
    fetch = not (folder or builder.data_path.exists())
    if fetch:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir):
            _check_hosts(builder)
    try:
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    except (OSError, tfds.download.DownloadError) as error:
        if not fetch:
            raise
        raise _cannot_fetch(builder, " or ".join(_hosts(builder)), error) from error
    except ImportError as error:
        raise InputError(f"data={builder.name} needs the package array-record, which cannot be imported "
                         f"({error}) and does not exist for Windows; use data=mnist_5k") from error
    source = builder.as_data_source(split=split)
    examples = source.__getitems__(range(len(source)))
    return {name: np.array([example[name] for example in examples]) for name in examples[0]}


def _check_hosts(builder: Mnist) -> None:
    """Sends each host one request, because TFDS retries for minutes before it fails."""
    for host, url in _hosts(builder).items():
        try:
            request = urllib.request.Request(url, method="HEAD")
            urllib.request.urlopen(request, timeout=HOST_TIMEOUT).close()
        except OSError as error:
            raise _cannot_fetch(builder, host, error) from error


def _hosts(builder: Mnist) -> dict[str, str]:
    """{address of a folder that publishes files of the builder: address of one file in it}."""
    return {file.url.rsplit("/", 1)[0] + "/": file.url for file in builder.FILES.values()}


def _cannot_fetch(builder: Mnist, host: str, error: Exception) -> InputError:
    return InputError(
        f"data={builder.name} cannot be fetched from {host} ({error}); choose a data folder that holds "
        f"{', '.join(builder.FILES)}, for example with {FOLDER_VARIABLE}, or use data=mnist_5k, which needs no "
        "network")
