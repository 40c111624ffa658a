"""Fitting is a pure function of glyphs and seed; the random affine maps keep images valid."""

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
MAXIMAL_SHIFT = 2.0 * np.sqrt(2) / (1 - 0.24)  # the longest shift with the smallest scale
random_affine = jax.jit(fit_digit_classifier.random_affine)


@pytest.fixture(scope="module")
def images(held_out: Glyphs) -> jax.Array:
    """Sixteen network images."""
    return to_network(jnp.asarray(held_out.images[::63]))


def test_paper_stays_paper() -> None:
    paper = jnp.full((16, SIDE, SIDE, 1), -1.0)
    np.testing.assert_allclose(random_affine(paper, KEY), paper)


def test_the_outside_of_an_image_is_paper() -> None:
    ink = random_affine(jnp.ones((16, SIDE, SIDE, 1)), KEY)
    np.testing.assert_allclose(ink[:, 8:20, 8:20], 1.0, atol=1e-5)
    assert ink.min() == -1.0


def test_values_stay_in_range(images: jax.Array) -> None:
    moved = random_affine(images, KEY)
    assert moved.shape == images.shape
    assert -1.0 <= moved.min() < moved.max() <= 1.0


def test_the_map_is_a_pure_function_of_the_key(images: jax.Array) -> None:
    np.testing.assert_array_equal(random_affine(images, KEY), random_affine(images, KEY))
    assert not np.array_equal(random_affine(images, KEY), random_affine(images, jax.random.key(1)))


def test_every_image_of_a_batch_has_its_own_map(images: jax.Array) -> None:
    same = random_affine(jnp.repeat(images[:1], 16, axis=0), KEY)
    assert len({np.asarray(image).tobytes() for image in same}) == 16


def test_a_central_dot_moves_by_at_most_the_maximal_shift() -> None:
    dots = np.full((16, SIDE, SIDE, 1), -1.0, np.float32)
    dots[:, 13:15, 13:15] = 1.0
    centre = (SIDE - 1) / 2
    for image in np.asarray(random_affine(dots, KEY)):
        dot = ndimage.center_of_mass(image[..., 0] + 1.0)
        distance = np.hypot(dot[0] - centre, dot[1] - centre)
        assert 0.0 < distance < MAXIMAL_SHIFT + 0.5


@pytest.fixture(scope="module")
def fitted(glyphs: Glyphs) -> list[dict[str, Any]]:
    """The last parameters of two fits of 90 small steps with the same seed."""
    some = glyphs.take(slice(None, None, 13))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(fit_digit_classifier, "BATCH", 10)
        monkeypatch.setattr(fit_digit_classifier, "EMA_DECAY", 0.0)
        return [fit_digit_classifier.fit(some, steps=90, seed=5) for _ in range(2)]


@pytest.mark.slow  # it fits twice
def test_the_same_seed_fits_the_same_weights(fitted: list[dict[str, Any]]) -> None:
    jax.tree.map(np.testing.assert_array_equal, *fitted)


@pytest.mark.slow  # it fits twice
def test_three_epochs_on_300_glyphs_beat_chance(
        fitted: list[dict[str, Any]], held_out: Glyphs) -> None:
    some = held_out.take(slice(None, None, 4))
    read = Reader(fitted[0], sha256="").digits(some.images)
    assert np.mean(read == some.digits) > 0.4
