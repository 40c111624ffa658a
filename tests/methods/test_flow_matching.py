"""Flow matching: the loss against the path's velocity, the solvers on equations with known solutions, and the mode."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import flow_matching as config_file
from handwriting_gan.data.glyphs import SIDE, Glyphs, to_network
from handwriting_gan.data.hands import TARGETS, WRITERS, HandBatch
from handwriting_gan.errors import InputError
from handwriting_gan.losses.flow_matching import SIGMA_MIN
from handwriting_gan.methods import flow_matching
from handwriting_gan.methods.flow_matching import SOLVERS, FlowMatching, euler, heun, solve
from handwriting_gan.methods.method import Method
from handwriting_gan.synthesis.trained_model import TrainedModel

EXAMPLES = 2
COUNT = EXAMPLES * WRITERS * TARGETS


@pytest.fixture(scope="module")
def method() -> Method:
    return flow_matching.build(config_file.get_config("tiny"))


@pytest.fixture(scope="module")
def model(method: Method) -> FlowMatching:
    return method.phases[0].loss.__self__


@pytest.fixture(scope="module")
def params(method: Method, random_params: Callable) -> dict[str, Any]:
    return random_params(method.init)


@pytest.fixture(scope="module")
def batch(method: Method, written: Glyphs) -> HandBatch:
    examples = method.examples
    return examples.sample(examples.make_pool(written), jax.random.split(jax.random.key(1), EXAMPLES))


@pytest.fixture(scope="module")
def keys() -> jax.Array:
    return jax.random.split(jax.random.key(2), EXAMPLES)


# The loss.


def test_golden_numbers_of_parameters() -> None:
    method = flow_matching.build(config_file.get_config("small"))
    shapes = jax.eval_shape(method.init, jax.random.key(0))
    assert {name: sum(x.size for x in jax.tree.leaves(tree)) for name, tree in shapes.items()} == {
        "reference_encoder": 599_520, "velocity": 774_337}


def test_one_phase_updates_both_networks_and_both_are_averaged(
        method: Method, params: dict, batch: HandBatch, keys: jax.Array, moved_by: Callable) -> None:
    (phase,) = method.phases
    assert phase.updates == method.averaged == ("reference_encoder", "velocity")
    assert method.page_networks is None
    assert all(jax.tree.leaves(moved_by(phase, params, batch, keys)))


def test_the_true_velocity_has_no_loss(model: FlowMatching, params: dict, batch: HandBatch, keys: jax.Array,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """The image and the point on the path determine the noise, and so the velocity."""
    images = batch.images[:, :, :TARGETS].reshape(COUNT, SIDE, SIDE, 1)

    def true_velocity(_: FlowMatching, params: dict, points: jax.Array, times: jax.Array, digits: jax.Array,
                      conditions: jax.Array) -> jax.Array:
        left = 1 - (1 - SIGMA_MIN) * times[:, None, None, None]
        return images - (1 - SIGMA_MIN) * (points - (1 - left) / (1 - SIGMA_MIN) * images) / left

    monkeypatch.setattr(FlowMatching, "velocity", true_velocity)
    total, terms = model.loss(params, batch, keys, jnp.int32(0))
    assert total == terms["velocity"] == pytest.approx(0.0, abs=1e-5)
    monkeypatch.setattr(FlowMatching, "velocity", lambda *inputs: true_velocity(*inputs) + 0.1)
    total, _ = model.loss(params, batch, keys, jnp.int32(0))
    assert total == pytest.approx(0.01, rel=0.01)


def test_noise_depends_on_the_examples_key_alone_and_times_are_uniform(model: FlowMatching, keys: jax.Array) -> None:
    noise, times = model.sample_noise(keys, 2_000)
    assert noise.shape == (2_000, SIDE, SIDE, 1)
    alone = model.sample_noise(keys[1:], 1_000)
    np.testing.assert_array_equal(noise[1_000:], alone[0])
    np.testing.assert_array_equal(times[1_000:], alone[1])
    assert not np.allclose(noise[:1_000], alone[0])
    assert float(noise.std()) == pytest.approx(1.0, abs=0.01)
    np.testing.assert_allclose(np.quantile(times, [0.0, 0.25, 0.5, 0.75, 1.0]), [0, 0.25, 0.5, 0.75, 1], atol=0.05)


def test_each_target_is_conditioned_on_the_given_glyphs_of_its_own_writer(
        model: FlowMatching, params: dict, batch: HandBatch, keys: jax.Array,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the condition from this subset alone, which does not contain the target."""
    seen: list[tuple] = []
    monkeypatch.setattr(FlowMatching, "velocity", lambda _, *inputs: seen.append(inputs) or inputs[1])
    model.loss(params, batch, keys, jnp.int32(0))
    (_, _, _, digits, conditions), = seen
    for example, writer, index in ((0, 0, 0), (0, 3, 1), (1, 4, 2), (1, 5, TARGETS - 1)):
        row = (example * WRITERS + writer) * TARGETS + index
        assert digits[row] == batch.digits[example, writer, index]
        given = batch.given[example, writer, index, writer]
        assert not given[index]
        alone = model.conditions(params, batch.images[example, writer][given], batch.digits[example, writer][given],
                                 digits[row][None], jnp.ones((1, int(given.sum())), bool))
        np.testing.assert_allclose(conditions[row], alone[0], rtol=2e-3, atol=1e-4)


# The solvers.

START = jnp.array([0.5, -2.0, 1.0])


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("steps", [1, 4, 20])
def test_a_constant_velocity_is_solved_exactly(solver: str, steps: int) -> None:
    velocity = jnp.array([3.0, 1.0, -7.0])
    end = solve(SOLVERS[solver], steps, lambda images, time: velocity, START)
    np.testing.assert_allclose(end, START + velocity, rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 3])
def test_heun_solves_a_velocity_that_is_linear_in_time_exactly(steps: int) -> None:
    end = solve(heun, steps, lambda images, time: 1.0 + 4.0 * time, START)
    np.testing.assert_allclose(end, START + 1.0 + 2.0, rtol=1e-5)
    euler_end = solve(euler, steps, lambda images, time: 1.0 + 4.0 * time, START)
    np.testing.assert_allclose(START + 3.0 - euler_end, 2.0 / steps, rtol=1e-5)


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
def test_the_error_decreases_with_the_solvers_order(solver: str, order: int) -> None:
    """On x' = x, whose solution is e times the start."""
    coarse, fine = (jnp.abs(solve(SOLVERS[solver], steps, lambda images, time: images, START) - np.e * START)
                    for steps in (8, 16))
    np.testing.assert_allclose(coarse / fine, 2.0**order, rtol=0.1)


def test_an_unknown_solver_is_refused_with_the_known_ones() -> None:
    config = config_file.get_config("tiny")
    config.solver = "guess"
    with pytest.raises(InputError, match="euler, heun"):
        flow_matching.build(config)


# The writer mode.


@pytest.fixture(scope="module")
def write(method: Method) -> Callable[..., jax.Array]:
    return jax.jit(method.synthesis["writer"])


def hand(glyphs: Glyphs, *rows: int) -> tuple[jax.Array, jax.Array]:
    return to_network(jnp.asarray(glyphs.images[list(rows)])), jnp.asarray(glyphs.digits[list(rows)])


DIGITS = jnp.array([4, 8, 1, 1])


def test_any_digits_are_written_from_any_number_of_references(
        write: Callable, params: dict, held_out: Glyphs) -> None:
    for rows in ((5,), (5, 250, 900)):
        references, key, other_key = hand(held_out, *rows), jax.random.key(0), jax.random.key(1)
        natural = write(params, *references, DIGITS, key, 1.0)
        assert natural.shape == (4, SIDE, SIDE, 1)
        assert -1.0 <= natural.min() < natural.max() <= 1.0
        assert not jnp.array_equal(natural, write(params, *references, DIGITS, other_key, 1.0))
        assert not jnp.array_equal(natural[2], natural[3])  # a repeated digit is a second try
        best = write(params, *references, DIGITS, key, 0.0)
        np.testing.assert_array_equal(best, write(params, *references, DIGITS, other_key, 0.0))
        np.testing.assert_allclose(best[2], best[3], atol=1e-4)


def test_the_order_of_the_references_does_not_matter(write: Callable, params: dict, held_out: Glyphs) -> None:
    key = jax.random.key(0)
    one, other = (write(params, *hand(held_out, *rows), DIGITS, key, 1.0) for rows in ((5, 250, 900), (900, 5, 250)))
    np.testing.assert_allclose(one, other, atol=1e-3)


def test_an_image_is_the_end_of_the_flow_from_scaled_noise(
        model: FlowMatching, write: Callable, params: dict, held_out: Glyphs) -> None:
    """One step of Heun, as the tiny config has it, by its formula."""
    references, key = hand(held_out, 5, 250, 900), jax.random.key(0)
    conditions = model.conditions(params, *references, DIGITS, jnp.ones((4, 3), bool))
    noise = 0.5 * jax.random.normal(key, (4, SIDE, SIDE, 1))
    velocity = jax.jit(model.velocity)
    first = velocity(params, noise, jnp.zeros(4), DIGITS, conditions)
    second = velocity(params, noise + first, jnp.ones(4), DIGITS, conditions)
    np.testing.assert_allclose(write(params, *references, DIGITS, key, 0.5),
                               jnp.clip(noise + (first + second) / 2, -1.0, 1.0), atol=1e-3)


def test_a_trained_model_writes_with_another_solver_and_the_same_networks(
        method: Method, params: dict, held_out: Glyphs) -> None:
    model = TrainedModel(config_file.get_config("tiny"), method, params, 0)
    references = held_out.take([5, 250, 900])
    written = model.write(references, [4, 8, 1])
    assert written.shape == (3, SIDE, SIDE)
    other = model.with_fields(solver="euler", solver_steps=2)
    assert other.params is model.params
    assert not np.array_equal(other.write(references, [4, 8, 1]), written)
    assert (model.config.solver, other.config.solver) == ("heun", "euler")
    with pytest.raises(InputError, match="solver_steps is 0; it must be a whole number from 1"):
        model.with_fields(solver_steps=0)
