"""StarGAN v2's losses against the paper's formulas, its phases, its routes."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from configs import ablations
from configs import stargan_v2 as config_file
from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import Glyphs, to_network
from handwriting_gan.losses.diversity import linear_decay
from handwriting_gan.methods import stargan_v2
from handwriting_gan.methods.method import Method, Phase
from handwriting_gan.methods.stargan_v2 import StarGANv2

DECAY = 100


def small_config() -> ConfigDict:
    """`tiny` with a generator that compiles fast."""
    config = config_file.get_config("tiny")
    config.networks.update({"levels": 0, "bottleneck_blocks": 1})
    return config


@pytest.fixture(scope="module")
def method() -> Method:
    config = small_config()
    config.diversity_decay_steps = DECAY
    config.losses.update({"r1": 0.7, "style_reconstruction": 0.5, "diversity": 2.0, "cycle": 3.0})
    return stargan_v2.build(config)


@pytest.fixture(scope="module")
def model(method: Method) -> StarGANv2:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method, random_params: Callable) -> dict[str, Any]:
    return random_params(method.init)


def phase(method: Method, name: str) -> Phase:
    return next(phase for phase in method.phases if phase.name == name)


def softplus(x: jax.Array) -> np.ndarray:
    return np.log1p(np.exp(np.asarray(x, np.float64)))


def test_the_phases_have_the_authors_order_and_networks(method: Method) -> None:
    assert [(phase.name, phase.updates) for phase in method.phases] == [
        ("discriminator_latent", ("discriminator",)),
        ("discriminator_reference", ("discriminator",)),
        ("generator_latent", ("generator", "mapping_network", "style_encoder")),
        ("generator_reference", ("generator",)),
    ]
    assert method.averaged == ("generator", "mapping_network", "style_encoder")


def styles_of(model: StarGANv2, params: dict, batch: Batch, keys: jax.Array,
              guide: str) -> tuple[jax.Array, jax.Array]:
    """The two styles of a phase, from the networks themselves."""
    digits = batch.reference_digits
    if guide == "latent":
        return tuple(model.map_latents(params, latents, digits)
                     for latents in model.sample_latents(keys))
    return (model.encode_style(params, batch.references, digits),
            model.encode_style(params, batch.second_references, digits))


@pytest.mark.parametrize("guide", ["latent", "reference"])
def test_the_discriminators_loss_is_equation_1_and_r1(
        guide: str, method: Method, model: StarGANv2, params: dict, batch: Batch,
        keys: jax.Array) -> None:
    style, _ = styles_of(model, params, batch, keys, guide)
    fake = model.translate(params, batch.sources, style)
    real_logits = model.discriminate(params, batch.sources, batch.source_digits)
    fake_logits = model.discriminate(params, fake, batch.reference_digits)
    slope = jax.jit(jax.grad(lambda x, d: model.discriminate(params, x[None], d[None])[0]))
    one_by_one = [slope(image, digit)
                  for image, digit in zip(batch.sources, batch.source_digits, strict=True)]
    penalty = 0.5 * np.mean([np.sum(np.square(gradient)) for gradient in one_by_one])
    adversarial = np.mean(softplus(-real_logits)) + np.mean(softplus(fake_logits))
    total, terms = phase(method, f"discriminator_{guide}").loss(params, batch, keys, jnp.int32(0))
    assert terms["adversarial"] == pytest.approx(adversarial, rel=1e-4)
    assert terms["r1"] == pytest.approx(penalty, rel=1e-4)
    assert total == pytest.approx(adversarial + 0.7 * penalty, rel=1e-4)


@pytest.mark.parametrize("guide", ["latent", "reference"])
def test_the_generators_loss_is_equation_5(
        guide: str, method: Method, model: StarGANv2, params: dict, batch: Batch,
        keys: jax.Array) -> None:
    style, other = styles_of(model, params, batch, keys, guide)
    fake = model.translate(params, batch.sources, style)
    source_style = model.encode_style(params, batch.sources, batch.source_digits)
    expected = {
        "adversarial": np.mean(softplus(
            -model.discriminate(params, fake, batch.reference_digits))),
        "style_reconstruction": np.abs(
            model.encode_style(params, fake, batch.reference_digits) - style).mean(),
        "diversity": np.abs(fake - model.translate(params, batch.sources, other)).mean(),
        "cycle": np.abs(batch.sources - model.translate(params, fake, source_style)).mean(),
    }
    step = jnp.int32(DECAY // 4)
    total, terms = phase(method, f"generator_{guide}").loss(params, batch, keys, step)
    assert set(terms) == set(expected)
    for name, value in terms.items():
        assert float(value) == pytest.approx(float(expected[name]), rel=1e-4), name
    weights = {"adversarial": 1.0, "style_reconstruction": 0.5,
               "diversity": -linear_decay(2.0, DECAY, step), "cycle": 3.0}
    weighted = sum(float(weights[name]) * float(expected[name]) for name in weights)
    assert float(total) == pytest.approx(weighted, rel=1e-4)


@pytest.fixture(scope="module")
def relativistic() -> Method:
    config = ablations.get_config("relativistic:tiny")
    config.networks.update({"levels": 0, "bottleneck_blocks": 1})
    config.losses.update({"relativistic": 1.5, "r1": 0.7, "r2": 0.3, "cycle": 3.0})
    return stargan_v2.build(config)


@pytest.mark.parametrize("guide", ["latent", "reference"])
def test_relativistic_pairs_are_a_fake_and_a_real_image_of_its_digit(
        guide: str, relativistic: Method, model: StarGANv2, params: dict, batch: Batch, keys: jax.Array) -> None:
    style, _ = styles_of(model, params, batch, keys, guide)
    fake, digits = model.translate(params, batch.sources, style), batch.reference_digits
    real_logits = model.discriminate(params, batch.second_references, digits)
    fake_logits = model.discriminate(params, fake, digits)
    slope = jax.jit(jax.grad(lambda x, d: model.discriminate(params, x[None], d[None])[0]))
    r1, r2 = (0.5 * np.mean([np.sum(np.square(slope(*pair))) for pair in zip(images, own, strict=True)])
              for images, own in ((batch.sources, batch.source_digits), (fake, digits)))
    paired = np.mean(softplus(fake_logits - real_logits))
    total, terms = phase(relativistic, f"discriminator_{guide}").loss(params, batch, keys, jnp.int32(0))
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(
        {"relativistic": paired, "r1": r1, "r2": r2}, rel=1e-4)
    assert float(total) == pytest.approx(1.5 * paired + 0.7 * r1 + 0.3 * r2, rel=1e-4)
    _, terms = phase(relativistic, f"generator_{guide}").loss(params, batch, keys, jnp.int32(0))
    assert set(terms) == {"relativistic", "style_reconstruction", "diversity", "cycle"}
    assert float(terms["relativistic"]) == pytest.approx(np.mean(softplus(real_logits - fake_logits)), rel=1e-4)


def test_the_diversity_weight_is_0_after_its_decay(method: Method, params: dict, batch: Batch,
                                                    keys: jax.Array) -> None:
    loss = phase(method, "generator_latent").loss
    total, terms = loss(params, batch, keys, jnp.int32(DECAY))
    expected = terms["adversarial"] + 0.5 * terms["style_reconstruction"] + 3.0 * terms["cycle"]
    assert total == pytest.approx(float(expected), rel=1e-5)


def test_a_term_without_a_weight_is_not_computed(params: dict, batch: Batch,
                                                 keys: jax.Array) -> None:
    def flops(*left_out: str) -> float:
        config = small_config()
        for name in left_out:
            del config.losses[name]
        loss = phase(stargan_v2.build(config), "generator_latent").loss
        lowered = jax.jit(loss).lower(params, batch, keys, jnp.int32(0))
        return lowered.cost_analysis()["flops"]

    # The cycle costs the second translation and the source's style, diversity the other translation.
    assert flops("cycle", "diversity", "style_reconstruction") < 0.5 * flops()


def test_all_phases_of_an_iteration_share_their_latents(model: StarGANv2, keys: jax.Array) -> None:
    first, second = model.sample_latents(keys)
    again, _ = model.sample_latents(keys)
    assert jnp.array_equal(first, again)
    assert not jnp.allclose(first, second)
    assert jnp.array_equal(model.sample_latents(keys[2:])[0], first[2:])  # in any batch


def test_latents_are_standard_normal(model: StarGANv2) -> None:
    latents, _ = model.sample_latents(jax.random.split(jax.random.key(3), 5_000))
    assert float(latents.mean()) == pytest.approx(0.0, abs=0.03)
    assert float(latents.std()) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("route", ["source", "reference", "shared_latent"])
def test_every_route_writes_any_digits_from_any_number_of_references(
        route: str, model: StarGANv2, params: dict, held_out: Glyphs) -> None:
    config = small_config()
    config.route = route
    write = stargan_v2.build(config).synthesis["writer"]
    rows = np.array([0, 250, 900])
    references = to_network(jnp.asarray(held_out.images[rows]))
    inputs = params, references, jnp.asarray(held_out.digits[rows])
    digits = jnp.array([4, 8, 1, 1], jnp.int32)
    images = write(*inputs, digits, jax.random.key(0), 1.0)
    assert images.shape == (4, 28, 28, 1)
    assert jnp.array_equal(images, write(*inputs, digits, jax.random.key(0), 1.0))
    # Only the reference route ignores the key.
    same = jnp.array_equal(images, write(*inputs, digits, jax.random.key(1), 1.0))
    assert same == (route == "reference")
    # Only the source route uses the variation.
    best = write(*inputs, digits, jax.random.key(0), 0.0)
    assert jnp.array_equal(images, best) == (route != "source")
    same = jnp.array_equal(best, write(*inputs, digits, jax.random.key(1), 0.0))
    assert same == (route != "shared_latent")


def test_variation_scales_the_source_routes_deviation_from_the_mean_style(
        model: StarGANv2, params: dict, held_out: Glyphs) -> None:
    references, digits = to_network(jnp.asarray(held_out.images[:1])), jnp.array([4, 8], jnp.int32)

    class LatentsOnly(StarGANv2):
        def map_latents(self, params: dict, latents: jax.Array, digits: jax.Array) -> jax.Array:
            return latents

        def translate(self, params: dict, sources: jax.Array, styles: jax.Array) -> jax.Array:
            return styles

    route = LatentsOnly(model.networks, model.latent_dim, model.style_dim, {}, DECAY, 1.0).source_route

    def styles(variation: float, seed: int = 0) -> np.ndarray:
        return np.asarray(route(params, references, jnp.array([7]), digits, jax.random.key(seed), variation))

    mean = styles(0.0)
    np.testing.assert_allclose(mean, 0.0, atol=0.15)  # of 1,024 standard normal latents
    np.testing.assert_array_equal(mean, styles(0.0, seed=1))
    np.testing.assert_allclose(styles(0.5), (styles(1.0) + mean) / 2, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(*styles(1.0), rtol=1e-6)  # one try, one latent for all its digits


def test_the_shared_latent_route_selects_the_candidate_with_the_references_styles(
        monkeypatch: pytest.MonkeyPatch, model: StarGANv2, params: dict) -> None:
    """The references' styles are exactly those of one candidate."""
    monkeypatch.setattr(stargan_v2, "LATENT_CANDIDATES", 32)
    key, reference_digits = jax.random.key(5), jnp.array([2, 7, 3], jnp.int32)
    candidates = jax.random.normal(key, (32, model.latent_dim))
    wanted = jnp.tile(candidates[11], (3, 1))

    class Oracle(StarGANv2):
        def encode_style(self, params: dict, images: jax.Array, digits: jax.Array) -> jax.Array:
            return self.map_latents(params, wanted, digits)

        def translate(self, params: dict, sources: jax.Array, styles: jax.Array) -> jax.Array:
            return styles

    oracle = Oracle(model.networks, model.latent_dim, model.style_dim, model.weights, DECAY, truncation=1.0)
    digits = jnp.array([4, 8], jnp.int32)
    styles = oracle.shared_latent_route(params, jnp.zeros((3, 28, 28, 1)), reference_digits, digits, key, 1.0)
    np.testing.assert_allclose(styles, model.map_latents(params, wanted[:2], digits), rtol=1e-5, atol=1e-6)


def test_truncation_interpolates_between_the_digits_mean_style_and_its_heads_output(
        model: StarGANv2, params: dict, held_out: Glyphs) -> None:
    references = to_network(jnp.asarray(held_out.images[[0, 250]]))
    reference_digits, digits = jnp.asarray(held_out.digits[[0, 250]]), jnp.array([4, 8], jnp.int32)

    class StylesOnly(StarGANv2):
        def translate(self, params: dict, sources: jax.Array, styles: jax.Array) -> jax.Array:
            return styles

    def styles(truncation: float) -> np.ndarray:
        route = StylesOnly(model.networks, model.latent_dim, model.style_dim, {}, DECAY,
                           truncation).reference_route
        return np.asarray(route(params, references, reference_digits, digits, jax.random.key(0), 1.0))

    encoded = [model.encode_style(params, references, jnp.full(2, digit)).mean(axis=0) for digit in digits]
    np.testing.assert_allclose(styles(1.0), encoded, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(styles(0.5), (styles(0.0) + styles(1.0)) / 2, rtol=1e-4, atol=1e-5)
    latents = jax.random.normal(jax.random.key(1), (2_000, model.latent_dim))
    mean = model.map_latents(params, latents, jnp.full(2_000, 4)).mean(axis=0)
    np.testing.assert_allclose(styles(0.0)[0], mean, atol=0.15)


@pytest.mark.parametrize("mode", ["latent", "reference"])
def test_guided_modes_synthesise_one_image_per_source(
        mode: str, method: Method, params: dict, batch: Batch, synthesise: Callable) -> None:
    images = jax.eval_shape(lambda *inputs: synthesise(method.synthesis[mode], *inputs), params, batch.sources,
                            batch.reference_digits, batch.references)
    assert images.shape == batch.sources.shape
