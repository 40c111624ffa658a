"""The writer-guided networks: which inputs each output depends on; pooling as a product of Gaussians."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.networks.writer_guided import (
    Beliefs,
    Gaussian,
    GlyphGenerator,
    GlyphTrunk,
    HandEncoder,
    HandPooling,
    MatchingDiscriminator,
)

KEY = jax.random.key(0)
DOMAINS, REFERENCES, STYLE, LATENT = 10, 5, 3, 2
DIGITS = jnp.array([4, 8])
READ, TARGETS = jnp.array([0, 1, 1, 7, 9]), jnp.array([1, 8])  # two references show the first target's digit
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
def params(rng: np.random.Generator) -> dict[str, Any]:
    """Of the pooling, without zeros."""
    shapes = jax.eval_shape(HandPooling(DOMAINS).init, KEY, sampled_beliefs(rng), READ, TARGETS, ALL)["params"]
    return jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape), jnp.float32), shapes)


@pytest.fixture
def beliefs(rng: np.random.Generator) -> Beliefs:
    return sampled_beliefs(rng)


def sampled_beliefs(rng: np.random.Generator, *leading: int) -> Beliefs:
    return Beliefs(*(jnp.asarray(rng.normal(size=(*leading, REFERENCES, size)), jnp.float32)
                     for size in (LATENT, LATENT, LATENT, STYLE, STYLE)))


def pool(params: dict[str, Any], beliefs: Beliefs, read: jax.Array = READ, targets: jax.Array = TARGETS,
         given: jax.Array = ALL) -> tuple[np.ndarray, Gaussian]:
    styles, prior = HandPooling(DOMAINS).apply({"params": params}, beliefs, read, targets, given)
    return np.asarray(styles), jax.tree.map(np.asarray, prior)


def assert_close(one: Any, other: Any) -> None:
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5), one, other)


def rows(tree: Any, chosen: Any) -> Any:
    return jax.tree.map(lambda x: x[chosen], tree)


def peak(values: list[float], precisions: list[float]) -> float:
    """The mean of the product of Gaussians: the peak of its logarithm, a parabola."""
    x = np.linspace(-3.0, 3.0, 101)
    logarithm = sum(-0.5 * precision * (x - value)**2 for value, precision in zip(values, precisions, strict=True))
    curvature, slope, _ = np.polyfit(x, logarithm, 2)
    return -slope / (2 * curvature)


def test_the_style_is_the_mean_of_the_product_of_the_prior_and_all_beliefs(
        params: dict[str, Any], beliefs: Beliefs) -> None:
    found, _ = pool(params, beliefs)
    for target, digit in enumerate(TARGETS):
        for dimension in range(STYLE):
            values, log_precisions = (np.asarray(x)[:, dimension] for x in (
                beliefs.styles, beliefs.style_log_precisions))
            precisions = np.exp(log_precisions + np.asarray(params["relevance"])[digit, READ, dimension])
            expected = peak([0.0, *values], [1.0, *precisions])
            assert found[target, dimension] == pytest.approx(expected, abs=1e-4)


def test_the_style_predicts_the_latent_of_a_digit_that_no_reference_shows(
        params: dict[str, Any], beliefs: Beliefs) -> None:
    styles, prior = pool(params, beliefs)
    layer = rows(params["prediction"], TARGETS[1])
    np.testing.assert_allclose(prior.means[1], styles[1] @ layer["kernel"] + layer["bias"], rtol=1e-4)


def test_references_of_the_digit_move_an_untrained_prediction_as_evidence_of_their_precision(
        params: dict[str, Any], beliefs: Beliefs) -> None:
    """The mean of the product of a Gaussian of variance 1 at the prediction, and the beliefs of those references."""
    untrained = params | {"correction": {"kernel": jnp.zeros((DOMAINS, LATENT, LATENT))}}
    styles, prior = pool(untrained, beliefs)
    layer = rows(params["prediction"], TARGETS[0])
    predicted = np.asarray(styles[0] @ layer["kernel"] + layer["bias"])
    for dimension in range(LATENT):
        shown = [1, 2]  # the references of the digit
        values, log_precisions = (np.asarray(x)[shown, dimension] for x in (
            beliefs.latents, beliefs.latent_log_precisions))
        expected = peak([predicted[dimension], *values], [1.0, *np.exp(log_precisions)])
        assert prior.means[0, dimension] == pytest.approx(expected, abs=1e-3)


def test_a_trained_correction_maps_the_deviation_from_the_prediction(
        params: dict[str, Any], beliefs: Beliefs) -> None:
    nothing = params | {"correction": {"kernel": jnp.zeros((DOMAINS, LATENT, LATENT))}}
    styles, untrained = pool(nothing, beliefs)
    layer = rows(params["prediction"], TARGETS[0])
    deviation = untrained.means[0] - (styles[0] @ layer["kernel"] + layer["bias"])
    expected = untrained.means[0] + deviation @ params["correction"]["kernel"][TARGETS[0]]
    np.testing.assert_allclose(pool(params, beliefs)[1].means[0], expected, rtol=1e-4, atol=1e-4)


def test_the_log_variance_is_linear_in_the_logarithms_of_the_total_precisions(
        params: dict[str, Any], beliefs: Beliefs) -> None:
    _, prior = pool(params, beliefs)
    for target, shown in enumerate(([1, 2], [])):
        relevance = np.asarray(params["relevance"])[TARGETS[target], READ]
        style = 1.0 + np.exp(np.asarray(beliefs.style_log_precisions) + relevance).sum(axis=0)
        latent = 1.0 + np.exp(np.asarray(beliefs.latent_log_precisions)[shown]).sum(axis=0)
        layer = rows(params["log_variance"], TARGETS[target])
        expected = np.log([*style, *latent]) @ layer["kernel"] + layer["bias"]
        np.testing.assert_allclose(prior.log_variances[target], expected, rtol=1e-4, atol=1e-5)


def test_an_untrained_prior_without_references_of_the_digit_is_standard_normal(beliefs: Beliefs) -> None:
    untrained = HandPooling(DOMAINS).init(KEY, beliefs, READ, TARGETS, ALL)["params"]
    _, prior = pool(untrained, beliefs)
    assert not prior.means[1].any()
    assert not prior.log_variances.any()
    assert prior.means[0].all()  # two references show this digit


def test_the_order_of_the_references_does_not_matter(
        params: dict[str, Any], beliefs: Beliefs, rng: np.random.Generator) -> None:
    order = rng.permutation(REFERENCES)
    assert_close(pool(params, rows(beliefs, order), READ[order]), pool(params, beliefs))


def test_references_that_are_not_given_do_not_count(params: dict[str, Any], beliefs: Beliefs) -> None:
    given = ALL.at[0, 2:].set(False)
    few = pool(params, rows(beliefs, slice(2)), READ[:2], TARGETS[:1], ALL[:1, :2])
    found, whole = pool(params, beliefs, given=given), pool(params, beliefs)
    assert_close(rows(found, 0), rows(few, 0))
    assert_close(rows(found, 1), rows(whole, 1))
    assert not np.allclose(found[1].means[0], whole[1].means[0])
    assert not pool(params, beliefs, given=ALL & False)[0].any()  # the mean hand


def test_the_more_references_agree_the_nearer_the_style_is_to_them(params: dict[str, Any], beliefs: Beliefs) -> None:
    agreeing = beliefs._replace(styles=jnp.full((REFERENCES, STYLE), 2.0),
                                style_log_precisions=jnp.zeros((REFERENCES, STYLE)))
    equally = params | {"relevance": jnp.zeros((DOMAINS, DOMAINS, STYLE))}
    for count in range(REFERENCES + 1):
        found, _ = pool(equally, agreeing, given=ALL & (jnp.arange(REFERENCES) < count))
        np.testing.assert_allclose(found, 2.0 * count / (1 + count), rtol=1e-6)


def test_leading_axes_are_independent(params: dict[str, Any], rng: np.random.Generator) -> None:
    beliefs = sampled_beliefs(rng, 2, 4)
    read, targets = rng.integers(0, DOMAINS, (2, 4, REFERENCES)), rng.integers(0, DOMAINS, (2, 1, 3))
    given = jnp.asarray(rng.random((2, 4, 3, REFERENCES)) < 0.5)
    whole = pool(params, beliefs, read, targets, given)
    assert whole[0].shape == (2, 4, 3, STYLE)
    assert whole[1].means.shape == whole[1].log_variances.shape == (2, 4, 3, LATENT)
    alone = pool(params, rows(beliefs, (1, 2)), read[1, 2], targets[1, 0], given[1, 2])
    assert_close(rows(whole, (1, 2)), alone)


def test_an_untrained_encoder_is_equally_sure_of_every_glyph() -> None:
    encoder, images = HandEncoder(4, STYLE, LATENT, DOMAINS), jax.random.normal(jax.random.key(1), (2, 28, 28, 1))
    params = encoder.init(jax.random.key(0), images, jnp.array([1, 7]))
    found = encoder.apply(params, images, jnp.array([1, 7]))
    assert found.styles.shape == found.style_log_precisions.shape == (2, STYLE)
    assert found.latents.shape == found.latent_log_variances.shape == found.latent_log_precisions.shape == (2, LATENT)
    for constant in (found.style_log_precisions, found.latent_log_precisions, found.latent_log_variances):
        assert not constant.any()
    for value in (found.styles, found.latents):
        assert not np.allclose(value[0], value[1])


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


# The discriminator.

DISCRIMINATOR = MatchingDiscriminator(4, DOMAINS)
JUDGED, CLASSES = jax.random.normal(KEY, (3, 28, 28, 1)), jnp.array([4, 8, 1])
HANDS = jax.random.normal(jax.random.key(1), (2, 3, 5))
JUDGE = DISCRIMINATOR.init(KEY, JUDGED, CLASSES, HANDS)


def test_rows_of_hands_are_independent() -> None:
    both = DISCRIMINATOR.apply(JUDGE, JUDGED, CLASSES, HANDS)
    assert both.shape == (2, 3)
    for row, hands in enumerate(HANDS):
        alone, = DISCRIMINATOR.apply(JUDGE, JUDGED, CLASSES, hands[None])
        np.testing.assert_allclose(both[row], alone, rtol=1e-4, atol=1e-5)
    assert jnp.abs(both[0] - both[1]).min() > 1e-4


def test_a_logit_depends_on_its_own_image_digit_and_hand_alone() -> None:
    before = DISCRIMINATOR.apply(JUDGE, JUDGED, CLASSES, HANDS)
    for inputs in ((JUDGED.at[1].add(0.5), CLASSES, HANDS), (JUDGED, CLASSES.at[1].set(5), HANDS),
                   (JUDGED, CLASSES, HANDS.at[:, 1].add(1.0))):
        after = DISCRIMINATOR.apply(JUDGE, *inputs)
        np.testing.assert_allclose(before[:, ::2], after[:, ::2], rtol=1e-4, atol=1e-5)
        assert jnp.abs(before[:, 1] - after[:, 1]).min() > 1e-4
