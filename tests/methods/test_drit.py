"""DRIT++'s losses against their formulas, the mode-seeking term of MSGAN, the phases, the modes."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import drit as config_file
from configs import msgan
from configs.common import PRESETS
from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import Glyphs, to_network
from handwriting_gan.losses.classification import cross_entropy
from handwriting_gan.methods import drit
from handwriting_gan.methods.drit import DRIT, Noise
from handwriting_gan.methods.method import Method
from handwriting_gan.training import optimizers

WEIGHTS = {"adversarial": 1.5, "content": 0.4, "image_reconstruction": 7.0, "cross_cycle": 3.0,
           "latent_reconstruction": 2.0, "kl": 0.3, "mode_seeking": 0.6,
           "content_squares": 0.9}
EXCHANGE = ("adversarial", "content", "content_squares", "image_reconstruction", "cross_cycle", "kl")
SAMPLING = ("adversarial", "latent_reconstruction", "mode_seeking")


@pytest.fixture(scope="module")
def method() -> Method:
    config = msgan.get_config("tiny")
    config.losses.update(WEIGHTS)
    return drit.build(config)


@pytest.fixture(scope="module")
def model(method: Method) -> DRIT:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method, random_params: Callable) -> dict[str, Any]:
    return random_params(method.init)


def softplus(x: jax.Array) -> np.ndarray:
    return np.log1p(np.exp(np.asarray(x, np.float64)))


class Way:
    """One direction alone: `images` of `digits`, translated to `others` with the partners' attributes."""

    def __init__(self, model: DRIT, params: dict, images: jax.Array, partners: jax.Array, digits: jax.Array,
                 others: jax.Array, noise: Noise, partner_noise: Noise, on_contents: list[jax.Array]) -> None:
        self.images, self.digits, self.others, self.noise = images, digits, others, noise
        self.clean, self.noise_on_exchanged = model.encode_content(params, images), on_contents[1]
        self.content = self.clean + on_contents[0]
        self.mean, self.log_variance = model.encode_attribute(params, images)
        mean, log_variance = model.encode_attribute(params, partners)
        latent = mean + jnp.exp(log_variance / 2) * partner_noise.posterior
        self.exchanged = model.decode(params, self.content, latent, others)
        self.sampled = model.decode(params, self.content, noise.latents, others)
        self.second = model.decode(params, self.content, noise.others, others)
        own = self.mean + jnp.exp(self.log_variance / 2) * noise.posterior
        self.own = model.decode(params, self.content, own, digits)


@pytest.fixture(scope="module")
def ways(model: DRIT, params: dict, batch: Batch, keys: jax.Array) -> tuple[Way, Way]:
    both = model.sample_noise(keys)
    forth, back = (Noise(*(column[half] for column in both)) for half in (slice(4), slice(4, 8)))
    one = batch.sources, batch.references, batch.source_digits, batch.reference_digits
    other = batch.references, batch.sources, batch.reference_digits, batch.source_digits
    shape = model.encode_content(params, batch.sources).shape[1:]
    on_contents = [[jnp.stack([jax.random.normal(jax.random.fold_in(key, index), (2, *shape))[way]
                               for key in keys]) for index in (1, 2)] for way in (0, 1)]
    return (Way(model, params, *one, forth, back, on_contents[0]),
            Way(model, params, *other, back, forth, on_contents[1]))


def expected_adversarial(model: DRIT, params: dict, name: str, way: Way, kind: list[jax.Array]) -> float:
    """The loss of a discriminator in one direction, for each of its sets of fakes."""
    real = model.discriminate(params, way.images, way.digits, name)
    return sum(softplus(-one).mean() / 2 + softplus(other).mean() / 2 for fakes in kind
               for one, other in zip(real, model.discriminate(params, fakes, way.others, name), strict=True))


def test_each_discriminator_of_images_compares_its_kind_of_fakes_with_real_images(
        method: Method, model: DRIT, params: dict, batch: Batch, keys: jax.Array,
        ways: tuple[Way, Way]) -> None:
    expected = sum(expected_adversarial(model, params, "exchanged_discriminator", way, [way.exchanged])
                   + expected_adversarial(model, params, "sampled_discriminator", way, [way.sampled, way.second])
                   for way in ways)
    total, terms = method.phases[1].loss(params, batch, keys, jnp.int32(0))
    assert float(terms["adversarial"]) == pytest.approx(expected, rel=1e-4)
    assert float(total) == pytest.approx(1.5 * expected, rel=1e-4)


def test_the_content_discriminator_reads_the_digit(
        method: Method, model: DRIT, params: dict, batch: Batch, keys: jax.Array,
        ways: tuple[Way, Way]) -> None:
    expected = sum(float(cross_entropy(model.classify_content(params, way.content), way.digits)) / 2 for way in ways)
    total, terms = method.phases[0].loss(params, batch, keys, jnp.int32(0))
    assert float(total) == float(terms["content"]) == pytest.approx(expected, rel=1e-4)


def test_the_first_update_of_the_generating_networks_has_six_terms(
        method: Method, model: DRIT, params: dict, batch: Batch, keys: jax.Array,
        ways: tuple[Way, Way]) -> None:
    expected = dict.fromkeys(EXCHANGE, 0.0)
    for way, other in (ways, ways[::-1]):
        for logits in model.discriminate(params, way.exchanged, way.others, "exchanged_discriminator"):
            expected["adversarial"] += softplus(-logits).mean() / 2
        expected["content_squares"] += float(np.square(way.clean).mean()) / 2
        classes = np.asarray(model.classify_content(params, way.content), np.float64)
        logarithms = classes - np.log(np.exp(classes).sum(axis=1, keepdims=True))
        expected["content"] -= logarithms.mean() / 2
        expected["image_reconstruction"] += float(np.abs(way.own - way.images).mean()) / 2
        mean, log_variance = model.encode_attribute(params, other.exchanged)
        latent = mean + jnp.exp(log_variance / 2) * other.noise.exchanged
        content = model.encode_content(params, way.exchanged) + way.noise_on_exchanged
        back = model.decode(params, content, latent, way.digits)
        expected["cross_cycle"] += float(np.abs(back - way.images).mean()) / 2
        expected["kl"] += float(0.5 * (way.mean**2 + jnp.exp(way.log_variance) - 1
                                       - way.log_variance).sum()) / 8
    check_terms(expected, method.phases[2].loss(params, batch, keys, jnp.int32(0)))


def test_the_second_update_of_the_generating_networks_has_three_terms(
        method: Method, model: DRIT, params: dict, batch: Batch, keys: jax.Array,
        ways: tuple[Way, Way]) -> None:
    expected = dict.fromkeys(SAMPLING, 0.0)
    for way in ways:
        for fakes in (way.sampled, way.second):
            for logits in model.discriminate(params, fakes, way.others, "sampled_discriminator"):
                expected["adversarial"] += softplus(-logits).mean() / 2
        encoded, _ = model.encode_attribute(params, way.sampled)
        expected["latent_reconstruction"] += float(np.abs(encoded - way.noise.latents).mean()) / 2
    images, latents = (np.mean([np.abs(one - other).mean() for one, other in pairs]) for pairs in (
        [(way.sampled, way.second) for way in ways], [(way.noise.latents, way.noise.others) for way in ways]))
    expected["mode_seeking"] = float(1 / (images / latents + 1e-5))
    check_terms(expected, method.phases[3].loss(params, batch, keys, jnp.int32(0)))


def check_terms(expected: dict[str, float], found: tuple[jax.Array, dict[str, jax.Array]]) -> None:
    """Compares the terms of a loss and their weighted sum with the expected ones."""
    total, terms = found
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-3)
    assert float(total) == pytest.approx(sum(WEIGHTS[name] * expected[name] for name in expected), rel=1e-3)


def test_without_the_mode_seeking_term_there_is_no_second_sampled_fake(
        batch: Batch, keys: jax.Array, ways: tuple[Way, Way], model: DRIT, params: dict) -> None:
    plain = drit.build(config_file.get_config("tiny"))
    _, terms = plain.phases[1].loss(params, batch, keys, jnp.int32(0))
    expected = sum(expected_adversarial(model, params, "exchanged_discriminator", way, [way.exchanged])
                   + expected_adversarial(model, params, "sampled_discriminator", way, [way.sampled])
                   for way in ways)
    assert float(terms["adversarial"]) == pytest.approx(expected, rel=1e-4)


def test_the_networks_have_the_authors_numbers_of_updates_per_iteration(method: Method) -> None:
    updates = Counter(name for phase in method.phases for name in phase.updates for _ in range(phase.repeats))
    assert updates == {"content_discriminator": 3, "exchanged_discriminator": 1, "sampled_discriminator": 1,
                       "content_encoder": 2, "decoder": 2, "attribute_encoder": 1}


@pytest.mark.parametrize("preset", PRESETS)
def test_rates_and_gradients_of_the_content_discriminator_are_smaller_and_all_rates_decay(preset: str) -> None:
    config = config_file.get_config(preset)
    assert config.learning_rates.content_discriminator == config.learning_rates.content_encoder / 2.5
    assert config.max_gradient_norms.to_dict() == {"content_discriminator": 5.0}
    scale = optimizers.rate_scale(config)
    assert [float(scale(jnp.int32(config.steps * part // 4))) for part in range(4)] == [1.0, 1.0, 1.0, 0.5]


def test_msgan_is_drit_plus_the_mode_seeking_term() -> None:
    without, with_it = config_file.get_config("small"), msgan.get_config("small")
    assert with_it.losses.mode_seeking == 1.0
    del with_it.losses.mode_seeking
    assert with_it.to_json() == without.to_json()


def test_each_phase_updates_its_own_networks_and_the_generating_ones_are_averaged(
        method: Method, params: dict, batch: Batch, keys: jax.Array, moved_by: Callable) -> None:
    generating = ("content_encoder", "attribute_encoder", "decoder")
    assert [phase.updates for phase in method.phases] == [
        ("content_discriminator",), ("exchanged_discriminator", "sampled_discriminator"), generating,
        ("content_encoder", "decoder")]
    assert method.averaged == generating
    for phase in method.phases:
        moved = moved_by(phase, params, batch, keys)
        assert set(moved) == set(phase.updates)
        assert all(jax.tree.leaves(moved))


def test_noise_is_standard_normal_uncorrelated_and_depends_on_the_examples_key(
        model: DRIT, keys: jax.Array) -> None:
    many = np.stack(model.sample_noise(jax.random.split(jax.random.key(3), 2_000)))
    assert many.mean() == pytest.approx(0.0, abs=0.02)
    assert many.std() == pytest.approx(1.0, abs=0.02)
    assert np.abs(np.corrcoef(many.reshape(len(many), -1)) - np.eye(len(many))).max() < 0.05
    noise, of_half = model.sample_noise(keys), model.sample_noise(keys[2:])
    np.testing.assert_array_equal(of_half.exchanged, jnp.concatenate([noise.exchanged[2:4], noise.exchanged[6:]]))


def test_the_best_guess_translates_the_references_in_turn_with_their_mean_attribute(
        method: Method, model: DRIT, params: dict, held_out: Glyphs) -> None:
    references = to_network(jnp.asarray(held_out.images[[5, 250]]))
    digits, own = jnp.array([4, 8, 1]), jnp.asarray(held_out.digits[[5, 250]])
    written = method.synthesis["writer"](params, references, own, digits, jax.random.key(0), 0.0)
    latent = sum(model.encode_attribute(params, references[row][None])[0] for row in (0, 1)) / 2
    for index, source in enumerate((0, 1, 0)):
        content = model.encode_content(params, references[source][None])
        alone = model.decode(params, content, latent, digits[index][None])
        np.testing.assert_allclose(written[index], alone[0], atol=1e-4)


def test_natural_tries_sample_the_latents_from_the_posteriors(
        method: Method, model: DRIT, params: dict, held_out: Glyphs) -> None:
    references = to_network(jnp.asarray(held_out.images[[5, 250]]))
    digits, own = jnp.array([4, 8, 1]), jnp.asarray(held_out.digits[[5, 250]])
    one, other = (method.synthesis["writer"](params, references, own, digits, jax.random.key(seed), 1.0)
                  for seed in (0, 1))
    assert not np.allclose(one, other)
    means, log_variances = model.encode_attribute(params, references)
    styles = jax.vmap(model.reference_styles, (None, None, 0, None))(
        params, references, jax.random.split(jax.random.key(0), 20_000), 0.5)
    deviations = (styles - means) / jnp.exp(log_variances / 2)
    np.testing.assert_allclose(deviations.mean(axis=0), 0.0, atol=0.02)
    np.testing.assert_allclose(deviations.std(axis=0), 0.5, atol=0.02)


def test_latents_and_references_change_the_image(
        method: Method, params: dict, batch: Batch, synthesise: Callable) -> None:
    inputs = params, batch.sources, batch.reference_digits
    one, other = (synthesise(method.synthesis["latent"], *inputs, seed=seed) for seed in (0, 1))
    assert not np.allclose(one, other)
    first, second = (synthesise(method.synthesis["reference"], *inputs, references)
                     for references in (batch.references, batch.second_references))
    assert first.shape == batch.sources.shape
    assert not np.allclose(first, second)


def test_reference_guided_images_sample_the_references_posterior(
        method: Method, model: DRIT, params: dict, batch: Batch, synthesise: Callable) -> None:
    guided = method.synthesis["reference"]
    one, other = (synthesise(guided, params, batch.sources, batch.reference_digits, batch.references, seed)
                  for seed in (0, 1))
    assert not np.allclose(one, other)
    mean, log_variance = model.encode_attribute(params, batch.references)
    latent = mean + jnp.exp(log_variance / 2) * guided.sample_latents(jax.random.key(0), 4)
    expected = model.decode(params, model.encode_content(params, batch.sources), latent, batch.reference_digits)
    np.testing.assert_allclose(one, expected, atol=1e-4)
