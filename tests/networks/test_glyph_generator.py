"""The generator draws by digit, style and latent, and can leave paper as it is."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.glyph_generator import GlyphGenerator

KEY = jax.random.key(0)
GENERATOR = GlyphGenerator(8, 10)
DIGITS = jnp.array([4, 8])
draw = jax.jit(GENERATOR.apply)


@pytest.fixture(scope="module")
def codes() -> tuple[jax.Array, jax.Array]:
    """Styles and latents."""
    return jax.random.normal(KEY, (2, 6)), jax.random.normal(jax.random.key(1), (2, 3))


@pytest.fixture(scope="module")
def params(codes: tuple[jax.Array, jax.Array]) -> dict:
    """Such as nothing is zero in."""
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda x: rng.normal(0.0, 0.2, x.shape).astype(np.float32),
                        jax.eval_shape(GENERATOR.init, KEY, DIGITS, *codes))


def test_images_are_ink_on_paper(params: dict, codes: tuple[jax.Array, jax.Array]) -> None:
    images = draw(params, DIGITS, *codes)
    assert images.shape == (2, 28, 28, 1)
    assert -1.0 <= images.min() < images.max() <= 1.0


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_digit_style_and_latent_each_change_their_own_image_alone(
        changed: int, params: dict, codes: tuple[jax.Array, jax.Array]) -> None:
    inputs = [DIGITS, *codes]
    before = draw(params, *inputs)
    inputs[changed] = inputs[changed].at[1].add(1)
    after = draw(params, *inputs)
    np.testing.assert_allclose(before[0], after[0], atol=1e-5)
    assert jnp.abs(before[1] - after[1]).max() > 0.01


def test_paper_is_exactly_paper(params: dict, codes: tuple[jax.Array, jax.Array]) -> None:
    """Unlike a tanh's, whose least grey counts as part of the glyph where its box is measured."""
    last = max(params["params"], key=lambda name: (name.startswith("Conv"), name))
    darker = jax.tree.map(jnp.array, params)
    darker["params"][last]["bias"] -= 100.0
    np.testing.assert_array_equal(draw(darker, DIGITS, *codes), -1.0)
