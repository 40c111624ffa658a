"""MUNIT's and DRIT's networks: shapes, invariances, and which inputs each output depends on."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from handwriting_gan.networks.layers import he_normal
from handwriting_gan.networks.munit import (
    ContentDiscriminator,
    ContentEncoder,
    DomainDecoder,
    GlobalStyleEncoder,
    PatchDiscriminator,
    reflecting_conv,
)

KEY = jax.random.key(0)


@pytest.mark.parametrize(("kernel", "strides"), [(3, 1), (5, 1), (4, 2)])
def test_a_reflecting_convolution_is_flaxs(kernel: int, strides: int) -> None:
    images = jax.random.normal(KEY, (2, 8, 8, 3))
    ours = reflecting_conv(4, kernel, strides)
    theirs = nn.Conv(4, (kernel, kernel), strides, padding="REFLECT", kernel_init=he_normal)
    params = ours.init(KEY, images)
    jax.tree.map(np.testing.assert_array_equal, params, theirs.init(KEY, images))
    np.testing.assert_allclose(ours.apply(params, images), theirs.apply(params, images), atol=1e-5)


def test_contents_are_invariant_to_brightness_and_contrast() -> None:
    network, images = ContentEncoder(4, 2), jax.random.normal(jax.random.key(0), (2, 28, 28, 1))
    params = network.init(jax.random.key(1), images)
    contents = network.apply(params, images)
    assert contents.shape == (2, 7, 7, 16)
    assert not np.allclose(contents[0], contents[1])
    np.testing.assert_allclose(network.apply(params, 3.0 * images + 0.5), contents, atol=2e-3)


def test_a_style_depends_on_the_whole_image() -> None:
    network = GlobalStyleEncoder(4, 8)
    glyph = jnp.zeros((1, 28, 28, 1)).at[:, 8:16, 8:16].set(1.0)
    params = network.init(jax.random.key(1), glyph)
    style = network.apply(params, glyph)
    assert style.shape == (1, 8)
    moved = network.apply(params, jnp.roll(glyph, 4, axis=2))  # by one of the last maps' pixels
    np.testing.assert_allclose(moved, style, atol=1e-5)
    assert not np.allclose(network.apply(params, 3.0 * glyph), style)


@pytest.mark.slow  # compiles two decoders
def test_digit_and_style_each_change_the_image_of_a_content() -> None:
    network = DomainDecoder(width=4, blocks=1, perceptron_width=8, domains=10)
    contents = jnp.tile(jax.random.normal(jax.random.key(0), (1, 7, 7, 16)), (3, 1, 1, 1))
    styles = jax.random.normal(jax.random.key(1), (2, 5))[jnp.array([0, 0, 1])]
    digits = jnp.array([3, 4, 3])
    params = network.init(jax.random.key(2), contents, styles, digits)
    images = np.asarray(network.apply(params, contents, styles, digits))
    assert images.shape == (3, 28, 28, 1)
    assert np.abs(images).max() <= 1.0
    assert not np.allclose(images[0], images[1])
    assert not np.allclose(images[0], images[2])


def test_the_digit_changes_the_image_at_a_style_of_zero() -> None:
    """Encoders produce styles nearer to 0 than the prior does."""
    network = DomainDecoder(width=4, blocks=1, perceptron_width=8, domains=10)
    contents = jnp.tile(jax.random.normal(jax.random.key(0), (1, 7, 7, 16)), (2, 1, 1, 1))
    params = network.init(jax.random.key(2), contents, jnp.zeros((2, 5)), jnp.array([3, 4]))
    images = network.apply(params, contents, jnp.zeros((2, 5)), jnp.array([3, 4]))
    assert jnp.abs(images[0] - images[1]).max() > 0.1


@pytest.fixture
def images() -> jax.Array:
    return jax.random.normal(jax.random.key(0), (2, 28, 28, 1))


def test_scores_are_the_digits_maps_at_three_scales(images: jax.Array) -> None:
    network = PatchDiscriminator(4, 10)
    params = network.init(jax.random.key(1), images, jnp.array([3, 4]))
    scores = network.apply(params, images, jnp.array([3, 4]))
    assert [score.shape for score in scores] == [(2, 3, 3), (2, 1, 1), (2, 1, 1)]
    others = network.apply(params, images, jnp.array([3, 9]))
    for one, other in zip(scores, others, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        assert not np.allclose(one[1], other[1])


def test_a_score_depends_on_its_patch_alone(images: jax.Array) -> None:
    network, digits = PatchDiscriminator(4, 10), jnp.array([3, 4])
    params = network.init(jax.random.key(1), images, digits)
    fine, *_ = network.apply(params, images, digits)
    changed, *_ = network.apply(params, images.at[:, :4].set(0.0), digits)
    assert not np.allclose(fine[:, 0], changed[:, 0])
    np.testing.assert_allclose(fine[:, 2:], changed[:, 2:], atol=1e-6)


def test_the_border_of_a_constant_image_is_not_visible() -> None:
    """Padding is by reflection."""
    network, digits = PatchDiscriminator(4, 10), jnp.array([3, 4])
    image = jnp.full((2, 28, 28, 1), 0.7)
    params = network.init(jax.random.key(1), image, digits)
    fine, *_ = network.apply(params, image, digits)
    np.testing.assert_allclose(fine, jnp.broadcast_to(fine[:, 1:2, 1:2], fine.shape), rtol=1e-4)


def test_the_discriminator_has_the_parameters_of_three_scales(images: jax.Array) -> None:
    """Three convolutions at the first two scales, two at the third, and at each a map of every domain."""
    shapes = jax.eval_shape(PatchDiscriminator(4, 10).init, KEY, images, jnp.array([3, 4]))
    first, second, third = (16 * 1 + 1) * 4, (16 * 4 + 1) * 8, (16 * 8 + 1) * 16
    expected = 2 * (first + second + third + (16 + 1) * 10) + first + second + (8 + 1) * 10
    assert sum(x.size for x in jax.tree.leaves(shapes)) == expected == 6_322


def test_there_is_a_logit_for_each_domain_of_each_content() -> None:
    network, contents = ContentDiscriminator(10), jax.random.normal(jax.random.key(0), (3, 7, 7, 8))
    params = network.init(jax.random.key(1), contents)
    logits = network.apply(params, contents)
    assert logits.shape == (3, 10)
    assert not np.allclose(logits[0], logits[1])
    np.testing.assert_allclose(network.apply(params, contents[1:2])[0], logits[1], atol=1e-5)
