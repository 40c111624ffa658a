"""Contrastive matching against the formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.losses.matching import INVERSE_TEMPERATURE, contrastive_matching

WRITERS, GLYPHS, STYLE = 4, 6, 5
OWNERS = jnp.array([0, 0, 1, 2, 3, 3])


@pytest.fixture
def values(rng: np.random.Generator) -> jax.Array:
    return jnp.asarray(rng.normal(size=(GLYPHS, STYLE)), jnp.float32)


@pytest.fixture
def styles(rng: np.random.Generator) -> jax.Array:
    return jnp.asarray(rng.normal(size=(WRITERS, GLYPHS, STYLE)), jnp.float32)


def test_it_is_the_cross_entropy_of_a_softmax_over_cosines(values: jax.Array, styles: jax.Array) -> None:
    losses = []
    for index, owner in enumerate(OWNERS):
        one = np.asarray(values[index], np.float64)
        cosines = [np.dot(one, other) / np.linalg.norm(one) / np.linalg.norm(other)
                   for other in np.asarray(styles[:, index], np.float64)]
        odds = np.exp(INVERSE_TEMPERATURE * np.array(cosines))
        losses.append(-np.log(odds[owner] / odds.sum()))
    assert contrastive_matching(values, styles, OWNERS) == pytest.approx(np.mean(losses), rel=1e-4)


def test_equal_styles_cost_the_logarithm_of_the_number_of_writers(values: jax.Array, styles: jax.Array) -> None:
    same = jnp.broadcast_to(styles[:1], styles.shape)
    assert contrastive_matching(values, same, OWNERS) == pytest.approx(np.log(WRITERS), rel=1e-5)


def test_the_length_of_a_style_has_no_effect(values: jax.Array, styles: jax.Array) -> None:
    assert contrastive_matching(3 * values, 7 * styles, OWNERS) == pytest.approx(
        float(contrastive_matching(values, styles, OWNERS)), rel=1e-5)


def test_the_loss_is_least_for_the_owners_style(styles: jax.Array) -> None:
    own = styles[OWNERS, jnp.arange(GLYPHS)]
    least = contrastive_matching(own, styles, OWNERS)
    assert least < contrastive_matching(styles[0], styles, OWNERS)
    assert least < 0.1


def test_a_zero_style_has_a_finite_gradient(values: jax.Array, styles: jax.Array) -> None:
    gradients = jax.grad(contrastive_matching, (0, 1))(0 * values, 0 * styles, OWNERS)
    assert all(np.isfinite(gradient).all() for gradient in gradients)
