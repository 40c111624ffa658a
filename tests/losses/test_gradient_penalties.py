"""R1 and WGAN-GP where the gradient is known."""

import jax
import jax.numpy as jnp
import pytest

from handwriting_gan.losses.gradient_penalties import r1, unit_gradient

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


FAKES, SHARES = jax.random.normal(jax.random.key(2), IMAGES.shape), jnp.linspace(0.0, 1.0, len(IMAGES))


@pytest.mark.parametrize("norm", [0.25, 1.0, 3.0])
def test_a_linear_critic_pays_the_square_of_what_its_weights_norm_lacks_of_1(norm: float) -> None:
    weights = jax.random.normal(jax.random.key(1), (4, 4, 1))
    weights *= norm / jnp.linalg.norm(weights)
    penalty = unit_gradient(lambda images: images * weights, IMAGES, FAKES, SHARES)
    assert penalty == pytest.approx((norm - 1.0)**2, rel=1e-4, abs=1e-10)


def test_the_gradient_is_taken_where_the_share_says_between_real_and_fake() -> None:
    between = SHARES[:, None, None, None] * IMAGES + (1.0 - SHARES[:, None, None, None]) * FAKES
    norms = jnp.sqrt((4.0 * between**2).sum(axis=(1, 2, 3)))
    penalty = unit_gradient(lambda images: images**2, IMAGES, FAKES, SHARES)
    assert penalty == pytest.approx(float(jnp.mean((norms - 1.0)**2)), rel=1e-5)


def test_where_a_critic_has_no_gradient_its_penalty_has_still_one() -> None:
    def penalty(weight: jax.Array) -> jax.Array:
        return unit_gradient(lambda images: weight * images, IMAGES, FAKES, SHARES)

    assert penalty(jnp.float32(0.0)) == pytest.approx(1.0, rel=1e-5)
    assert jnp.isfinite(jax.grad(penalty)(jnp.float32(0.0)))
