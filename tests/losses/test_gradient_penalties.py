"""R1 and WGAN-GP where the gradient is known."""

import jax
import jax.numpy as jnp
import pytest

from handwriting_gan.losses.gradient_penalties import r1, r2, unit_gradient

IMAGES = jax.random.normal(jax.random.key(0), (5, 4, 4, 1))


def test_r1_of_a_linear_discriminator_is_half_its_squared_weights() -> None:
    weights = jax.random.normal(jax.random.key(1), (4, 4, 1))
    penalty = r1(lambda images: (images * weights).sum(axis=(1, 2, 3)), IMAGES)
    assert penalty == pytest.approx(0.5 * float((weights**2).sum()), rel=1e-5)


def test_r1_of_a_quadratic_discriminator_is_twice_its_squared_images() -> None:
    penalty = r1(lambda images: (images**2).sum(axis=(1, 2, 3)), IMAGES)
    assert penalty == pytest.approx(float(2 * (IMAGES**2).sum(axis=(1, 2, 3)).mean()), rel=1e-5)


def test_r1_of_a_constant_discriminator_is_0() -> None:
    assert r1(lambda images: jnp.zeros(len(images)), IMAGES) == 0.0


def test_r1_is_a_mean_over_the_batch() -> None:
    def logits(images: jax.Array) -> jax.Array:
        return jnp.sin(images).sum(axis=(1, 2, 3))

    assert r1(logits, jnp.concatenate([IMAGES, IMAGES])) == pytest.approx(float(r1(logits, IMAGES)))


def test_r2_is_the_same_penalty_on_fakes() -> None:
    fakes = jnp.stack([jnp.full((2, 2, 1), 0.5), jnp.full((2, 2, 1), 2.0)])
    # The gradient of the sum of squares is twice the image, of squared norm 4 and 64; their mean is halved.
    assert r2(lambda images: (images**2).sum(axis=(1, 2, 3)), fakes) == pytest.approx(17.0)


FAKES, FRACTIONS = jax.random.normal(jax.random.key(2), IMAGES.shape), jnp.linspace(0.0, 1.0, len(IMAGES))


@pytest.mark.parametrize("norm", [0.25, 1.0, 3.0])
def test_the_penalty_of_a_linear_critic_is_the_squared_difference_of_its_norm_from_1(norm: float) -> None:
    weights = jax.random.normal(jax.random.key(1), (4, 4, 1))
    weights *= norm / jnp.linalg.norm(weights)
    penalty = unit_gradient(lambda images: images * weights, IMAGES, FAKES, FRACTIONS)
    assert penalty == pytest.approx((norm - 1.0)**2, rel=1e-4, abs=1e-10)


def test_the_gradient_is_at_the_interpolation_of_real_and_fake() -> None:
    between = FRACTIONS[:, None, None, None] * IMAGES + (1.0 - FRACTIONS[:, None, None, None]) * FAKES
    norms = jnp.sqrt((4.0 * between**2).sum(axis=(1, 2, 3)))
    penalty = unit_gradient(lambda images: images**2, IMAGES, FAKES, FRACTIONS)
    assert penalty == pytest.approx(float(jnp.mean((norms - 1.0)**2)), rel=1e-5)


def test_the_penalty_of_a_constant_critic_has_a_finite_gradient() -> None:
    def penalty(weight: jax.Array) -> jax.Array:
        return unit_gradient(lambda images: weight * images, IMAGES, FAKES, FRACTIONS)

    assert penalty(jnp.float32(0.0)) == pytest.approx(1.0, rel=1e-5)
    assert jnp.isfinite(jax.grad(penalty)(jnp.float32(0.0)))
