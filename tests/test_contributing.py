"""The code of each recipe in .github/CONTRIBUTING.md runs as the recipe says."""

import dataclasses
import re
import textwrap
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from configs import ablations, stargan_v2
from handwriting_gan import methods
from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.evaluation.scorecard import HandRow
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.training import optimizers, train_state
from handwriting_gan.training.train_step import make_train_step
from handwriting_gan.workdir.config_ranges import check_complete, check_ranges, fields, range_of

CONTRIBUTING = Path(__file__).parents[1] / ".github" / "CONTRIBUTING.md"
IMPORTS = """
import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from ml_collections import ConfigDict

from configs import common
from handwriting_gan.data.batches import Batch
from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs, make_glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.files import local_path
from handwriting_gan.losses.objective import Terms, weighted_sum
from handwriting_gan.losses.reconstruction import sum_of_squared_errors
from handwriting_gan.methods.method import Method, Params, Phase, initial_params
from handwriting_gan.metrics import bootstrap
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.report.columns import NEITHER, Column
"""


def blocks(heading: str) -> list[str]:
    """The Python code in a section of "How to add"."""
    section = CONTRIBUTING.read_text("utf-8").split(f"\n### {heading}\n")[1].split("\n### ")[0].split("\n## ")[0]
    return [textwrap.dedent(code) for code in re.findall(r"```python\n(.*?)```", section, re.DOTALL)]


def run(code: str) -> dict[str, Any]:
    """The names that a block defines, after the imports of all recipes."""
    names: dict[str, Any] = {}
    exec(IMPORTS + code, names)
    return names


def test_every_recipe_has_code() -> None:
    text = CONTRIBUTING.read_text("utf-8").split("\n## How to add\n")[1].split("\n## ")[0]
    headings = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert {heading: len(blocks(heading)) for heading in headings} == {
        "An ablation": 1, "A method": 2, "A metric": 2, "A data set": 1}


def test_an_ablation_changes_its_config(monkeypatch: pytest.MonkeyPatch) -> None:
    change = run(*blocks("An ablation"))["doubled_cycle"]
    monkeypatch.setitem(ablations.ABLATIONS, "doubled_cycle", (stargan_v2.get_config, change))
    config, expected = ablations.get_config("doubled_cycle:tiny"), stargan_v2.get_config("tiny")
    expected.losses.cycle *= 2
    assert config.to_dict() == expected.to_dict()
    assert ablations.ABLATIONS["doubled_cycle"][1].__doc__


def test_a_method_trains_and_writes(glyphs: Glyphs, monkeypatch: pytest.MonkeyPatch) -> None:
    """A train step of the toy method is traced, and its mode of synthesis gives images."""
    method_file, config_file = (run(code) for code in blocks("A method"))
    config = config_file["get_config"]("tiny")
    monkeypatch.setitem(methods.CATALOGUE, config.method, method_file["build"])
    check_ranges(config, "")
    check_complete(config)
    assert all(range_of(path) for path, _ in fields(config))
    method, by_network = methods.build(config), optimizers.build(config)
    assert set(by_network) == set(method.networks)
    make_pool, sample, _ = method.examples
    step = make_train_step(method, by_network, 0.9, config.seed, "batch")

    def one_step(pool: Any, examples: jax.Array) -> Any:
        state = train_state.create(method, by_network, config.seed)
        return state.params, jax.vmap(step, (None, None, 0), axis_name="batch")(state, pool, examples)

    pool = make_pool(glyphs)
    params, (state, terms) = jax.eval_shape(one_step, pool, np.zeros((1, 4), np.int32))
    assert jax.tree.map(lambda x: x.shape[1:], state.params) == jax.tree.map(lambda x: x.shape, params)
    assert {name: term.shape for name, term in terms.items()} == {"regression/reconstruction": (1,)}
    images = jax.eval_shape(method.synthesis["writer"], params, jnp.zeros((2, SIDE, SIDE, 1)), jnp.zeros(2, int),
                            jnp.array([4, 8, 1]), jax.random.key(0), 0.0)
    assert images.shape == (3, SIDE, SIDE, 1)
    batch = sample(pool, jax.random.split(jax.random.key(0), 4))
    means = {"means": {"embedding": np.repeat(np.arange(10.0, dtype=np.float32)[:, None], SIDE * SIDE, axis=1)}}
    loss, _ = method.phases[0].loss(means, batch, jax.random.split(jax.random.key(0), 4), jnp.int32(0))
    expected = ((np.asarray(batch.source_digits)[:, None, None, None] - batch.sources) ** 2).sum((1, 2, 3)).mean()
    assert float(loss) == pytest.approx(float(expected), rel=1e-5)


def test_a_metric_is_printed_in_its_column() -> None:
    code, column_code = blocks("A metric")
    images = np.repeat(np.arange(12, dtype=np.uint8) * 20, SIDE * SIDE).reshape(12, SIDE, SIDE)
    ink = run(code)["ink"](images, np.arange(12))
    assert ink.value == pytest.approx(110 / 255)
    assert ink.interval[0] < ink.value < ink.interval[1]
    column = run(f"column = {column_code}")["column"]
    row = dataclasses.make_dataclass("Row", [("ink", Estimate | None, None)], bases=(HandRow,), frozen=True)
    half = 100 * (ink.interval[1] - ink.interval[0]) / 2
    assert column.cell(row({}, ink=ink)) == f"43.1 ± {half:.1f}%"
    assert column.cell(row({})) == "\N{EN DASH}"


def test_a_data_set_is_loaded_from_a_folder(held_out: Glyphs, tmp_path: Path) -> None:
    load = run(*blocks("A data set"))["load"]
    np.savez(tmp_path / "train.npz", **held_out._asdict())
    loaded = load("train", str(tmp_path))
    jax.tree.map(np.testing.assert_array_equal, loaded, held_out)
    with pytest.raises(InputError, match=r"test\.npz cannot be read"):
        load("test", str(tmp_path))
