"""StarGAN v1's losses against the paper's formulas, its phases, its modes."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import stargan_v1 as config_file
from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import Glyphs, to_network
from handwriting_gan.methods import stargan_v1
from handwriting_gan.methods.method import Method
from handwriting_gan.methods.stargan_v1 import StarGANv1

WEIGHTS = {"adversarial": 1.5, "gradient_penalty": 7.0, "classification": 0.5, "cycle": 3.0}


@pytest.fixture(scope="module")
def method() -> Method:
    config = config_file.get_config("tiny")
    config.losses.update(WEIGHTS)
    return stargan_v1.build(config)


@pytest.fixture(scope="module")
def model(method: Method) -> StarGANv1:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method, random_params: Callable) -> dict[str, Any]:
    return random_params(method.init)


def cross_entropy(logits: jax.Array, labels: jax.Array) -> float:
    logits = np.asarray(logits, np.float64)
    right = logits[np.arange(len(labels)), labels]
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - right))


def floats(terms: dict[str, jax.Array]) -> dict[str, float]:
    return {name: float(value) for name, value in terms.items()}


def test_the_discriminator_has_five_updates_for_each_of_the_generator(method: Method) -> None:
    assert [(phase.name, phase.updates, phase.repeats) for phase in method.phases] == [
        ("discriminator", ("discriminator",), 5), ("generator", ("generator",), 1)]
    assert method.averaged == ("generator",)


def test_every_update_of_the_discriminator_counts_its_glyphs(method: Method) -> None:
    assert method.glyphs_per_step(16) == 5 * 16
    config = config_file.get_config("tiny")
    config.discriminator_updates = 2
    assert stargan_v1.build(config).glyphs_per_step(16) == 2 * 16


def test_the_discriminators_loss_is_equation_5_with_the_critic_of_equation_8(
        method: Method, model: StarGANv1, params: dict, batch: Batch, keys: jax.Array) -> None:
    fakes = model.translate(params, batch.sources, batch.reference_digits)
    real_scores, classes = model.discriminate(params, batch.sources)
    fake_scores, _ = model.discriminate(params, fakes)

    @jax.jit
    @jax.grad
    def alone(image: jax.Array) -> jax.Array:
        return model.discriminate(params, image[None])[0].sum()

    norms = []
    for real, fake, key in zip(batch.sources, fakes, keys, strict=True):
        fraction = jax.random.uniform(key)
        norms.append(np.sqrt(np.sum(np.square(alone(fraction * real + (1 - fraction) * fake)))))
    expected = {
        "adversarial": float(fake_scores.mean() - real_scores.mean()),
        "gradient_penalty": float(np.mean(np.square(np.array(norms) - 1.0))),
        "classification": cross_entropy(classes, batch.source_digits),
    }
    total, terms = method.phases[0].loss(params, batch, keys, jnp.int32(0))
    assert floats(terms) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert float(total) == pytest.approx(sum(WEIGHTS[name] * expected[name] for name in expected), rel=1e-4)


def test_the_generators_loss_is_equation_6(
        method: Method, model: StarGANv1, params: dict, batch: Batch, keys: jax.Array) -> None:
    fakes = model.translate(params, batch.sources, batch.reference_digits)
    scores, classes = model.discriminate(params, fakes)
    back = model.translate(params, fakes, batch.source_digits)
    expected = {
        "adversarial": float(-scores.mean()),
        "classification": cross_entropy(classes, batch.reference_digits),
        "cycle": float(np.abs(back - batch.sources).mean()),
    }
    total, terms = method.phases[1].loss(params, batch, keys, jnp.int32(0))
    assert floats(terms) == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert float(total) == pytest.approx(sum(WEIGHTS[name] * expected[name] for name in expected), rel=1e-4)


def test_each_phase_updates_its_own_network(
        method: Method, params: dict, batch: Batch, keys: jax.Array, moved_by: Callable) -> None:
    for phase in method.phases:
        moved = moved_by(phase, params, batch, keys)
        assert set(moved) == set(phase.updates)
        assert all(jax.tree.leaves(moved))


def test_the_writer_mode_translates_the_references_in_turn(
        method: Method, model: StarGANv1, params: dict, held_out: Glyphs) -> None:
    references = to_network(jnp.asarray(held_out.images[[5, 250]]))
    digits, write = jnp.array([4, 8, 1]), method.synthesis["writer"]
    own = jnp.asarray(held_out.digits[[5, 250]])
    written = write(params, references, own, digits, jax.random.key(0), 1.0)
    for index, source in enumerate((0, 1, 0)):
        alone = model.translate(params, references[source][None], digits[index][None])
        np.testing.assert_allclose(written[index], alone[0], atol=1e-4)
    again = write(params, references, jnp.array([0, 0]), digits, jax.random.key(1), 0.0)
    np.testing.assert_array_equal(written, again)
