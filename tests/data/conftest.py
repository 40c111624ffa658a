"""Folders and hosts for the sources that read MNIST's published files."""

import io
import os
import urllib.request
from pathlib import Path

import pytest
import tensorflow_datasets as tfds

from handwriting_gan.data import mnist


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with links to MNIST's four files that a test can replace; needs the environment's folder."""
    links = tmp_path / "mnist"
    links.mkdir()
    for name in mnist.SHA256:
        path = mnist.find_file(Path(os.environ[mnist.FOLDER_VARIABLE]), name)
        (links / path.name).symlink_to(path.resolve())
    return tmp_path


@pytest.fixture
def requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The requested downloads, with no data folder, an empty cache, and hosts whose downloads fail."""
    requests = []

    def download(manager: object, urls: dict[str, str]) -> None:
        requests.append(urls)
        raise OSError("connection lost")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv(mnist.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: io.BytesIO())
    monkeypatch.setattr(tfds.download.DownloadManager, "download", download)
    return requests
