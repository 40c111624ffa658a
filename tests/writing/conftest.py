"""The page's JavaScript in Node, models, and a hand of test glyphs."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from configs import writer_guided
from handwriting_gan import methods
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.recognition import digit_classifier
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.writing.web_page import SOURCES

ROWS = [250, 730, 310, 731, 999]  # a 2, a 7, a 3, another 7 and a 9 of the held-out glyphs
TOLERANCE = 1e-2  # of the range; the page's weights have 16 bits
GOLDEN = Path(__file__).parent / "golden_reading.npz"
RUNNER = """
const given = JSON.parse(require("fs").readFileSync(0));
const load = (name) => require(`${given.sources}/${name}.js`);
const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
process.stdout.write(JSON.stringify((() => { %s })(), plain));
"""

Call = Callable[..., Any]


@pytest.fixture(scope="session")
def in_node() -> Call:
    """Runs the body of a JavaScript function, which may `load` the page's modules, and returns its result."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node, which runs the page's JavaScript, is not installed")

    def run(body: str, **given: Any) -> Any:
        done = subprocess.run([node, "-e", RUNNER % body], input=json.dumps({"sources": str(SOURCES), **given}),
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module")
def reader() -> Reader:
    return digit_classifier.load()


@pytest.fixture(scope="module")
def released() -> TrainedModel:
    return trained_model.load()


@pytest.fixture(scope="module")
def random_model(random_params: Callable[..., Any]) -> TrainedModel:
    """A model with random weights and sizes of its own."""
    config = writer_guided.get_config("tiny")
    config.networks.update({"width": 12, "generator_width": 20, "style_dim": 9, "latent_dim": 5})
    method = methods.build(config)
    params = random_params(method.init)
    return TrainedModel(config, method, {name: params[name] for name in method.averaged}, 0)


@pytest.fixture(scope="module")
def hand(held_out: Glyphs) -> Glyphs:
    return held_out.take(ROWS)


def as_lists(glyphs: np.ndarray) -> list[list[int]]:
    return glyphs.reshape(len(glyphs), -1).tolist()


def assert_close(found: Any, expected: Any, extent: float = 1.0) -> None:
    """Compares within `TOLERANCE` of the values' range."""
    np.testing.assert_allclose(np.ravel(found), np.ravel(expected), rtol=0, atol=TOLERANCE * extent)
