"""LORD's losses against the paper's formulas, its phases, its modes."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import lord as config_file
from configs.common import PRESETS
from handwriting_gan.data.batches import IndexedBatch
from handwriting_gan.data.glyphs import Glyphs, to_network
from handwriting_gan.methods import lord
from handwriting_gan.methods.lord import LORD
from handwriting_gan.methods.method import Method

WEIGHTS = {"reconstruction": 0.5, "content": 3.0, "code": 2.0}


@pytest.fixture(scope="module")
def method() -> Method:
    config = config_file.get_config("tiny")
    config.losses.update(WEIGHTS)
    config.content_noise = 0.7
    return lord.build(config)


@pytest.fixture(scope="module")
def model(method: Method) -> LORD:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method, random_params: Callable) -> dict[str, Any]:
    return random_params(method.init)


@pytest.fixture(scope="module")
def batch(method: Method, glyphs: Glyphs) -> IndexedBatch:
    return method.examples.sample(method.examples.make_pool(glyphs), jax.random.split(jax.random.key(1), 4))


def squared_errors(one: jax.Array, other: jax.Array) -> float:
    return float(np.square(np.asarray(one - other)).sum(axis=(1, 2, 3)).mean())


def test_the_first_stage_reconstructs_a_glyph_from_its_digit_and_its_noisy_code(
        method: Method, model: LORD, params: dict, batch: IndexedBatch, keys: jax.Array) -> None:
    codes = params["contents"]["embedding"][batch.indices]
    noise = jnp.stack([jax.random.normal(key, (8,)) for key in keys])
    rebuilt = model.generate(params, batch.digits, codes + 0.7 * noise)
    expected = {"reconstruction": squared_errors(rebuilt, batch.images),
                "content": float(np.square(codes).mean())}
    total, terms = method.phases[0].loss(params, batch, keys, jnp.int32(0))
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-4)
    assert float(total) == pytest.approx(sum(WEIGHTS[name] * expected[name] for name in expected), rel=1e-4)


def test_the_second_stage_trains_the_encoder_on_codes_and_reconstruction(
        method: Method, model: LORD, params: dict, batch: IndexedBatch, keys: jax.Array) -> None:
    encoded, codes = model.encode_content(params, batch.images), params["contents"]["embedding"][batch.indices]
    expected = {
        "reconstruction": squared_errors(model.generate(params, batch.digits, encoded), batch.images),
        "code": float(np.square(encoded - codes).mean())}
    total, terms = method.phases[1].loss(params, batch, keys, jnp.int32(0))
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-4)
    assert float(total) == pytest.approx(sum(WEIGHTS[name] * expected[name] for name in expected), rel=1e-4)


def test_each_stage_updates_its_own_networks_and_the_generating_ones_are_averaged(
        method: Method, params: dict, batch: IndexedBatch, keys: jax.Array, moved_by: Callable) -> None:
    assert [phase.updates for phase in method.phases] == [
        ("contents", "classes", "generator"), ("content_encoder",)]
    assert method.averaged == ("classes", "content_encoder", "generator")
    for phase in method.phases:
        moved = moved_by(phase, params, batch, keys)
        assert set(moved) == set(phase.updates)
        assert all(jax.tree.leaves(moved))


def test_class_codes_learn_ten_times_as_fast_as_the_generator() -> None:
    for preset in PRESETS:
        rates = config_file.get_config(preset).learning_rates
        assert rates.classes == pytest.approx(10 * rates.generator)


def test_only_the_codes_of_the_batch_have_a_gradient(
        method: Method, params: dict, batch: IndexedBatch, keys: jax.Array) -> None:
    def loss(contents: dict) -> jax.Array:
        return method.phases[0].loss({**params, "contents": contents}, batch, keys, jnp.int32(0))[0]

    moved = np.flatnonzero(np.any(jax.jit(jax.grad(loss))(params["contents"])["embedding"], axis=1))
    assert set(moved) == set(batch.indices.tolist())


def test_only_the_classes_of_the_batch_have_a_gradient(
        method: Method, params: dict, batch: IndexedBatch, keys: jax.Array) -> None:
    def loss(classes: dict) -> jax.Array:
        return method.phases[0].loss({**params, "classes": classes}, batch, keys, jnp.int32(0))[0]

    moved = np.flatnonzero(np.any(jax.jit(jax.grad(loss))(params["classes"])["embedding"], axis=1))
    assert set(moved) == set(batch.digits.tolist())


def test_the_guided_mode_combines_a_content_with_every_digit(
        method: Method, model: LORD, params: dict, batch: IndexedBatch, synthesise: Callable) -> None:
    guided = method.synthesis["latent"]
    assert guided.latent_dim == 0
    images = synthesise(guided, params, batch.images, jnp.array([4, 8, 1, 0]))
    alone = model.generate(params, jnp.array([8]), model.encode_content(params, batch.images[1:2]))
    np.testing.assert_allclose(images[1:2], alone, atol=1e-4)


def test_the_writer_mode_uses_the_mean_content_of_the_references(
        method: Method, model: LORD, params: dict, held_out: Glyphs) -> None:
    references = to_network(jnp.asarray(held_out.images[[5, 250]]))
    digits, own = jnp.array([4, 8, 1]), jnp.asarray(held_out.digits[[5, 250]])
    written = method.synthesis["writer"](params, references, own, digits, jax.random.key(0), 1.0)
    content = (model.encode_content(params, references[:1]) + model.encode_content(params, references[1:])) / 2
    for index in range(3):
        np.testing.assert_allclose(
            written[index], model.generate(params, digits[index][None], content)[0], atol=1e-4)
