"""MUNIT's losses against the paper's formulas, its phases, its modes."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import munit as config_file
from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import Glyphs, to_network
from handwriting_gan.methods import munit
from handwriting_gan.methods.method import Method
from handwriting_gan.methods.munit import MUNIT

WEIGHTS = {"adversarial": 1.5, "image_reconstruction": 7.0, "style_reconstruction": 0.5,
           "content_reconstruction": 3.0, "cycle": 2.0}
DISCRIMINATOR, GENERATOR = 1, 2  # the index of each phase's styles


@pytest.fixture(scope="module")
def method() -> Method:
    config = config_file.get_config("tiny")
    config.losses.update(WEIGHTS)
    return munit.build(config)


@pytest.fixture(scope="module")
def model(method: Method) -> MUNIT:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method, random_params: Callable) -> dict[str, Any]:
    return random_params(method.init)


def directions(model: MUNIT, params: dict, batch: Batch, keys: jax.Array, index: int) -> list[tuple]:
    """For each direction: images, digits, translations, target digits, styles."""
    styles = model.sample_styles(keys, index)
    ways = ((batch.sources, batch.source_digits, batch.reference_digits, styles[:4]),
            (batch.references, batch.reference_digits, batch.source_digits, styles[4:]))
    return [(images, digits, model.decode(params, model.encode_content(params, images), style, others),
             others, style) for images, digits, others, style in ways]


def test_the_discriminators_loss_is_least_squares_in_both_domains_at_all_scales(
        method: Method, model: MUNIT, params: dict, batch: Batch, keys: jax.Array) -> None:
    expected = 0.0
    for images, digits, fakes, others, _ in directions(model, params, batch, keys, DISCRIMINATOR):
        for real in model.discriminate(params, images, digits):
            expected += float(np.square(real - 1.0).mean()) / 2
        for fake in model.discriminate(params, fakes, others):
            expected += float(np.square(fake).mean()) / 2
    total, terms = method.phases[0].loss(params, batch, keys, jnp.int32(0))
    assert float(terms["adversarial"]) == pytest.approx(expected, rel=1e-4)
    assert float(total) == pytest.approx(1.5 * expected, rel=1e-4)


def test_the_generators_loss_is_equation_5_and_the_cycle(
        method: Method, model: MUNIT, params: dict, batch: Batch, keys: jax.Array) -> None:
    expected = dict.fromkeys(WEIGHTS, 0.0)
    for images, digits, fakes, others, styles in directions(model, params, batch, keys, GENERATOR):
        content, style = model.encode_content(params, images), model.encode_style(params, images)
        own = model.decode(params, content, style, digits)
        back = model.decode(params, model.encode_content(params, fakes), style, digits)
        for scores in model.discriminate(params, fakes, others):
            expected["adversarial"] += float(np.square(scores - 1.0).mean()) / 2
        expected["image_reconstruction"] += float(np.abs(own - images).mean()) / 2
        expected["style_reconstruction"] += float(
            np.abs(model.encode_style(params, fakes) - styles).mean()) / 2
        expected["content_reconstruction"] += float(
            np.abs(model.encode_content(params, fakes) - content).mean()) / 2
        expected["cycle"] += float(np.abs(back - images).mean()) / 2
    total, terms = method.phases[1].loss(params, batch, keys, jnp.int32(0))
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-4)
    assert float(total) == pytest.approx(sum(WEIGHTS[name] * expected[name] for name in expected), rel=1e-4)


@dataclasses.dataclass(frozen=True)
class Parts(MUNIT):
    """An autoencoder whose contents, styles and digits are separate parts of an image; it draws all but `missing`."""

    missing: str = ""

    def encode_content(self, params: dict, images: jax.Array) -> jax.Array:
        return images[:, :7, :7]

    def encode_style(self, params: dict, images: jax.Array) -> jax.Array:
        return images[:, 7, :8, 0]

    def decode(self, params: dict, contents: jax.Array, styles: jax.Array, digits: jax.Array) -> jax.Array:
        parts = {"content": contents, "style": styles, "digit": digits / 10.0}
        if self.missing:
            parts[self.missing] = jnp.zeros_like(parts[self.missing])
        image = jnp.zeros((len(digits), 28, 28, 1)).at[:, :7, :7].set(parts["content"])
        return image.at[:, 7, :8, 0].set(parts["style"]).at[:, 8, 0, 0].set(parts["digit"])

    def discriminate(self, params: dict, images: jax.Array, digits: jax.Array, *name: str) -> tuple[jax.Array, ...]:
        return (jnp.zeros((len(images), 1, 1)),)


def test_a_perfect_autoencoder_has_no_cycle_error_and_one_without_a_part_has(keys: jax.Array) -> None:
    digits, others = jnp.array([2, 7, 3, 5]), jnp.array([4, 8, 1, 5])
    perfect = Parts({}, 8, WEIGHTS)

    def glyphs(seed: int, digits: jax.Array) -> jax.Array:
        noise = jax.random.normal(jax.random.key(seed), (4, 57))
        return perfect.decode({}, noise[:, :49].reshape(4, 7, 7, 1), noise[:, 49:], digits)

    batch = Batch(glyphs(0, digits), digits, glyphs(1, others), glyphs(2, others), others)
    _, terms = perfect.generator_loss({}, batch, keys, jnp.int32(0))
    del terms["adversarial"]
    assert {name: float(term) for name, term in terms.items()} == dict.fromkeys(terms, 0.0)
    for missing in ("content", "style", "digit"):
        model = dataclasses.replace(perfect, missing=missing)
        _, terms = model.generator_loss({}, batch, keys, jnp.int32(0))
        assert float(terms["cycle"]) > 1e-4, missing


def test_the_cycle_alone_trains_both_encoders_and_the_decoder(
        params: dict, batch: Batch, keys: jax.Array, moved_by: Callable) -> None:
    config = config_file.get_config("tiny")
    config.losses = {"cycle": 1.0}
    moved = moved_by(munit.build(config).phases[1], params, batch, keys)
    assert all(jax.tree.leaves(moved))


def test_each_phase_updates_its_own_networks_and_the_generating_ones_are_averaged(
        method: Method, params: dict, batch: Batch, keys: jax.Array, moved_by: Callable) -> None:
    generating = ("content_encoder", "style_encoder", "decoder")
    assert [phase.updates for phase in method.phases] == [("discriminator",), generating]
    assert method.averaged == generating
    for phase in method.phases:
        moved = moved_by(phase, params, batch, keys)
        assert set(moved) == set(phase.updates)
        assert all(jax.tree.leaves(moved))


def test_styles_are_standard_normal_and_depend_on_the_examples_key(model: MUNIT, keys: jax.Array) -> None:
    many = model.sample_styles(jax.random.split(jax.random.key(3), 4_000), GENERATOR)
    assert float(many.mean()) == pytest.approx(0.0, abs=0.03)
    assert float(many.std()) == pytest.approx(1.0, abs=0.03)
    styles, of_half = model.sample_styles(keys, GENERATOR), model.sample_styles(keys[2:], GENERATOR)
    np.testing.assert_array_equal(of_half, jnp.concatenate([styles[2:4], styles[6:]]))


def test_the_phases_of_an_iteration_have_independent_styles(model: MUNIT) -> None:
    many = jax.random.split(jax.random.key(3), 4_000)
    one, other = (np.ravel(model.sample_styles(many, index)) for index in (DISCRIMINATOR, GENERATOR))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.02


def test_latents_and_references_change_the_image(
        method: Method, params: dict, batch: Batch, synthesise: Callable) -> None:
    inputs = params, batch.sources, batch.reference_digits
    one, other = (synthesise(method.synthesis["latent"], *inputs, seed=seed) for seed in (0, 1))
    assert not np.allclose(one, other)
    first, second = (synthesise(method.synthesis["reference"], *inputs, references)
                     for references in (batch.references, batch.second_references))
    assert first.shape == batch.sources.shape
    assert not np.allclose(first, second)


def test_the_writer_mode_translates_the_references_in_turn_in_their_mean_style(
        method: Method, model: MUNIT, params: dict, held_out: Glyphs) -> None:
    references = to_network(jnp.asarray(held_out.images[[5, 250]]))
    digits, own = jnp.array([4, 8, 1]), jnp.asarray(held_out.digits[[5, 250]])
    written = method.synthesis["writer"](params, references, own, digits, jax.random.key(0), 1.0)
    style = (model.encode_style(params, references[:1]) + model.encode_style(params, references[1:])) / 2
    for index, source in enumerate((0, 1, 0)):
        content = model.encode_content(params, references[source][None])
        alone = model.decode(params, content, style, digits[index][None])
        np.testing.assert_allclose(written[index], alone[0], atol=1e-4)
