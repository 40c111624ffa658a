"""The writer-guided losses against their formulas, the networks of each phase, and the two modes."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import writer_guided as config_file
from handwriting_gan.data.glyphs import Glyphs, to_network
from handwriting_gan.data.hands import TARGETS, WRITERS, HandBatch
from handwriting_gan.losses.matching import contrastive_matching
from handwriting_gan.methods import writer_guided
from handwriting_gan.methods.method import Method
from handwriting_gan.methods.writer_guided import R1_INTERVAL, TEMPERATURE, WRITING, Hands, Targets, WriterGuided

EXAMPLES = 2
WEIGHTS = {"r1": 0.7, "adversarial": 1.5, "reconstruction": 0.02, "kl": 0.3, "anchor": 0.05, "matching": 0.5,
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
def batch(method: Method, written: Glyphs) -> HandBatch:
    examples = method.examples
    return examples.sample(examples.make_pool(written), jax.random.split(jax.random.key(1), EXAMPLES))


@pytest.fixture(scope="module")
def keys() -> jax.Array:
    return jax.random.split(jax.random.key(2), EXAMPLES)


@pytest.fixture(scope="module")
def targets(model: WriterGuided, params: dict, batch: HandBatch) -> Targets:
    return jax.jit(model.batch_targets)(params, batch)


def softplus(x: jax.Array) -> np.ndarray:
    return np.log1p(np.exp(np.asarray(x, np.float64)))


def conditions(hands: Hands) -> jax.Array:
    return jnp.concatenate([hands.styles, hands.priors.means], axis=-1)


def tries(hands: Hands, noise: jax.Array) -> jax.Array:
    return hands.priors.means + np.sqrt(np.exp(hands.priors.log_variances)) * noise


def test_two_phases_update_all_networks_and_only_the_writing_ones_are_averaged(method: Method) -> None:
    assert [(phase.name, phase.updates) for phase in method.phases] == [
        ("discriminator", ("discriminator",)), ("generator", ("hand_encoder", "hand_pooling", "generator"))]
    assert method.averaged == WRITING == method.phases[1].updates


def test_each_target_has_a_hand_of_each_writer_from_the_references_given_for_it(
        model: WriterGuided, params: dict, batch: HandBatch, targets: Targets) -> None:
    """Against a single hand from the subset of the references."""
    for example, owner, index, writer in ((0, 0, 0, 0), (1, 4, 2, 4), (1, 5, TARGETS - 1, 2)):
        row = (example * WRITERS + owner) * TARGETS + index
        assert targets.owners[row] == owner
        np.testing.assert_array_equal(targets.images[row], batch.images[example, owner, index])
        assert targets.digits[row] == batch.digits[example, owner, index]
        given = batch.given[example, owner, index, writer]
        alone = model._hands(params, batch.images[example, writer][given], batch.digits[example, writer][given],
                             targets.digits[row][None])
        for found, expected in zip(jax.tree.leaves(targets.hands), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(found[writer, row], expected[0], rtol=2e-3, atol=1e-4)


def test_a_targets_beliefs_are_those_of_its_own_image(
        model: WriterGuided, params: dict, targets: Targets) -> None:
    row = WRITERS * TARGETS + 8
    alone = model.encode_hand(params, targets.images[row][None], targets.digits[row][None])
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x[row], y[0], rtol=1e-3, atol=1e-4),
                 targets.beliefs, alone)


def test_own_and_other_hands_are_the_owners_and_another_writers(targets: Targets) -> None:
    own, other = targets.own_hands(), targets.other_hands()
    for row in (0, 7, len(targets.owners) - 1):
        owner = int(targets.owners[row])
        for found, writer in ((own, owner), (other, (owner + 1) % WRITERS)):
            for chosen, whole in zip(jax.tree.leaves(found), jax.tree.leaves(targets.hands), strict=True):
                np.testing.assert_array_equal(chosen[row], whole[writer, row])


def test_the_discriminators_loss_is_matching_aware_with_r1(
        method: Method, model: WriterGuided, params: dict, batch: HandBatch, keys: jax.Array,
        targets: Targets) -> None:
    images, digits, own = targets.images, targets.digits, targets.own_hands()
    noise, _ = model.sample_noise(keys, len(digits))
    fakes = jax.jit(model.generate)(params, digits, own.styles, tries(own, noise))

    @jax.jit
    def logits(images: jax.Array, hands: jax.Array) -> jax.Array:
        return model.discriminate(params, images, digits, hands[None])[0]

    adversarial = np.mean(softplus(-logits(images, conditions(own)))) + 0.5 * (
        np.mean(softplus(logits(fakes, conditions(own))))
        + np.mean(softplus(logits(images, conditions(targets.other_hands())))))
    alone = jax.jit(jax.grad(
        lambda x, digit, hand: model.discriminate(params, x[None], digit[None], hand[None, None])[0, 0]))
    penalty = 0.5 * np.mean([np.sum(np.square(alone(images[row], digits[row], conditions(own)[row])))
                             for row in range(0, len(digits), R1_INTERVAL)])
    total, terms = jax.jit(method.phases[0].loss)(params, batch, keys, jnp.int32(0))
    assert terms["adversarial"] == pytest.approx(adversarial, rel=1e-4)
    assert terms["r1"] == pytest.approx(penalty, rel=1e-3)
    assert total == pytest.approx(1.5 * adversarial + 0.7 * penalty, rel=1e-4)


def test_the_generators_loss_is_its_six_terms(
        method: Method, model: WriterGuided, params: dict, batch: HandBatch, keys: jax.Array,
        targets: Targets) -> None:
    images, digits, own = targets.images, targets.digits, targets.own_hands()
    noise, posterior_noise = model.sample_noise(keys, len(digits))
    generate, encode_hand = jax.jit(model.generate), jax.jit(model.encode_hand)
    fakes = generate(params, digits, own.styles, tries(own, noise))
    means, log_variances = map(np.asarray, targets.beliefs[:2])
    rebuilt = generate(params, digits, own.styles, means + np.exp(log_variances / 2) * posterior_noise)
    fake_styles = encode_hand(params, fakes, digits).styles
    prior_means, prior_log_variances = map(np.asarray, own.priors)
    ratios = np.exp(log_variances - prior_log_variances)
    deviations = (means - prior_means)**2 / np.exp(prior_log_variances)
    expected = {
        "adversarial": softplus(-jax.jit(model.discriminate)(params, fakes, digits, conditions(own)[None])).mean(),
        "reconstruction": np.square(rebuilt - images).sum() / len(images),
        "kl": 0.5 * (deviations + ratios - 1 - np.log(ratios)).sum() / len(images),
        "anchor": 0.5 * (means**2 + np.exp(log_variances) - 1 - log_variances).sum() / len(images),
        "matching": contrastive_matching(targets.beliefs.styles, targets.hands.styles, targets.owners),
        "matching_of_fakes": contrastive_matching(fake_styles, targets.hands.styles, targets.owners),
    }
    total, terms = jax.jit(method.phases[1].loss)(params, batch, keys, jnp.int32(0))
    assert set(terms) == set(expected)
    for name, value in terms.items():
        assert float(value) == pytest.approx(float(expected[name]), rel=1e-3), name
    weighted = sum(WEIGHTS[name] * float(expected[name]) for name in terms)
    assert float(total) == pytest.approx(weighted, rel=1e-3)


PRIOR = {"prediction", "correction", "log_variance"}  # the layers of the pooling that are for the prior alone


@pytest.mark.parametrize(("term", "networks", "layers"), [
    ("adversarial", {"hand_encoder", "hand_pooling", "generator"}, {"relevance"}),
    ("reconstruction", {"hand_encoder", "hand_pooling", "generator"}, {"relevance"}),
    ("kl", {"hand_encoder", "hand_pooling"}, {"relevance", *PRIOR}),
    ("anchor", {"hand_encoder"}, set()),
    ("matching", {"hand_encoder", "hand_pooling"}, {"relevance"}),
    ("matching_of_fakes", {"hand_encoder", "hand_pooling", "generator"}, {"relevance"}),
])
def test_each_term_trains_only_its_networks_and_only_the_divergence_trains_the_prior(
        term: str, networks: set[str], layers: set[str], params: dict, batch: HandBatch, keys: jax.Array,
        moved_by: Callable) -> None:
    config = config_file.get_config("tiny")
    config.losses = {term: 1.0}
    moved = moved_by(writer_guided.build(config).phases[1], params, batch, keys)
    assert {name for name, tree in moved.items() if any(jax.tree.leaves(tree))} == networks
    assert {name for name, tree in moved["hand_pooling"].items() if any(jax.tree.leaves(tree))} == layers


def test_noise_depends_on_the_examples_key_alone(model: WriterGuided, keys: jax.Array) -> None:
    first, second = model.sample_noise(keys, 8)
    assert first.shape == (8, model.latent_dim)
    assert not jnp.allclose(first, second)
    assert jnp.array_equal(model.sample_noise(keys[1:], 4)[0], first[4:])
    many, _ = model.sample_noise(keys, 10_000)
    assert float(many.mean()) == pytest.approx(0.0, abs=0.03)
    assert float(many.std()) == pytest.approx(1.0, abs=0.03)


def test_without_a_learned_prior_the_prior_is_standard_normal_and_the_style_the_same(
        model: WriterGuided, params: dict, held_out: Glyphs) -> None:
    config = config_file.get_config("tiny")
    config.learned_prior = False
    method = writer_guided.build(config)
    plain = method.phases[0].loss.__self__
    references, digits = hand(held_out, 5, 250, 900), jnp.arange(10)
    learned, fixed = (some._hands(params, *references, digits) for some in (model, plain))
    np.testing.assert_array_equal(fixed.styles, learned.styles)
    assert not jnp.any(fixed.priors.means)
    assert not jnp.any(fixed.priors.log_variances)
    assert jnp.all(jnp.any(learned.priors.means, axis=1))


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


def test_a_try_deviates_from_the_priors_mean_by_variation_and_temperature(
        method: Method, model: WriterGuided, params: dict, held_out: Glyphs) -> None:
    references, digits, key = hand(held_out, 5, 250, 900), jnp.array([4, 8, 1, 1]), jax.random.key(0)
    written = jax.jit(method.synthesis["writer"])(params, *references, digits, key, 0.5)
    hands = jax.jit(model._hands)(params, *references, digits)
    latents = tries(hands, 0.5 * TEMPERATURE * jax.random.normal(key, (4, model.latent_dim)))
    np.testing.assert_allclose(written, jax.jit(model.generate)(params, digits, hands.styles, latents), atol=1e-5)


def test_a_blend_interpolates_between_two_hands(
        method: Method, model: WriterGuided, params: dict, held_out: Glyphs) -> None:
    one, other = hand(held_out, 5), hand(held_out, 700, 800, 900)  # as many as above: the same program
    digits, key = jnp.array([4, 8, 1, 1]), jax.random.key(0)
    write, blend = (jax.jit(method.synthesis[mode]) for mode in ("writer", "blend"))
    frames = [blend(params, *one, *other, digits, key, 0.5, fraction)
              for fraction in (0.0, 0.5, 1.0)]
    for end, given in ((frames[0], one), (frames[2], other)):
        written = write(params, *given, digits, key, 0.5)
        np.testing.assert_allclose(end, written, atol=1e-5)
    halfway = jax.tree.map(lambda x, y: (x + y) / 2, *(
        jax.jit(model._hands)(params, *given, digits) for given in (one, other)))
    latents = tries(halfway, 0.5 * TEMPERATURE * jax.random.normal(key, (4, model.latent_dim)))
    np.testing.assert_allclose(
        frames[1], jax.jit(model.generate)(params, digits, halfway.styles, latents), atol=1e-5)
