"""Fitting the classifier is a pure function of glyphs and seed, and what it moves stays an image."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from handwriting_gan.data.glyphs import SIDE, Glyphs, to_network
from handwriting_gan.recognition import fit_digit_classifier
from handwriting_gan.recognition.digit_classifier import Reader

KEY = jax.random.key(0)
MOST_SHIFT = 2.0 * np.sqrt(2) / (1 - 0.24)  # the longest shift under the matrix that shrinks most
move = jax.jit(fit_digit_classifier.move)


@pytest.fixture(scope="module")
def images(held_out: Glyphs) -> jax.Array:
    """Sixteen images as inside a network."""
    return to_network(jnp.asarray(held_out.images[::63]))


def test_paper_stays_paper() -> None:
    paper = jnp.full((16, SIDE, SIDE, 1), -1.0)
    np.testing.assert_allclose(move(paper, KEY), paper)


def test_what_comes_in_at_the_border_is_paper() -> None:
    ink = move(jnp.ones((16, SIDE, SIDE, 1)), KEY)
    np.testing.assert_allclose(ink[:, 8:20, 8:20], 1.0, atol=1e-5)
    assert ink.min() == -1.0


def test_moved_images_stay_in_range(images: jax.Array) -> None:
    moved = move(images, KEY)
    assert moved.shape == images.shape
    assert -1.0 <= moved.min() < moved.max() <= 1.0


def test_moving_is_a_pure_function_of_the_key(images: jax.Array) -> None:
    np.testing.assert_array_equal(move(images, KEY), move(images, KEY))
    assert not np.array_equal(move(images, KEY), move(images, jax.random.key(1)))


def test_every_image_of_a_batch_is_moved_in_its_own_way(images: jax.Array) -> None:
    same = move(jnp.repeat(images[:1], 16, axis=0), KEY)
    assert len({np.asarray(image).tobytes() for image in same}) == 16


def test_a_dot_in_the_middle_moves_only_a_little() -> None:
    dots = np.full((16, SIDE, SIDE, 1), -1.0, np.float32)
    dots[:, 13:15, 13:15] = 1.0
    centre = (SIDE - 1) / 2
    for image in np.asarray(move(dots, KEY)):
        place = ndimage.center_of_mass(image[..., 0] + 1.0)
        distance = np.hypot(place[0] - centre, place[1] - centre)
        assert 0.0 < distance < MOST_SHIFT + 0.5


@pytest.fixture(scope="module")
def fitted(glyphs: Glyphs) -> list[dict[str, Any]]:
    """Twice the last parameters of 90 small steps, by the same seed."""
    some = glyphs.take(slice(None, None, 13))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(fit_digit_classifier, "BATCH", 10)
        monkeypatch.setattr(fit_digit_classifier, "AVERAGING", 0.0)
        return [fit_digit_classifier.fit(some, steps=90, seed=5) for _ in range(2)]


def test_the_same_seed_fits_the_same_weights(fitted: list[dict[str, Any]]) -> None:
    jax.tree.map(np.testing.assert_array_equal, *fitted)


def test_three_epochs_on_300_glyphs_read_far_better_than_chance(
        fitted: list[dict[str, Any]], held_out: Glyphs) -> None:
    some = held_out.take(slice(None, None, 4))
    read = Reader(fitted[0], sha256="").digits(some.images)
    assert np.mean(read == some.digits) > 0.4
