"""Data parallelism: how devices share a batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.errors import InputError
from handwriting_gan.training import devices


def test_the_tests_run_on_two_devices() -> None:
    assert jax.local_device_count() == 2


def test_the_devices_partition_the_indices_of_the_batch() -> None:
    indices = devices.split_batch(6)
    assert indices.shape == (2, 3)
    assert sorted(indices.ravel().tolist()) == list(range(6))


@pytest.mark.parametrize("batch_size", [5, 0, -2])
def test_a_batch_that_the_devices_do_not_divide_is_an_error(batch_size: int) -> None:
    with pytest.raises(InputError, match="multiple of 2"):
        devices.split_batch(batch_size)


def test_a_batch_that_the_micro_batches_do_not_divide_is_an_error() -> None:
    assert devices.split_batch(12, 3).shape == (2, 6)
    with pytest.raises(InputError, match="multiple of 8"):
        devices.split_batch(12, 4)


@pytest.mark.parametrize(("cores", "batch_size", "count"),
                         [(2, 16, 2), (6, 16, 4), (64, 16, 16), (3, 7, 1), (1, 4, 1)])
def test_the_largest_number_of_cores_that_divides_a_batch_shares_it(cores: int, batch_size: int, count: int) -> None:
    assert devices.most_devices(cores, batch_size) == count


def test_unreplicate_inverts_replicate() -> None:
    tree = {"x": np.arange(3.0), "step": np.int32(4)}
    back = devices.unreplicate(devices.replicate(tree))
    assert np.array_equal(back["x"], tree["x"])
    assert back["step"] == 4


def test_several_steps_per_dispatch_equal_single_steps() -> None:
    def step(state: jax.Array, pool: jax.Array, examples: jax.Array) -> tuple:
        gradient = jax.lax.pmean(jnp.mean(examples * state) + pool, devices.AXIS)
        return state - 0.1 * gradient, {"value": gradient}

    examples = devices.split_batch(4)
    pool = devices.replicate(np.float32(1.0))
    together, terms = devices.parallel(step, 3)(devices.replicate(np.float32(2.0)), pool, examples)
    single, values = devices.replicate(np.float32(2.0)), []
    for _ in range(3):
        single, value = devices.parallel(step, 1)(single, pool, examples)
        values.append(value["value"][0])
    np.testing.assert_allclose(together, single, rtol=1e-6)
    np.testing.assert_allclose(terms["value"][0], np.mean(values), rtol=1e-6)


def test_a_program_compiled_ahead_of_time_is_the_same_step() -> None:
    def step(state: dict, pool: jax.Array, examples: jax.Array) -> tuple:
        return {"x": state["x"] + jax.lax.pmean(jnp.mean(examples) + pool, devices.AXIS)}, {}

    state = {"x": np.arange(3.0, dtype=np.float32)}
    inputs = devices.replicate(np.float32(1.0)), devices.split_batch(4)
    dispatch = devices.parallel(step, 1)
    ahead = devices.compiled(dispatch, state, *inputs)
    (once, _), (other, _) = (run(devices.replicate(state), *inputs) for run in (ahead, dispatch))
    np.testing.assert_array_equal(once["x"], other["x"])
    again, _ = ahead(once, *inputs)  # it accepts its own result
    np.testing.assert_array_equal(devices.unreplicate(again)["x"], state["x"] + 5.0)


@pytest.mark.parametrize(("backend", "flags", "disabled", "options"), [
    ("cpu", "--xla_dump_to=x", False, devices.CPU_COMPILER_OPTIONS), ("gpu", "", False, None),
    ("cpu", "--xla_backend_optimization_level=0", False, None), ("cpu", "", True, None)])
def test_a_cpu_compiles_at_a_low_level_unless_the_user_sets_one(
        backend: str, flags: str, disabled: bool, options: dict[str, int] | None,
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    monkeypatch.setenv("XLA_FLAGS", flags)
    before = jax.config.read("jax_disable_most_optimizations")
    try:
        jax.config.update("jax_disable_most_optimizations", disabled)
        assert devices.compiler_options() == options
    finally:
        jax.config.update("jax_disable_most_optimizations", before)


def test_a_cpu_runs_one_step_per_dispatch() -> None:
    assert devices.steps_per_dispatch(20) == 1
