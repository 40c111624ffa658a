"""Embeddings are unit vectors, their mean is a hand, and hands distinguish unseen writers."""

import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.data import mnist
from handwriting_gan.data.glyphs import SIDE, Glyphs, make_glyphs
from handwriting_gan.data.hands import sample_episodes
from handwriting_gan.data.idx import parse, read_verified
from handwriting_gan.data.mnist_writers import DIGIT, LABELS, SERIES, WRITER, MnistWriters, is_validation
from handwriting_gan.errors import InputError
from handwriting_gan.metrics.writer_verification import area_under_curve
from handwriting_gan.recognition import archive, chunks, writer_encoder
from handwriting_gan.recognition.writer_encoder import ARCHITECTURES, ByDigit, ResidualBlock, WriterEncoder, hand

FOLDER = os.environ.get(mnist.FOLDER_VARIABLE)
ROWS = np.arange(0, 1000, 143)  # seven embedded glyphs
CHUNK = 3
IMAGE, ONE_DIGIT = jnp.zeros((1, SIDE, SIDE, 1)), jnp.zeros(1, int)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def encoder(request: pytest.FixtureRequest) -> WriterEncoder:
    return writer_encoder.load(request.param)


@pytest.fixture(scope="module")
def embeddings(encoder: WriterEncoder, held_out: Glyphs) -> np.ndarray:
    """Seven glyphs in two full chunks and a part of one."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(chunks, "CHUNK", CHUNK)
        return encoder.embed(held_out.images[ROWS], held_out.digits[ROWS])


@pytest.mark.parametrize(("images", "digits"), [
    (np.zeros((2, SIDE, SIDE)), [0, 1]), (np.zeros((2, SIDE, SIDE), np.uint8), [0, 12]),
    (np.zeros((2, SIDE, SIDE), np.uint8), [0.0, 1.0]), (np.zeros((2, SIDE, SIDE), np.uint8), [0]),
    (np.zeros((0, SIDE, SIDE), np.uint8), []),
])
def test_invalid_images_and_digits_are_refused(images: np.ndarray, digits: list) -> None:
    with pytest.raises(ValueError, match=r"must be|at least one glyph"):
        WriterEncoder("judge", {}, "").embed(images, digits)


def test_an_embedding_has_unit_length(encoder: WriterEncoder, embeddings: np.ndarray) -> None:
    assert embeddings.shape == (len(ROWS), ARCHITECTURES[encoder.name].network.embedding)
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-5)


def test_an_embedding_does_not_depend_on_the_other_glyphs(
        encoder: WriterEncoder, embeddings: np.ndarray, held_out: Glyphs) -> None:
    for few in ([6, 1, 3], [0, 5, 2]):
        again = encoder.embed(held_out.images[ROWS[few]], held_out.digits[ROWS[few]])
        np.testing.assert_allclose(again, embeddings[few], atol=1e-4)


def test_an_embedding_depends_on_the_glyph_and_on_its_digit(
        encoder: WriterEncoder, embeddings: np.ndarray, held_out: Glyphs) -> None:
    assert np.abs(embeddings[1:] - embeddings[0]).max(axis=1).min() > 1e-3
    other = encoder.embed(held_out.images[ROWS[:CHUNK]], (held_out.digits[ROWS[:CHUNK]] + 1) % 10)
    assert np.abs(other - embeddings[:CHUNK]).max(axis=1).min() > 1e-3


def test_a_blank_glyph_has_an_embedding(encoder: WriterEncoder) -> None:
    blank = encoder.embed(np.zeros((CHUNK, SIDE, SIDE), np.uint8), np.arange(CHUNK))
    np.testing.assert_allclose(np.linalg.norm(blank, axis=1), 1.0, atol=1e-5)


def test_the_weights_have_the_shapes_of_their_network(encoder: WriterEncoder) -> None:
    shapes = jax.eval_shape(ARCHITECTURES[encoder.name].network.init, jax.random.key(0), IMAGE, ONE_DIGIT)["params"]
    assert jax.tree.map(jnp.shape, encoder.params) == jax.tree.map(jnp.shape, shapes)


def test_the_two_encoders_differ_in_architecture_and_weights() -> None:
    one, other = (writer_encoder.load(name) for name in ARCHITECTURES)
    assert type(ARCHITECTURES[one.name].network) is not type(ARCHITECTURES[other.name].network)
    assert one.sha256 != other.sha256


def test_an_encoder_is_loaded_once(encoder: WriterEncoder) -> None:
    assert writer_encoder.load(encoder.name) is encoder


def test_an_error_names_missing_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(archive, "FOLDER", tmp_path)
    with pytest.raises(InputError, match=r"second_writer_encoder\.npz"):
        writer_encoder.load.__wrapped__("second")


@pytest.mark.parametrize("layer", [ByDigit(), ResidualBlock()])
def test_conditional_layers_are_initially_the_identity(
        layer: ByDigit | ResidualBlock, rng: np.random.Generator) -> None:
    x, digits = rng.normal(size=(2, 3, 3, 4)).astype(np.float32), jnp.array([3, 8])
    found, params = layer.init_with_output(jax.random.key(0), x, digits)
    np.testing.assert_array_equal(found, x)
    moved = layer.apply(jax.tree.map(lambda w: w + 0.5, params), x, digits)
    assert not np.allclose(moved, x)


def test_a_hand_is_the_direction_of_the_mean() -> None:
    """The mean of (1, 0) and (0, 1) is (.5, .5); of (1, 0), (1, 0) and (-.6, .8) it is (1.4, .8) / 3."""
    assert hand(np.array([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx([np.sqrt(0.5)] * 2)
    found = hand(np.array([[1.0, 0.0], [1.0, 0.0], [-0.6, 0.8]]))
    assert found == pytest.approx(np.array([1.4, 0.8]) / np.hypot(1.4, 0.8))


def test_leading_axes_are_independent(rng: np.random.Generator) -> None:
    vectors = rng.normal(size=(2, 3, 4, 5))
    found = hand(vectors)
    assert found.shape == (2, 3, 5)
    np.testing.assert_allclose(found[1, 2], hand(vectors[1, 2]))
    np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0)


def test_opposite_embeddings_give_a_zero_vector() -> None:
    assert hand(np.array([[0.6, 0.8], [-0.6, -0.8]])).tolist() == [0.0, 0.0]


@pytest.fixture(scope="module")
def unseen() -> Glyphs:
    """The glyphs of the 58 validation writers, read without the user's cache."""
    images, labels = (
        parse(read_verified(mnist.find_file(Path(FOLDER), name), MnistWriters.FILES[name].sha256))
        for name in ("train-images-idx3-ubyte", LABELS["train"]))
    rows = np.flatnonzero(is_validation(labels[:len(images), WRITER]))
    labels = labels[rows]
    return make_glyphs(images[rows], labels[:, DIGIT], labels[:, WRITER], labels[:, SERIES])


@pytest.mark.slow  # embeds 5,446 glyphs
@pytest.mark.skipif(
    not FOLDER, reason=f"{mnist.FOLDER_VARIABLE} names no folder with MNIST's and QMNIST's files")
def test_three_glyphs_distinguish_an_unseen_writer_from_others_of_the_series(
        encoder: WriterEncoder, unseen: Glyphs) -> None:
    episodes = sample_episodes(unseen, references=3, seed=0)
    embeddings = encoder.embed(unseen.images, unseen.digits)
    scores = embeddings[episodes.targets] @ hand(embeddings[episodes.references]).T
    queries = unseen.take(episodes.targets)
    impostor = ((queries.digits[:, None] == queries.digits) & (queries.series[:, None] == queries.series)
                & (queries.writers[:, None] != queries.writers))
    assert len(np.unique(queries.writers)) == 58
    assert area_under_curve(scores, impostor, queries.writers).value > 0.75
