"""Parts: all together they are the whole, and moving them is moving it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from handwriting_gan.training import shards

AXIS = "devices"


@pytest.mark.parametrize("count", [1, 2, 3, 8])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 4)])
def test_joining_undoes_cutting(shape: tuple[int, ...], count: int) -> None:
    array = np.arange(1.0, 1 + np.prod(shape, dtype=int)).reshape(shape)
    for kind in (np.asarray, jnp.asarray):
        parts = shards.cut(kind(array), count)
        assert parts.shape == (count, -(-array.size // count))
        assert parts.sum() == array.sum()  # filled up with zeros
        np.testing.assert_array_equal(shards.join(parts, shape), array)


def test_the_parts_of_a_mean_are_together_the_mean() -> None:
    """On two devices whose arrays differ; the places come in the devices' order."""

    def meet(tree: dict) -> tuple:
        own, place = shards.own_of_mean(tree, AXIS)
        return shards.whole(own, tree, AXIS), jax.lax.pmean(tree, AXIS), place

    rng = np.random.default_rng(0)
    tree = {"kernel": rng.normal(size=(2, 3, 5)), "bias": rng.normal(size=(2, 7)), "term": rng.normal(size=2)}
    found, mean, place = jax.pmap(meet, axis_name=AXIS)(jax.tree.map(np.float32, tree))
    jax.tree.map(np.testing.assert_array_equal, found, mean)
    assert place.tolist() == [0, 1]


def test_a_devices_own_part_is_the_one_at_its_place() -> None:
    tree = {"x": jnp.arange(5.0), "y": jnp.float32(9.0)}
    first, second = (shards.own(tree, jnp.int32(place), 2) for place in (0, 1))
    assert [first["x"].tolist(), second["x"].tolist()] == [[0.0, 1.0, 2.0], [3.0, 4.0, 0.0]]
    assert [first["y"].tolist(), second["y"].tolist()] == [[9.0], [0.0]]


def test_a_lone_device_meets_nobody() -> None:
    def meet(tree: dict) -> tuple:
        own, place = shards.own_of_mean(tree, AXIS)
        return shards.whole(own, tree, AXIS), place

    tree = {"kernel": np.arange(6.0, dtype=np.float32).reshape(1, 2, 3)}
    alone = jax.pmap(meet, axis_name=AXIS, devices=jax.devices()[:1])
    found, place = alone(tree)
    np.testing.assert_array_equal(found["kernel"], tree["kernel"])
    assert place.tolist() == [0]
    program = alone.lower(tree).compile().as_text()
    assert not any(meeting in program for meeting in ("reduce-scatter", "all-gather", "all-reduce"))
