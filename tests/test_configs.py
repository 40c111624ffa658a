"""Every config and preset has a train step, checked with abstract shapes."""

import importlib

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict

from configs import ablations
from configs.common import PRESETS
from handwriting_gan import methods
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.training import optimizers, train_state
from handwriting_gan.training.train_step import make_train_step

METHODS = ("conditional_dcgan", "content_bottleneck", "dcgan", "drit", "flow_matching", "lord", "msgan",
           "munit", "stargan_v1", "stargan_v2", "writer_guided")
TINY = [(name, "tiny") for name in METHODS]
ABLATED = [("ablations", f"{name}:tiny") for name in ablations.ABLATIONS]
# These have phases of their own. The others drop a term or change a number of a config above.
LADDER_STEPS = {f"{name}:tiny" for name in ("multi_task_discriminator", "label_styles", "shared_latents")}
LARGER = [(name, preset) for name in METHODS for preset in PRESETS if preset != "tiny"]


def load(name: str, chosen: str) -> ConfigDict:
    return importlib.import_module(f"configs.{name}").get_config(chosen)


@pytest.mark.parametrize(("name", "chosen"), [
    *TINY, *(choice for choice in ABLATED if choice[1] in LADDER_STEPS),
    *(pytest.param(*choice, marks=pytest.mark.slow) for choice in (*LARGER, *ABLATED)
      if choice[1] not in LADDER_STEPS)])
def test_a_config_has_a_train_step(name: str, chosen: str, written: Glyphs) -> None:
    config = load(name, chosen)
    if chosen not in PRESETS[1:] and "levels" in config.networks:
        config.networks.update({"levels": 0, "bottleneck_blocks": 1})  # traces fast
    method, by_network = methods.build(config), optimizers.build(config)
    step = make_train_step(method, by_network, config.ema_decay, config.seed, "batch")

    def one_step(pool: object, examples: jax.Array) -> tuple:
        state = train_state.create(method, by_network, config.seed)
        return state, *jax.vmap(step, (None, None, 0), axis_name="batch")(state, pool, examples)

    before, after, terms = jax.eval_shape(
        one_step, method.examples.make_pool(written), np.zeros((2, 2), np.int32))
    assert jax.tree.map(lambda x: (2, *x.shape), before) == jax.tree.map(lambda x: x.shape, after)
    assert all(value.shape == (2,) for value in terms.values())


@pytest.mark.parametrize(("name", "chosen"), [*TINY, *LARGER, *ABLATED])
def test_each_network_of_a_config_has_an_optimizer(name: str, chosen: str) -> None:
    config = load(name, chosen)
    method, by_network = methods.build(config), optimizers.build(config)
    assert set(config.learning_rates) == set(by_network) == set(method.networks)
    assert set(method.averaged) <= set(method.networks)
    assert set(config.get("max_gradient_norms", {})) <= set(method.networks)
    if chosen in PRESETS[1:]:
        state = jax.eval_shape(lambda: train_state.create(method, by_network, config.seed))
        assert set(state.params) == set(method.networks)


@pytest.mark.parametrize(("name", "chosen"), [("stargan_v1", "tiny"), ("ablations", "multi_task_discriminator:tiny")])
def test_the_rates_of_stargan_decrease_to_0_in_the_second_half(name: str, chosen: str) -> None:
    scale = optimizers.rate_scale(load(name, chosen))  # of 8 steps
    assert [float(scale(np.int32(step))) for step in (0, 3, 4, 6, 7, 8)] == [1.0, 1.0, 1.0, 0.5, 0.25, 0.0]


def test_an_unknown_preset_is_refused() -> None:
    stargan_v2 = importlib.import_module("configs.stargan_v2")
    with pytest.raises(ValueError, match="tiny, small, base"):
        stargan_v2.get_config("huge")


@pytest.mark.parametrize("name", ablations.ABLATIONS)
def test_an_ablation_is_documented_and_differs_from_its_method(name: str) -> None:
    whole, _ = ablations.ABLATIONS[name]
    assert ablations.ABLATIONS[name][1].__doc__
    assert ablations.get_config(name).to_json() != whole("small").to_json()


@pytest.mark.parametrize("name", [name for name in ablations.ABLATIONS if name.startswith("without_")])
def test_an_ablation_without_a_part_only_removes_it(name: str) -> None:
    whole, _ = ablations.ABLATIONS[name]
    kept, ablated = whole("small"), ablations.get_config(name)
    changed = {field for field in kept if ablated.get(field) != kept[field]}
    assert changed
    for field in changed:
        if field == "losses":
            assert set(ablated.losses) <= set(kept.losses)
        else:
            assert ablated[field] in (0.0, False)


def test_an_unknown_ablation_is_refused() -> None:
    with pytest.raises(ValueError, match="without_matching, without_posterior"):
        ablations.get_config("without_everything")
