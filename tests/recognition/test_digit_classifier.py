"""The classifier in the package reads digits that it was not fitted on, in any number."""

import os
from pathlib import Path

import numpy as np
import pytest

from handwriting_gan.data import mnist
from handwriting_gan.data.glyphs import DIGITS, Glyphs, make_glyphs
from handwriting_gan.data.idx import parse, read_verified
from handwriting_gan.errors import InputError
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.recognition.chunks import CHUNK
from handwriting_gan.recognition.digit_classifier import FEATURES, Reader

FOLDER = os.environ.get(mnist.FOLDER_VARIABLE)


@pytest.fixture(scope="module")
def reader() -> Reader:
    return digit_classifier.load()


@pytest.fixture(scope="module")
def many(glyphs: Glyphs, held_out: Glyphs) -> np.ndarray:
    """1,203 glyphs: nine full chunks and a part of one."""
    images = np.concatenate([held_out.images, glyphs.images[::19][:203]])
    assert len(images) % CHUNK
    return images


@pytest.fixture(scope="module")
def probabilities(reader: Reader, many: np.ndarray) -> np.ndarray:
    return reader.probabilities(many)


@pytest.mark.parametrize("method", ["digits", "probabilities", "features", "layers", "digits_and_features",
                                    "probabilities_and_features"])
@pytest.mark.parametrize("images", [
    np.zeros((2, 28, 28)), np.zeros((2, 28, 28), bool), np.zeros((28, 28), np.uint8),
    np.zeros((2, 27, 28), np.uint8), np.zeros((0, 28, 28), np.uint8),
])
def test_other_images_than_glyphs_are_refused(method: str, images: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"images must be uint8 \[N, 28, 28\]|at least one glyph"):
        getattr(Reader({}, ""), method)(images)


def test_accuracy_on_the_embedded_glyphs(probabilities: np.ndarray, held_out: Glyphs) -> None:
    """The classifier was fitted on these glyphs too: they are part of MNIST's training set."""
    read = probabilities[:len(held_out.digits)].argmax(axis=1)
    assert np.mean(read == held_out.digits) >= 0.99


@pytest.mark.slow  # the embedded glyphs have a fast test
@pytest.mark.skipif(
    not FOLDER, reason=f"{mnist.FOLDER_VARIABLE} names no folder with MNIST's IDX files")
def test_accuracy_on_mnists_test_set(reader: Reader) -> None:
    images, digits = (
        parse(read_verified(mnist.find_file(Path(FOLDER), name), mnist.SHA256[name]))
        for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"))
    test = make_glyphs(images, digits)
    assert np.mean(reader.digits(test.images) == test.digits) >= 0.99


def test_probabilities_sum_to_one(probabilities: np.ndarray, many: np.ndarray) -> None:
    assert probabilities.shape == (len(many), DIGITS)
    assert probabilities.min() >= 0.0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)


def test_digits_are_the_most_probable(reader: Reader, probabilities: np.ndarray,
                                         many: np.ndarray) -> None:
    digits = reader.digits(many)
    assert digits.dtype == np.int32
    np.testing.assert_array_equal(digits, probabilities.argmax(axis=1))


def test_a_glyph_has_the_same_probabilities_alone_and_among_1203(reader: Reader, probabilities: np.ndarray,
                                             many: np.ndarray) -> None:
    for row in (0, CHUNK - 1, CHUNK, len(many) - 1):
        alone = reader.probabilities(many[row:row + 1])
        np.testing.assert_allclose(alone, probabilities[row:row + 1], atol=1e-5)


def test_chunks_keep_every_row_of_features_and_layers(reader: Reader, many: np.ndarray) -> None:
    few = many[[0, CHUNK, len(many) - 1]]
    features, layers = reader.features(many), reader.layers(many)
    assert features.shape == (len(many), FEATURES)
    assert [layer.shape for layer in layers] == [
        (len(many), 28, 28, 16), (len(many), 14, 14, 32), (len(many), 7, 7, 64)]
    for whole, alone in [(features, reader.features(few)),
                         *zip(layers, reader.layers(few), strict=True)]:
        np.testing.assert_allclose(alone, whole[[0, CHUNK, -1]], atol=1e-3)
        assert whole.min() >= 0.0


def test_digits_and_features_equal_the_single_calls(reader: Reader, probabilities: np.ndarray,
                                                  many: np.ndarray) -> None:
    few = [0, CHUNK, len(many) - 1]
    digits, features = reader.digits_and_features(many[few])
    assert digits.dtype == np.int32
    np.testing.assert_array_equal(digits, probabilities[few].argmax(axis=1))
    np.testing.assert_allclose(features, reader.features(many[few]), atol=1e-3)


def test_the_classifier_is_loaded_once(reader: Reader) -> None:
    assert digit_classifier.load() is reader


def test_an_error_names_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.npz"):
        digit_classifier.load(tmp_path / "absent.npz")


def test_probabilities_and_features_equal_the_single_calls(held_out: Glyphs) -> None:
    reader = digit_classifier.load()
    probabilities, features = reader.probabilities_and_features(held_out.images[::100])
    np.testing.assert_allclose(probabilities, reader.probabilities(held_out.images[::100]), atol=1e-6)
    np.testing.assert_allclose(features, reader.features(held_out.images[::100]), rtol=1e-5, atol=1e-5)
