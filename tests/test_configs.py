"""Every config and preset goes through one abstract train step."""

import importlib

import jax
import numpy as np
import pytest

from handwriting_gan import methods
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.training import optimizers, train_state
from handwriting_gan.training.train_step import make_train_step


@pytest.mark.parametrize("preset", ["tiny", "small", "base"])
@pytest.mark.parametrize("name", ["stargan_v2", "writer_guided"])
def test_a_config_makes_a_train_step(name: str, preset: str, written: Glyphs) -> None:
    config = importlib.import_module(f"configs.{name}").get_config(preset)
    method, by_network = methods.build(config), optimizers.build(config)
    step = make_train_step(method, by_network, config.averaging, config.seed, "batch")

    def one_step(pool: object, examples: jax.Array) -> tuple:
        state = train_state.create(method, by_network, config.seed)
        return state, *jax.vmap(step, (None, None, 0), axis_name="batch")(state, pool, examples)

    before, after, terms = jax.eval_shape(
        one_step, method.examples.lay_out(written), np.zeros((2, 2), np.int32))
    assert jax.tree.map(lambda x: (2, *x.shape), before) == jax.tree.map(lambda x: x.shape, after)
    assert set(config.learning_rates) == set(method.networks)
    assert all(value.shape == (2,) for value in terms.values())


def test_an_unknown_preset_is_refused() -> None:
    stargan_v2 = importlib.import_module("configs.stargan_v2")
    with pytest.raises(ValueError, match="tiny, small, base"):
        stargan_v2.get_config("huge")
