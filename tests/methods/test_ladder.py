"""Each configuration of the ladder changes one part: B the discriminator, C the style, D the latent."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import ablations
from handwriting_gan import methods
from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import DIGITS, Glyphs, to_network
from handwriting_gan.methods.ladder import MultiTaskStarGAN
from handwriting_gan.methods.method import Method
from handwriting_gan.methods.stargan_v2 import StarGANv2


def build(name: str, random_params: Callable, **losses: float) -> tuple[Method, Any, dict[str, Any]]:
    """A configuration's method, model and random parameters, with some loss weights changed."""
    config = ablations.get_config(f"{name}:tiny")
    config.losses.update(losses)
    if "levels" in config.networks:
        config.networks.update({"levels": 0, "bottleneck_blocks": 1})  # compiles fast
    method = methods.build(config)
    return method, method.phases[0].loss.__self__, random_params(method.init)


@pytest.fixture(scope="module")
def b(random_params: Callable) -> tuple[Method, MultiTaskStarGAN, dict[str, Any]]:
    return build("multi_task_discriminator", random_params, gradient_penalty=7.0, cycle=3.0)


def test_b_scores_reals_and_fakes_of_one_digit_by_its_head(
        b: tuple[Method, MultiTaskStarGAN, dict], batch: Batch, keys: jax.Array) -> None:
    method, model, params = b
    digits = batch.reference_digits
    fakes = model.translate(params, batch.sources, digits)
    real, fake = (model.score(params, images, digits) for images in (batch.references, fakes))
    assert real.shape == (4,)
    critic = float(fake.mean() - real.mean())

    @jax.jit
    @jax.grad
    def alone(image: jax.Array, digit: jax.Array) -> jax.Array:
        return model.score(params, image[None], digit[None])[0]

    norms = []
    for row, key in enumerate(keys):
        fraction = jax.random.uniform(key)
        between = fraction * batch.references[row] + (1 - fraction) * fakes[row]
        norms.append(np.sqrt(np.sum(np.square(alone(between, digits[row])))))
    penalty = float(np.mean(np.square(np.array(norms) - 1.0)))
    total, terms = method.phases[0].loss(params, batch, keys, jnp.int32(0))
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(
        {"adversarial": critic, "gradient_penalty": penalty}, rel=1e-4, abs=1e-6)
    assert float(total) == pytest.approx(critic + 7.0 * penalty, rel=1e-4)
    cycle = np.abs(model.translate(params, fakes, batch.source_digits) - batch.sources).mean()
    total, terms = method.phases[1].loss(params, batch, keys, jnp.int32(0))
    assert float(total) == pytest.approx(3.0 * float(cycle) - float(fake.mean()), rel=1e-4)


def test_b_has_no_gradient_in_other_digits_heads(
        b: tuple[Method, MultiTaskStarGAN, dict], batch: Batch, keys: jax.Array) -> None:
    method, _, params = b
    heads = params["discriminator"]["Dense_0"]

    def loss(heads: dict) -> jax.Array:
        discriminator = {**params["discriminator"], "Dense_0": heads}
        return method.phases[0].loss({**params, "discriminator": discriminator}, batch, keys, jnp.int32(0))[0]

    kernel = jax.jit(jax.grad(loss))(heads)["kernel"]  # [in, domains]
    moved = set(np.flatnonzero(np.any(kernel, axis=0)).tolist())
    assert moved == set(np.asarray(batch.reference_digits).tolist())


@pytest.fixture(scope="module")
def c(random_params: Callable) -> tuple[Method, StarGANv2, dict[str, Any]]:
    return build("label_styles", random_params)


def test_c_has_one_style_per_digit(
        c: tuple[Method, StarGANv2, dict], batch: Batch, keys: jax.Array) -> None:
    method, model, params = c
    latents, others = model.sample_latents(keys)
    styles = model.map_latents(params, latents, batch.reference_digits)
    np.testing.assert_array_equal(styles, model.map_latents(params, others, batch.reference_digits))
    np.testing.assert_array_equal(
        styles, model.encode_style(params, batch.references, batch.reference_digits))
    assert not np.allclose(model.map_latents(params, latents[:1], jnp.int32(3)),
                           model.map_latents(params, latents[:1], jnp.int32(4)))
    assert set(method.synthesis) == {"latent", "writer"}
    assert [phase.name for phase in method.phases] == ["discriminator_latent", "generator_latent"]


def test_c_writes_the_same_with_every_key(
        c: tuple[Method, StarGANv2, dict], held_out: Glyphs) -> None:
    method, _, params = c
    rows, digits = [5, 250], jnp.array([4, 8, 1])
    inputs = to_network(jnp.asarray(held_out.images[rows])), jnp.asarray(held_out.digits[rows]), digits
    one, other = (method.synthesis["writer"](params, *inputs, jax.random.key(seed), 1.0) for seed in (0, 1))
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.fixture(scope="module")
def d(random_params: Callable) -> tuple[Method, StarGANv2, dict[str, Any]]:
    return build("shared_latents", random_params, style_reconstruction=0.5, cycle=3.0)


def test_d_concatenates_latent_and_code_and_reconstructs_the_latent(
        d: tuple[Method, StarGANv2, dict], batch: Batch, keys: jax.Array) -> None:
    method, model, params = d
    latents, _ = model.sample_latents(keys)
    styles = model.map_latents(params, latents, batch.reference_digits)
    np.testing.assert_array_equal(styles[:, :model.latent_dim], latents)
    codes = np.sqrt(model.latent_dim) * np.eye(DIGITS)  # of a latent's root mean square norm
    np.testing.assert_allclose(styles[:, model.latent_dim:], codes[batch.reference_digits], rtol=1e-6)
    np.testing.assert_allclose(model.map_latents(params, latents, jnp.int32(7))[:, model.latent_dim:],
                               codes[[7] * 4], rtol=1e-6)
    fakes = model.translate(params, batch.sources, styles)
    encoded = model.encode_style(params, fakes, batch.reference_digits)
    error = np.abs(encoded[:, :model.latent_dim] - latents).mean()
    _, terms = method.phases[2].loss(params, batch, keys, jnp.int32(0))
    assert set(terms) == {"adversarial", "style_reconstruction", "cycle"}
    assert float(terms["style_reconstruction"]) == pytest.approx(float(error), rel=1e-4)


def test_d_encodes_the_same_latent_for_every_target_digit(
        d: tuple[Method, StarGANv2, dict], batch: Batch) -> None:
    """So a style can transfer between digits."""
    _, model, params = d
    one, other = (model.encode_style(params, batch.references, jnp.full(4, digit)) for digit in (3, 8))
    np.testing.assert_array_equal(one[:, :model.latent_dim], other[:, :model.latent_dim])
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("guide", "phases", "modes"), [
    ("by_latents_only", {"discriminator_latent": ("discriminator",),
                         "generator_latent": ("generator", "mapping_network", "style_encoder")},
     {"latent", "reference", "writer"}),
    ("by_references_only", {"discriminator_reference": ("discriminator",),
                            "generator_reference": ("generator", "style_encoder")},
     {"reference", "writer"}),
])
def test_training_guided_one_way_has_no_phase_of_the_other(guide: str, phases: dict, modes: set[str]) -> None:
    method = methods.build(ablations.get_config(f"{guide}:tiny"))
    assert {phase.name: phase.updates for phase in method.phases} == phases
    assert set(method.synthesis) == modes
