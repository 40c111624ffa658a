"""The writer-guided losses against their formulas, the networks of each phase, and the two modes."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import writer_guided as config_file
from handwriting_gan.data.glyphs import Glyphs, to_network
from handwriting_gan.data.hands import HANDS, TARGETS, WRITERS, HandBatch
from handwriting_gan.errors import InputError
from handwriting_gan.losses.matching import contrastive_matching
from handwriting_gan.methods import writer_guided
from handwriting_gan.methods.method import Method
from handwriting_gan.methods.writer_guided import R1_INTERVAL, Targets, WriterGuided, bootstrap_weights

EXAMPLES = 2
WEIGHTS = {"r1": 0.7, "adversarial": 1.5, "reconstruction": 0.02, "kl": 0.3, "matching": 0.5,
           "matching_of_fakes": 0.9}


@pytest.fixture(scope="module")
def method() -> Method:
    config = config_file.get_config("tiny")
    config.losses.update(WEIGHTS)
    return writer_guided.build(config)


@pytest.fixture(scope="module")
def model(method: Method) -> WriterGuided:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method) -> dict[str, Any]:
    """Random values: some initial parameters are zero."""
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda x: rng.normal(0.0, 0.2, x.shape).astype(np.float32),
                        jax.eval_shape(method.init, jax.random.key(0)))


@pytest.fixture(scope="module")
def batch(written: Glyphs) -> HandBatch:
    return HANDS.sample(HANDS.make_pool(written), jax.random.split(jax.random.key(1), EXAMPLES))


@pytest.fixture(scope="module")
def keys() -> jax.Array:
    return jax.random.split(jax.random.key(2), EXAMPLES)


@pytest.fixture(scope="module")
def targets(model: WriterGuided, params: dict, batch: HandBatch) -> Targets:
    return jax.jit(model.batch_targets)(params, batch)


def softplus(x: jax.Array) -> np.ndarray:
    return np.log1p(np.exp(np.asarray(x, np.float64)))


def test_two_phases_update_all_networks_and_only_the_generating_ones_are_averaged(method: Method) -> None:
    assert [(phase.name, phase.updates) for phase in method.phases] == [
        ("discriminator", ("discriminator",)),
        ("generator", ("hand_encoder", "style_pooling", "posterior_encoder", "generator"))]
    assert method.averaged == ("hand_encoder", "style_pooling", "generator")


def test_each_target_has_a_style_of_each_writer_from_the_references_given_for_it(
        model: WriterGuided, params: dict, batch: HandBatch, targets: Targets) -> None:
    """Against a single style from the subset of the references."""
    for example, owner, index, writer in ((0, 0, 0, 0), (1, 4, 2, 4), (1, 5, TARGETS - 1, 2)):
        row = (example * WRITERS + owner) * TARGETS + index
        assert targets.owners[row] == owner
        np.testing.assert_array_equal(targets.images[row], batch.targets[example, owner, index])
        assert targets.digits[row] == batch.target_digits[example, owner, index]
        given = batch.given[example, owner, index, writer]
        alone = model._pool_styles(params, batch.references[example, writer][given],
                              batch.reference_digits[example, writer][given], targets.digits[row][None],
                              jax.random.key(0), 0.0)
        np.testing.assert_allclose(targets.styles[writer, row], alone[0], rtol=1e-3, atol=1e-5)


def test_own_and_other_styles_are_the_owners_and_another_writers(targets: Targets) -> None:
    own, other = targets.own_styles(), targets.other_styles()
    for row in (0, 7, len(targets.owners) - 1):
        owner = int(targets.owners[row])
        np.testing.assert_array_equal(own[row], targets.styles[owner, row])
        np.testing.assert_array_equal(other[row], targets.styles[(owner + 1) % WRITERS, row])


def test_the_discriminators_loss_is_matching_aware_with_r1(
        method: Method, model: WriterGuided, params: dict, batch: HandBatch, keys: jax.Array,
        targets: Targets) -> None:
    images, digits, own = targets.images, targets.digits, targets.own_styles()
    latents, _ = model.sample_latents(keys, len(digits))
    fakes = jax.jit(model.generate)(params, digits, own, latents)

    @jax.jit
    def logits(images: jax.Array, styles: jax.Array) -> jax.Array:
        return model.discriminate(params, images, digits, styles[None])[0]

    adversarial = np.mean(softplus(-logits(images, own))) + 0.5 * (
        np.mean(softplus(logits(fakes, own))) + np.mean(softplus(logits(images, targets.other_styles()))))
    alone = jax.jit(jax.grad(
        lambda x, digit, style: model.discriminate(params, x[None], digit[None], style[None, None])[0, 0]))
    penalty = 0.5 * np.mean([np.sum(np.square(alone(images[row], digits[row], own[row])))
                             for row in range(0, len(digits), R1_INTERVAL)])
    total, terms = jax.jit(method.phases[0].loss)(params, batch, keys, jnp.int32(0))
    assert terms["adversarial"] == pytest.approx(adversarial, rel=1e-4)
    assert terms["r1"] == pytest.approx(penalty, rel=1e-3)
    assert total == pytest.approx(1.5 * adversarial + 0.7 * penalty, rel=1e-4)


def test_the_generators_loss_is_its_five_terms(
        method: Method, model: WriterGuided, params: dict, batch: HandBatch, keys: jax.Array,
        targets: Targets) -> None:
    images, digits, own = targets.images, targets.digits, targets.own_styles()
    latents, noise = model.sample_latents(keys, len(digits))
    generate, encode_hand = jax.jit(model.generate), jax.jit(model.encode_hand)
    fakes = generate(params, digits, own, latents)
    means, log_variances = map(np.asarray, jax.jit(model.infer_latents)(params, images, digits, own))
    rebuilt = generate(params, digits, own, means + np.exp(log_variances / 2) * noise)
    values, fake_values = (encode_hand(params, glyphs, digits)[0] for glyphs in (images, fakes))
    expected = {
        "adversarial": softplus(-jax.jit(model.discriminate)(params, fakes, digits, own[None])).mean(),
        "reconstruction": np.square(rebuilt - images).sum() / len(images),
        "kl": 0.5 * (means**2 + np.exp(log_variances) - 1 - log_variances).sum() / len(images),
        "matching": contrastive_matching(values, targets.styles, targets.owners),
        "matching_of_fakes": contrastive_matching(fake_values, targets.styles, targets.owners),
    }
    total, terms = jax.jit(method.phases[1].loss)(params, batch, keys, jnp.int32(0))
    assert set(terms) == set(expected)
    for name, value in terms.items():
        assert float(value) == pytest.approx(float(expected[name]), rel=1e-3), name
    weighted = sum(WEIGHTS[name] * float(expected[name]) for name in terms)
    assert float(total) == pytest.approx(weighted, rel=1e-3)


@pytest.mark.parametrize(("term", "networks"), [
    ("adversarial", {"hand_encoder", "style_pooling", "generator"}),
    ("reconstruction", {"hand_encoder", "style_pooling", "posterior_encoder", "generator"}),
    ("matching", {"hand_encoder", "style_pooling"}),
    ("matching_of_fakes", {"hand_encoder", "style_pooling", "generator"}),
])
def test_each_term_trains_only_its_networks(
        term: str, networks: set[str], params: dict, batch: HandBatch, keys: jax.Array,
        moved_by: Callable) -> None:
    config = config_file.get_config("tiny")
    config.losses = {term: 1.0}
    moved = moved_by(writer_guided.build(config).phases[1], params, batch, keys)
    assert {name for name, tree in moved.items() if any(jax.tree.leaves(tree))} == networks


def test_latents_depend_on_the_examples_key_alone(model: WriterGuided, keys: jax.Array) -> None:
    first, second = model.sample_latents(keys, 8)
    assert first.shape == (8, model.latent_dim)
    assert not jnp.allclose(first, second)
    assert jnp.array_equal(model.sample_latents(keys[1:], 4)[0], first[4:])
    many, _ = model.sample_latents(keys, 10_000)
    assert float(many.mean()) == pytest.approx(0.0, abs=0.03)
    assert float(many.std()) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("count", [2, 3, pytest.param(10, marks=pytest.mark.slow)])
def test_a_bootstrap_mean_has_the_requested_fraction_of_the_variance(
        count: int, rng: np.random.Generator) -> None:
    samples, variance = 40_000, 0.25
    weights = np.asarray(bootstrap_weights(jax.random.key(0), samples, count, variance))
    assert weights.shape == (samples, count)
    assert weights.min() >= 0.0
    np.testing.assert_allclose(weights.sum(axis=1), count, rtol=1e-4)
    np.testing.assert_allclose(weights.mean(axis=0), 1.0, atol=0.03)
    values = rng.normal(3.0, 2.0, (samples, count))  # one value per glyph
    deviations = (weights * values).mean(axis=1) - values.mean(axis=1)
    assert deviations.var() == pytest.approx(variance * 2.0**2, rel=0.05)


@pytest.mark.parametrize(("count", "variance"), [(1, 0.25), (5, 0.0)])
def test_weights_are_equal_with_one_reference_or_no_variance(count: int, variance: float) -> None:
    np.testing.assert_array_equal(bootstrap_weights(jax.random.key(0), 4, count, variance),
                                  np.ones((4, count)))


def test_the_style_of_a_natural_try_varies_and_that_of_a_best_guess_does_not(
        model: WriterGuided, params: dict, held_out: Glyphs) -> None:
    references, digits = hand(held_out, 5, 250, 900), jnp.array([4, 4])

    def styles(variation: float, seed: int = 0) -> np.ndarray:
        return np.asarray(model._pool_styles(params, *references, digits, jax.random.key(seed), variation))

    natural, best = styles(1.0), styles(0.0)
    assert not np.allclose(natural[0], natural[1])
    assert not np.allclose(natural, styles(1.0, seed=1))
    np.testing.assert_allclose(best[0], best[1], rtol=1e-6)
    np.testing.assert_array_equal(best, styles(0.0, seed=1))


@pytest.mark.parametrize("variance", [-0.1, 0.5, float("nan")])
def test_a_style_variance_out_of_range_is_refused(variance: float) -> None:
    config = config_file.get_config("tiny")
    config.style_variance = variance
    with pytest.raises(InputError, match=r"style_variance is .*; it must be at least 0 and below"):
        writer_guided.build(config)


def hand(glyphs: Glyphs, *rows: int) -> tuple[jax.Array, jax.Array]:
    return to_network(jnp.asarray(glyphs.images[list(rows)])), jnp.asarray(glyphs.digits[list(rows)])


def test_any_digits_are_written_from_any_number_of_references(
        method: Method, params: dict, held_out: Glyphs) -> None:
    write, key, digits = jax.jit(method.synthesis["writer"]), jax.random.key(0), jnp.array([4, 8, 1, 1])
    for rows in ((5,), (5, 250, 900)):
        natural, other = (write(params, *hand(held_out, *rows), digits, key, 1.0)
                          for key in (key, jax.random.key(1)))
        assert natural.shape == (4, 28, 28, 1)
        assert not jnp.array_equal(natural, other)
        assert not jnp.array_equal(natural[2], natural[3])  # a repeated digit is a second try
        best = write(params, *hand(held_out, *rows), digits, key, 0.0)
        assert jnp.array_equal(best, write(params, *hand(held_out, *rows), digits, jax.random.key(1), 0.0))
        np.testing.assert_allclose(best[2], best[3], atol=1e-5)


def test_a_blend_interpolates_between_two_hands(method: Method, params: dict, held_out: Glyphs) -> None:
    one, other = hand(held_out, 5), hand(held_out, 700, 800, 900)  # as many as above: the same program
    digits, key = jnp.array([4, 8, 1, 1]), jax.random.key(0)
    write, blend = (jax.jit(method.synthesis[mode]) for mode in ("writer", "blend"))
    frames = [blend(params, *one, *other, digits, key, 0.5, fraction)
              for fraction in (0.0, 0.5, 1.0)]
    for end, given in ((frames[0], one), (frames[2], other)):
        written = write(params, *given, digits, key, 0.5)
        np.testing.assert_allclose(end, written, atol=1e-5)
    assert not np.allclose(frames[0], frames[1], atol=1e-4)
    assert not np.allclose(frames[1], frames[2], atol=1e-4)
