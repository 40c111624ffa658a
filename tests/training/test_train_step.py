"""The train step: which networks it updates by which gradients, on any number of devices."""

import importlib
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import jax_utils

from handwriting_gan import methods
from handwriting_gan.data.batches import Batch, Pool, make_pool, sample_batch
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.methods.method import Method, Phase
from handwriting_gan.training import devices, train_state
from handwriting_gan.training.train_state import TrainState
from handwriting_gan.training.train_step import example_keys, make_train_step, mean_over_micro_batches

SEED, RATE, EMA_DECAY = 7, 0.1, 0.9


def toy_method() -> Method:
    """Two networks of one number; each phase updates one, so that their product approaches a mean."""

    def pull(name: str, other: str) -> Callable:
        def loss(params: Any, batch: Batch, keys: jax.Array,
                 step: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
            noise = jax.vmap(jax.random.normal)(keys)
            value = jnp.mean((params[name] * params[other] - batch.sources.mean() + noise) ** 2)
            return value, {"pull": value}
        return loss

    return Method(networks={"a": None, "b": None},
                  init=lambda key: {"a": jnp.float32(1.0), "b": jnp.float32(2.0)},
                  phases=(Phase("first", ("a",), pull("a", "b"), repeats=2),
                          Phase("second", ("b",), pull("b", "a"))),
                  averaged=("a",), synthesis={})


def sgd(method: Method) -> dict[str, optax.GradientTransformation]:
    return {name: optax.sgd(RATE) for name in method.networks}


def run(method: Method, pool: Pool, device_count: int, steps: int,
        batch_size: int = 4, micro_batches: int = 1,
        rate_scale: Callable[[jax.Array], jax.Array] | None = None) -> tuple[TrainState, dict[str, float]]:
    """Trains with SGD on the first devices, from the same state and with the same batch."""
    chosen = jax.devices()[:device_count]
    step = jax.pmap(make_train_step(method, sgd(method), EMA_DECAY, SEED, devices.AXIS, micro_batches,
                                    rate_scale),
                    axis_name=devices.AXIS, devices=chosen)
    state = jax.jit(lambda: train_state.create(method, sgd(method), SEED))()
    state, pool = jax_utils.replicate(state, chosen), jax_utils.replicate(pool, chosen)
    examples = np.arange(batch_size, dtype=np.int32).reshape(device_count, -1)
    for _ in range(steps):
        state, terms = step(state, pool, examples)
    return devices.unreplicate(state), floats(devices.unreplicate(terms))


def floats(numbers: dict[str, Any]) -> dict[str, float]:
    """Numbers that pytest.approx compares."""
    return {name: float(number) for name, number in numbers.items()}


def test_each_phase_uses_the_result_of_the_phase_before(glyphs: Glyphs) -> None:
    pool = make_pool(glyphs)
    state, terms = run(toy_method(), pool, device_count=1, steps=1)

    def naive(updated: float, constant: float, repeat: int) -> float:
        batch_keys, noise_keys = example_keys(SEED, jnp.int32(0), repeat, np.arange(4))
        target = float(sample_batch(pool, batch_keys).sources.mean())
        noise = np.asarray(jax.vmap(jax.random.normal)(noise_keys), np.float64)
        return updated - RATE * np.mean(2 * constant * (updated * constant - target + noise))

    a = naive(naive(1.0, 2.0, repeat=0), 2.0, repeat=1)
    b = naive(2.0, a, repeat=0)
    assert floats(state.params) == pytest.approx({"a": a, "b": b}, rel=1e-4)
    assert floats(state.averaged) == pytest.approx({"a": a}, rel=1e-4)  # the average of one step
    assert int(state.step) == 1
    assert terms.keys() == {"first/pull", "second/pull"}


def test_the_rate_scale_of_a_step_holds_for_every_update_of_it(glyphs: Glyphs) -> None:
    """The toy method updates one network twice a step."""
    plain, _ = run(toy_method(), make_pool(glyphs), device_count=1, steps=1)
    for steps in (1, 2):  # the second step has rate 0
        scaled, _ = run(toy_method(), make_pool(glyphs), 1, steps, rate_scale=lambda step: 1.0 - step)
        assert floats(scaled.params) == pytest.approx(floats(plain.params), rel=1e-5)


def test_the_average_weighs_steps_by_age_and_ignores_the_initial_parameters(glyphs: Glyphs) -> None:
    pool = make_pool(glyphs)
    states = [run(toy_method(), pool, device_count=1, steps=steps)[0] for steps in (1, 2, 3)]
    values = [floats(state.params)["a"] for state in states]
    assert floats(states[-1].averaged)["a"] == pytest.approx(np.average(values, weights=[0.81, 0.9, 1.0]), rel=1e-4)


def test_the_randomness_of_an_example_depends_on_its_index_only() -> None:
    def words(step: int, repeat: int, examples: list[int]) -> np.ndarray:
        keys = example_keys(SEED, jnp.int32(step), repeat, np.array(examples))
        return np.concatenate([jax.random.key_data(key) for key in keys], axis=1)

    whole = words(3, 0, [0, 1, 2, 3])
    assert np.array_equal(whole[2:], words(3, 0, [2, 3]))
    every = np.concatenate([whole, words(4, 0, [0, 1]), words(3, 1, [0, 1])]).reshape(-1, 2)
    assert len(np.unique(every, axis=0)) == len(every)


def test_there_is_one_all_reduce_per_update(glyphs: Glyphs) -> None:
    """XLA combines those of gradients and terms into one; training/deadlock.py explains why."""
    method = toy_method()
    step = jax.pmap(make_train_step(method, sgd(method), EMA_DECAY, SEED, devices.AXIS), devices.AXIS)
    state = devices.replicate(train_state.create(method, sgd(method), SEED))
    inputs = devices.replicate(make_pool(glyphs)), devices.split_batch(4)
    compiled = step.lower(state, *inputs).compile().as_text()
    counts = [compiled.count(f" {kind}(") for kind in ("all-reduce", "reduce-scatter", "all-gather")]
    assert counts == [sum(phase.repeats for phase in method.phases), 0, 0]


def test_two_devices_train_like_one(glyphs: Glyphs) -> None:
    one, two = (run(toy_method(), make_pool(glyphs), count, steps=3)[0] for count in (1, 2))
    assert floats(one.params) == pytest.approx(floats(two.params), rel=1e-5)


def test_micro_batches_train_like_the_whole_batch(glyphs: Glyphs) -> None:
    whole, parts = (run(toy_method(), make_pool(glyphs), 2, steps=3, batch_size=8, micro_batches=count)
                    for count in (1, 2))
    assert floats(parts[0].params) == pytest.approx(floats(whole[0].params), rel=1e-5)


def test_memory_holds_one_micro_batch_at_a_time() -> None:
    """Four parts need no more temporary memory than one."""

    def large(part: jax.Array) -> jax.Array:
        square = jax.random.normal(jax.random.key(0), (len(part), 256, 256)) * part[:, None, None]
        return jnp.sin(square @ square).sum()

    examples = jnp.arange(16.0)
    whole, parts = (jax.jit(lambda examples, count=count: mean_over_micro_batches(large, examples, count))
                    .lower(examples).compile().memory_analysis().temp_size_in_bytes for count in (1, 4))
    assert parts < 0.5 * whole


@pytest.mark.slow  # the fast tests compare devices on a toy method
@pytest.mark.parametrize("name", ["conditional_dcgan", "stargan_v2"])
def test_two_devices_compute_the_gradients_of_a_method_like_one(name: str, glyphs: Glyphs) -> None:
    """With plain SGD, which shows a gradient that is too large by the number of devices."""
    config = importlib.import_module(f"configs.{name}").get_config("tiny")
    if name == "stargan_v2":
        config.networks.update({"levels": 0, "bottleneck_blocks": 1})  # to compile faster
    method = methods.build(config)
    if name == "stargan_v2":
        method = method._replace(phases=method.phases[::2])  # one of each kind
    (one, one_terms), (two, two_terms) = (
        run(method, make_pool(glyphs), count, steps=1) for count in (1, 2))
    start = jax.jit(lambda: train_state.create(method, sgd(method), SEED).params)()
    for name in method.networks:
        step_one, step_two = (
            jax.tree.leaves(jax.tree.map(np.subtract, state.params[name], start[name]))
            for state in (one, two))
        # The gradient of a bias before a normalisation is rounding only; compare it on the network's scale.
        least = 1e-3 * max(np.abs(leaf).max() for leaf in step_one)
        for leaf_one, leaf_two in zip(step_one, step_two, strict=True):
            scale = max(np.abs(leaf_one).max(), least)
            np.testing.assert_allclose(leaf_two / scale, leaf_one / scale, atol=5e-3)
    assert one_terms == pytest.approx(two_terms, rel=1e-3)
