"""R1 where the gradient is known."""

import jax
import jax.numpy as jnp
import pytest

from handwriting_gan.losses.gradient_penalties import r1

IMAGES = jax.random.normal(jax.random.key(0), (5, 4, 4, 1))


def test_a_linear_discriminator_pays_half_its_squared_weights() -> None:
    weights = jax.random.normal(jax.random.key(1), (4, 4, 1))
    penalty = r1(lambda images: (images * weights).sum(axis=(1, 2, 3)), IMAGES)
    assert penalty == pytest.approx(0.5 * float((weights**2).sum()), rel=1e-5)


def test_a_quadratic_discriminator_pays_what_its_images_weigh() -> None:
    penalty = r1(lambda images: (images**2).sum(axis=(1, 2, 3)), IMAGES)
    assert penalty == pytest.approx(float(2 * (IMAGES**2).sum(axis=(1, 2, 3)).mean()), rel=1e-5)


def test_a_constant_discriminator_pays_nothing() -> None:
    assert r1(lambda images: jnp.zeros(len(images)), IMAGES) == 0.0


def test_the_penalty_does_not_depend_on_how_often_an_image_stands_in_the_batch() -> None:
    def logits(images: jax.Array) -> jax.Array:
        return jnp.sin(images).sum(axis=(1, 2, 3))

    assert r1(logits, jnp.concatenate([IMAGES, IMAGES])) == pytest.approx(float(r1(logits, IMAGES)))
