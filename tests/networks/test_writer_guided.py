"""The writer-guided networks: which inputs each output depends on; pooling as a product of Gaussians."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.writer_guided import (
    GlyphGenerator,
    GlyphTrunk,
    HandEncoder,
    MatchingDiscriminator,
    PosteriorEncoder,
    StylePooling,
)

KEY = jax.random.key(0)
DOMAINS, REFERENCES, STYLE = 10, 5, 3
DIGITS = jnp.array([4, 8])
READ, TARGETS = jnp.array([0, 1, 1, 7, 9]), jnp.array([4, 8])
ALL = jnp.ones((len(TARGETS), REFERENCES), bool)


def test_trunk_features_are_four_widths_and_depend_on_the_digit() -> None:
    trunk, images = GlyphTrunk(4, 10), jax.random.normal(KEY, (3, 28, 28, 1))
    params = trunk.init(KEY, images, jnp.zeros(3, jnp.int32))
    features = trunk.apply(params, images, jnp.array([7, 7, 2]))
    assert features.shape == (3, 16)
    others = trunk.apply(params, images, jnp.array([7, 2, 2]))
    np.testing.assert_allclose(features[0], others[0], rtol=1e-5)
    assert not np.allclose(features[1], others[1])


# The hand encoder and the pooling.


@pytest.fixture
def relevance(rng: np.random.Generator) -> jax.Array:
    return jnp.asarray(rng.normal(size=(DOMAINS, DOMAINS, STYLE)), jnp.float32)


@pytest.fixture
def beliefs(rng: np.random.Generator) -> tuple[jax.Array, jax.Array]:
    """Values and log precisions."""
    return tuple(jnp.asarray(rng.normal(size=(REFERENCES, STYLE)), jnp.float32) for _ in range(2))


def pool(relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array], read: jax.Array = READ,
         targets: jax.Array = TARGETS, given: jax.Array = ALL) -> np.ndarray:
    return np.asarray(StylePooling(DOMAINS).apply(
        {"params": {"relevance": relevance}}, *beliefs, read, targets, given))


def test_the_style_is_the_mean_of_the_product_of_the_prior_and_all_beliefs(
        relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array]) -> None:
    """The product's logarithm is a parabola: its peak, found by fitting one, is the mean."""
    found, x = pool(relevance, beliefs), np.linspace(-3.0, 3.0, 101)
    for target, digit in enumerate(TARGETS):
        for dimension in range(STYLE):
            logarithm = -0.5 * x**2
            values = (np.asarray(belief)[:, dimension] for belief in beliefs)
            for value, log_precision, read in zip(*values, READ, strict=True):
                precision = np.exp(log_precision + relevance[digit, read, dimension])
                logarithm = logarithm - 0.5 * precision * (x - value)**2
            curvature, slope, _ = np.polyfit(x, logarithm, 2)
            assert found[target, dimension] == pytest.approx(-slope / (2 * curvature), abs=1e-4)


def test_the_order_of_the_references_does_not_matter(
        relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array], rng: np.random.Generator) -> None:
    order = rng.permutation(REFERENCES)
    shuffled = tuple(belief[order] for belief in beliefs)
    np.testing.assert_allclose(pool(relevance, shuffled, READ[order]), pool(relevance, beliefs), rtol=1e-5)


def test_references_that_are_not_given_do_not_count(
        relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array]) -> None:
    given = ALL.at[1, 2:].set(False)
    few = pool(relevance, tuple(belief[:2] for belief in beliefs), READ[:2], TARGETS[1:], ALL[:1, :2])
    found = pool(relevance, beliefs, given=given)
    np.testing.assert_allclose(found[1], few[0], rtol=1e-6)
    np.testing.assert_allclose(found[0], pool(relevance, beliefs)[0], rtol=1e-6)
    assert not pool(relevance, beliefs, given=ALL & False).any()  # the mean hand


def test_a_weight_of_two_equals_giving_a_reference_twice(
        relevance: jax.Array, beliefs: tuple[jax.Array, jax.Array]) -> None:
    twice = jnp.array([0, 1, 2, 3, 3, 4])
    listed = pool(relevance, tuple(belief[twice] for belief in beliefs), READ[twice],
                  given=jnp.ones((len(TARGETS), len(twice)), bool))
    found = pool(relevance, beliefs, given=jnp.ones((len(TARGETS), REFERENCES)).at[:, 3].set(2.0))
    np.testing.assert_allclose(found, listed, rtol=1e-5)


def test_the_more_references_agree_the_nearer_the_style_is_to_them() -> None:
    agreeing = jnp.full((REFERENCES, 1), 2.0), jnp.zeros((REFERENCES, 1))
    equally = jnp.zeros((DOMAINS, DOMAINS, 1))
    for count in range(REFERENCES + 1):
        found = pool(equally, agreeing, given=ALL & (jnp.arange(REFERENCES) < count))
        np.testing.assert_allclose(found, 2.0 * count / (1 + count), rtol=1e-6)


def test_leading_axes_are_independent(
        relevance: jax.Array, rng: np.random.Generator) -> None:
    beliefs = tuple(jnp.asarray(rng.normal(size=(2, 4, REFERENCES, STYLE)), jnp.float32) for _ in range(2))
    read, targets = rng.integers(0, DOMAINS, (2, 4, REFERENCES)), rng.integers(0, DOMAINS, (2, 1, 3))
    given = jnp.asarray(rng.random((2, 4, 3, REFERENCES)) < 0.5)
    whole = pool(relevance, beliefs, read, targets, given)
    assert whole.shape == (2, 4, 3, STYLE)
    alone = pool(relevance, tuple(belief[1, 2] for belief in beliefs), read[1, 2], targets[1, 0], given[1, 2])
    np.testing.assert_allclose(whole[1, 2], alone, rtol=1e-5)


def test_an_untrained_encoder_gives_every_glyph_the_same_precision() -> None:
    encoder, images = HandEncoder(4, STYLE, DOMAINS), jax.random.normal(jax.random.key(1), (2, 28, 28, 1))
    params = encoder.init(jax.random.key(0), images, jnp.array([1, 7]))
    values, log_precisions = encoder.apply(params, images, jnp.array([1, 7]))
    assert values.shape == log_precisions.shape == (2, STYLE)
    assert not log_precisions.any()
    assert not np.allclose(values[0], values[1])


# The generator.

GENERATOR = GlyphGenerator(8, DOMAINS)
generate = jax.jit(GENERATOR.apply)


@pytest.fixture(scope="module")
def codes() -> tuple[jax.Array, jax.Array]:
    """Styles and latents."""
    return jax.random.normal(KEY, (2, 6)), jax.random.normal(jax.random.key(1), (2, 3))


@pytest.fixture(scope="module")
def generator_params(codes: tuple[jax.Array, jax.Array]) -> dict:
    """Without zeros."""
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda x: rng.normal(0.0, 0.2, x.shape).astype(np.float32),
                        jax.eval_shape(GENERATOR.init, KEY, DIGITS, *codes))


def test_images_are_ink_on_paper(generator_params: dict, codes: tuple[jax.Array, jax.Array]) -> None:
    images = generate(generator_params, DIGITS, *codes)
    assert images.shape == (2, 28, 28, 1)
    assert -1.0 <= images.min() < images.max() <= 1.0


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_digit_style_and_latent_change_their_own_image_alone(
        changed: int, generator_params: dict, codes: tuple[jax.Array, jax.Array]) -> None:
    inputs = [DIGITS, *codes]
    before = generate(generator_params, *inputs)
    inputs[changed] = inputs[changed].at[1].add(1)
    after = generate(generator_params, *inputs)
    np.testing.assert_allclose(before[0], after[0], atol=1e-5)
    assert jnp.abs(before[1] - after[1]).max() > 0.01


def test_the_background_is_exactly_minus_one(
        generator_params: dict, codes: tuple[jax.Array, jax.Array]) -> None:
    """With a tanh, faint grey would count as ink in a glyph's bounding box."""
    last = max(generator_params["params"], key=lambda name: (name.startswith("Conv"), name))
    darker = jax.tree.map(jnp.array, generator_params)
    darker["params"][last]["bias"] -= 100.0
    np.testing.assert_array_equal(generate(darker, DIGITS, *codes), -1.0)


# The posterior.

POSTERIOR = PosteriorEncoder(4, 3, 10)
POSTERIOR_INPUTS = [jax.random.normal(KEY, (2, 28, 28, 1)), jnp.array([4, 8]), jnp.zeros((2, 5))]
POSTERIOR_PARAMS = POSTERIOR.init(KEY, *POSTERIOR_INPUTS)


def test_an_untrained_posterior_is_as_wide_as_the_prior() -> None:
    means, log_variances = POSTERIOR.apply(POSTERIOR_PARAMS, *POSTERIOR_INPUTS)
    assert means.shape == log_variances.shape == (2, 3)
    assert not log_variances.any()


def test_the_posterior_depends_on_glyph_digit_and_style() -> None:
    before, _ = POSTERIOR.apply(POSTERIOR_PARAMS, *POSTERIOR_INPUTS)
    for index in range(len(POSTERIOR_INPUTS)):
        inputs = list(POSTERIOR_INPUTS)
        inputs[index] = inputs[index] + 1
        after, _ = POSTERIOR.apply(POSTERIOR_PARAMS, *inputs)
        assert jnp.abs(before - after).max() > 1e-3


# The discriminator.

DISCRIMINATOR = MatchingDiscriminator(4, DOMAINS)
JUDGED, CLASSES = jax.random.normal(KEY, (3, 28, 28, 1)), jnp.array([4, 8, 1])
STYLES = jax.random.normal(jax.random.key(1), (2, 3, 5))
JUDGE = DISCRIMINATOR.init(KEY, JUDGED, CLASSES, STYLES)


def test_rows_of_styles_are_independent() -> None:
    both = DISCRIMINATOR.apply(JUDGE, JUDGED, CLASSES, STYLES)
    assert both.shape == (2, 3)
    for row, styles in enumerate(STYLES):
        alone, = DISCRIMINATOR.apply(JUDGE, JUDGED, CLASSES, styles[None])
        np.testing.assert_allclose(both[row], alone, rtol=1e-4, atol=1e-5)
    assert jnp.abs(both[0] - both[1]).min() > 1e-4


def test_a_logit_depends_on_its_own_image_digit_and_style_alone() -> None:
    before = DISCRIMINATOR.apply(JUDGE, JUDGED, CLASSES, STYLES)
    for inputs in ((JUDGED.at[1].add(0.5), CLASSES, STYLES), (JUDGED, CLASSES.at[1].set(5), STYLES),
                   (JUDGED, CLASSES, STYLES.at[:, 1].add(1.0))):
        after = DISCRIMINATOR.apply(JUDGE, *inputs)
        np.testing.assert_allclose(before[:, ::2], after[:, ::2], rtol=1e-4, atol=1e-5)
        assert jnp.abs(before[:, 1] - after[:, 1]).min() > 1e-4
