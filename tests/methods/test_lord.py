"""LORD's losses against the paper's formulas, its phases, its modes."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import lord as config_file
from handwriting_gan.data.batches import NumberedBatch
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
def batch(method: Method, glyphs: Glyphs) -> NumberedBatch:
    return method.examples.draw(method.examples.lay_out(glyphs), jax.random.split(jax.random.key(1), 4))


def squared_errors(one: jax.Array, other: jax.Array) -> float:
    return float(np.square(np.asarray(one - other)).sum(axis=(1, 2, 3)).mean())


def test_a_glyph_is_drawn_from_its_digit_and_its_own_noisy_code(
        method: Method, model: LORD, params: dict, batch: NumberedBatch, keys: jax.Array) -> None:
    codes = params["contents"]["embedding"][batch.numbers]
    noise = jnp.stack([jax.random.normal(key, (8,)) for key in keys])
    drawn = model.generate(params, batch.digits, codes + 0.7 * noise)
    expected = {"reconstruction": squared_errors(drawn, batch.images),
                "content": float(np.square(codes).mean())}
    total, terms = method.phases[0].loss(params, batch, keys, jnp.int32(0))
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-4)
    assert float(total) == pytest.approx(sum(WEIGHTS[name] * expected[name] for name in expected), rel=1e-4)


def test_the_encoder_is_to_find_the_codes_and_draw_as_well(
        method: Method, model: LORD, params: dict, batch: NumberedBatch, keys: jax.Array) -> None:
    found, codes = model.encode(params, batch.images), params["contents"]["embedding"][batch.numbers]
    expected = {
        "reconstruction": squared_errors(model.generate(params, batch.digits, found), batch.images),
        "code": float(np.square(found - codes).mean())}
    total, terms = method.phases[1].loss(params, batch, keys, jnp.int32(0))
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected, rel=1e-4)
    assert float(total) == pytest.approx(sum(WEIGHTS[name] * expected[name] for name in expected), rel=1e-4)


def test_each_stage_moves_its_own_and_what_draws_is_averaged(
        method: Method, params: dict, batch: NumberedBatch, keys: jax.Array, moved_by: Callable) -> None:
    assert [phase.updates for phase in method.phases] == [
        ("contents", "generator"), ("content_encoder",)]
    assert method.averaged == ("content_encoder", "generator")
    for phase in method.phases:
        moved = moved_by(phase, params, batch, keys)
        assert set(moved) == set(phase.updates)
        assert all(jax.tree.leaves(moved))


def test_only_the_codes_of_the_batch_are_moved(
        method: Method, params: dict, batch: NumberedBatch, keys: jax.Array) -> None:
    def loss(contents: dict) -> jax.Array:
        return method.phases[0].loss({**params, "contents": contents}, batch, keys, jnp.int32(0))[0]

    moved = np.flatnonzero(np.any(jax.jit(jax.grad(loss))(params["contents"])["embedding"], axis=1))
    assert set(moved) == set(batch.numbers.tolist())


def test_the_same_content_makes_every_digit(method: Method, model: LORD, params: dict,
                                            batch: NumberedBatch) -> None:
    latent = method.synthesis["latent"]
    guided = params, batch.images, batch.digits, jnp.array([4, 8, 1, 0])
    drawn = latent(*guided, jax.random.key(0))
    np.testing.assert_array_equal(drawn, latent(*guided, jax.random.key(1)))
    alone = model.generate(params, jnp.array([8]), model.encode(params, batch.images[1:2]))
    np.testing.assert_allclose(drawn[1:2], alone, atol=1e-5)


def test_a_hand_is_the_mean_content_of_its_glyphs(
        method: Method, model: LORD, params: dict, held_out: Glyphs) -> None:
    references = to_network(jnp.asarray(held_out.images[[5, 250]]))
    digits, read = jnp.array([4, 8, 1]), jnp.asarray(held_out.digits[[5, 250]])
    written = method.synthesis["writer"](params, references, read, digits, jax.random.key(0), 1.0)
    content = (model.encode(params, references[:1]) + model.encode(params, references[1:])) / 2
    for place in range(3):
        np.testing.assert_allclose(
            written[place], model.generate(params, digits[place][None], content)[0], atol=1e-5)
