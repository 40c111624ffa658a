"""A conditional DCGAN's losses against the formula, its phases, its mode."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import conditional_dcgan as config_file
from handwriting_gan.data.batches import Batch
from handwriting_gan.methods import conditional_dcgan
from handwriting_gan.methods.conditional_dcgan import ConditionalDCGAN
from handwriting_gan.methods.method import Method


@pytest.fixture(scope="module")
def method() -> Method:
    return conditional_dcgan.build(config_file.get_config("tiny"))


@pytest.fixture(scope="module")
def model(method: Method) -> ConditionalDCGAN:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method, random_params: Callable) -> dict[str, Any]:
    return random_params(method.init)


def mean_log_probability(logits: jax.Array) -> float:
    return float(np.mean(np.log(1.0 / (1.0 + np.exp(-np.asarray(logits, np.float64))))))


def test_both_losses_are_cross_entropies_of_the_same_logits(
        method: Method, model: ConditionalDCGAN, params: dict, batch: Batch, keys: jax.Array) -> None:
    split = [jax.random.split(key, 3) for key in keys]
    latents = jnp.stack([jax.random.normal(key, (model.latent_dim,)) for key, _, _ in split])
    fakes = model.generate(params, latents, batch.reference_digits)
    real_logits = model.discriminate(params, batch.sources, batch.source_digits,
                                     jnp.stack([key for _, key, _ in split]))
    fake_logits = model.discriminate(params, fakes, batch.reference_digits,
                                     jnp.stack([key for _, _, key in split]))
    expected = {
        "discriminator": -mean_log_probability(real_logits) - mean_log_probability(-fake_logits),
        "generator": -mean_log_probability(fake_logits),
    }
    for phase in method.phases:
        total, terms = phase.loss(params, batch, keys, jnp.int32(0))
        assert float(total) == pytest.approx(expected[phase.name], rel=1e-5)
        assert terms == {"adversarial": total}


def test_a_batch_has_a_dozen_glyphs_of_each_digit() -> None:
    assert all(config_file.get_config(preset).batch_size == 128 for preset in ("small", "base"))


def test_each_phase_updates_its_own_network(
        method: Method, params: dict, batch: Batch, keys: jax.Array, moved_by: Callable) -> None:
    assert [phase.updates for phase in method.phases] == [("discriminator",), ("generator",)]
    for phase in method.phases:
        moved = moved_by(phase, params, batch, keys)
        assert set(moved) == set(phase.updates)
        assert all(jax.tree.leaves(moved))


def test_the_image_depends_on_latent_and_digit_but_not_on_the_source(
        method: Method, params: dict, batch: Batch, synthesise: Callable) -> None:
    assert set(method.synthesis) == {"latent"}
    assert method.averaged == ("generator",)
    guided, digits = method.synthesis["latent"], jnp.array([4, 4, 8, 8])
    images = synthesise(guided, params, batch.sources, digits)
    other = synthesise(guided, params, -batch.sources, digits)
    assert images.shape == batch.sources.shape
    np.testing.assert_array_equal(images, other)
    assert not np.allclose(images[0], images[1], atol=1e-3)
    again = synthesise(guided, params, batch.sources, digits, seed=1)
    assert not np.allclose(images, again, atol=1e-3)
