"""Pooling is the product of Gaussian beliefs; what a glyph tells."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.hand_encoder import HandEncoder, StylePooling

DIGITS, REFERENCES, STYLE = 10, 5, 3
READ, TARGETS = jnp.array([0, 1, 1, 7, 9]), jnp.array([4, 8])
ALL = jnp.ones((len(TARGETS), REFERENCES), bool)
apply = jax.jit(StylePooling(DIGITS).apply)


@pytest.fixture
def relevance(rng: np.random.Generator) -> jax.Array:
    return jnp.asarray(rng.normal(size=(DIGITS, DIGITS, STYLE)), jnp.float32)


@pytest.fixture
def beliefs(rng: np.random.Generator) -> tuple[jax.Array, jax.Array]:
    """Values and log precisions."""
    return tuple(jnp.asarray(rng.normal(size=(REFERENCES, STYLE)), jnp.float32) for _ in range(2))


def pool(relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array], read: jax.Array = READ,
         targets: jax.Array = TARGETS, given: jax.Array = ALL) -> np.ndarray:
    return np.asarray(apply({"params": {"relevance": relevance}}, *beliefs, read, targets, given))


def test_the_style_is_the_mean_of_the_product_of_the_prior_and_all_beliefs(
        relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array]) -> None:
    """The product's logarithm is a parabola: its peak, found by fitting one, is the mean."""
    found, x = pool(relevance, beliefs), np.linspace(-3.0, 3.0, 101)
    for target, digit in enumerate(TARGETS):
        for dimension in range(STYLE):
            logarithm = -0.5 * x**2
            told = (np.asarray(belief)[:, dimension] for belief in beliefs)
            for value, sureness, read in zip(*told, READ, strict=True):
                precision = np.exp(sureness + relevance[digit, read, dimension])
                logarithm = logarithm - 0.5 * precision * (x - value)**2
            curvature, slope, _ = np.polyfit(x, logarithm, 2)
            assert found[target, dimension] == pytest.approx(-slope / (2 * curvature), abs=1e-4)


def test_the_order_of_the_references_does_not_matter(
        relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array], rng: np.random.Generator) -> None:
    order = rng.permutation(REFERENCES)
    shuffled = tuple(belief[order] for belief in beliefs)
    np.testing.assert_allclose(pool(relevance, shuffled, READ[order]), pool(relevance, beliefs), rtol=1e-5)


def test_what_is_not_given_tells_nothing(
        relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array]) -> None:
    given = ALL.at[1, 2:].set(False)
    few = pool(relevance, tuple(belief[:2] for belief in beliefs), READ[:2], TARGETS[1:], ALL[:1, :2])
    found = pool(relevance, beliefs, given=given)
    np.testing.assert_allclose(found[1], few[0], rtol=1e-6)
    np.testing.assert_allclose(found[0], pool(relevance, beliefs)[0], rtol=1e-6)
    assert not pool(relevance, beliefs, given=ALL & False).any()  # the mean hand


def test_a_reference_that_counts_twice_is_as_good_as_given_twice(
        relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array]) -> None:
    twice = jnp.array([0, 1, 2, 3, 3, 4])
    listed = pool(relevance, tuple(belief[twice] for belief in beliefs), READ[twice],
                  given=jnp.ones((len(TARGETS), len(twice)), bool))
    found = pool(relevance, beliefs, given=jnp.ones((len(TARGETS), REFERENCES)).at[:, 3].set(2.0))
    np.testing.assert_allclose(found, listed, rtol=1e-5)


def test_the_more_references_agree_the_nearer_the_style_comes_to_what_they_tell() -> None:
    told = jnp.full((REFERENCES, 1), 2.0), jnp.zeros((REFERENCES, 1))
    equally = jnp.zeros((DIGITS, DIGITS, 1))
    for count in range(REFERENCES + 1):
        found = pool(equally, told, given=ALL & (jnp.arange(REFERENCES) < count))
        np.testing.assert_allclose(found, 2.0 * count / (1 + count), rtol=1e-6)


def test_leading_axes_are_pooled_each_alone(
        relevance: jax.Array, rng: np.random.Generator) -> None:
    beliefs = tuple(jnp.asarray(rng.normal(size=(2, 4, REFERENCES, STYLE)), jnp.float32) for _ in range(2))
    read, targets = rng.integers(0, DIGITS, (2, 4, REFERENCES)), rng.integers(0, DIGITS, (2, 1, 3))
    given = jnp.asarray(rng.random((2, 4, 3, REFERENCES)) < 0.5)
    whole = pool(relevance, beliefs, read, targets, given)
    assert whole.shape == (2, 4, 3, STYLE)
    alone = pool(relevance, tuple(belief[1, 2] for belief in beliefs), read[1, 2], targets[1, 0], given[1, 2])
    np.testing.assert_allclose(whole[1, 2], alone, rtol=1e-5)


def test_an_untrained_encoder_is_equally_sure_of_every_glyph() -> None:
    encoder, images = HandEncoder(4, STYLE, DIGITS), jax.random.normal(jax.random.key(1), (2, 28, 28, 1))
    params = jax.jit(encoder.init)(jax.random.key(0), images, jnp.array([1, 7]))
    values, log_precisions = jax.jit(encoder.apply)(params, images, jnp.array([1, 7]))
    assert values.shape == log_precisions.shape == (2, STYLE)
    assert not log_precisions.any()
    assert not np.allclose(values[0], values[1])
