"""The page as a file, and its script as a worker."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from ml_collections import ConfigDict

from configs import ablations, stargan_v2
from handwriting_gan import methods
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.writing.web_page import (
    SOURCES,
    UnsuitableModelError,
    pack_networks,
    self_contained_page,
    served_page,
)
from tests.writing.conftest import GOLDEN, Call, as_lists, assert_close

NUMBER = [4, 8, 1]
MAX_BYTES = 8_000_000


class Parts(HTMLParser):
    """The scripts and styles of a page, its references, and its content security policy."""

    def __init__(self, page: str) -> None:
        """Parses the page."""
        super().__init__(convert_charrefs=True)
        self.inside: str | None = None
        self.text: dict[str, str] = {}
        self.references: list[str] = []
        self.policy = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Records scripts and styles by id, or by tag if they have none."""
        attributes = dict(attrs)
        self.inside = attributes.get("id", tag) if tag in ("script", "style") else None
        self.references += [attributes[name] for name in ("src", "href", "action") if attributes.get(name)]
        if attributes.get("http-equiv") == "Content-Security-Policy":
            self.policy = attributes["content"]

    def handle_data(self, data: str) -> None:
        """Appends to the open element."""
        if self.inside:
            self.text[self.inside] = self.text.get(self.inside, "") + data

    def handle_endtag(self, tag: str) -> None:
        """Closes the element."""
        self.inside = None


@pytest.fixture(scope="module")
def page(random_model: TrainedModel, reader: Reader) -> str:
    return self_contained_page(random_model, reader)


# The worker.


def in_the_pages_worker(in_node: Call, page: str, messages: list[dict[str, Any]]) -> list[Any]:
    """The replies of the page's script when it runs as a worker."""
    parts = Parts(page)
    return in_node("""
        const posted = [];
        const self = { postMessage: (message) => posted.push(message) };
        require("vm").runInNewContext(given.script, { self, atob });
        for (const data of [given.settings, ...given.messages]) {
          self.onmessage({ data });
        }
        return posted;
        """, script=parts.text["script"], settings=json.loads(parts.text["settings"]), messages=messages)


def test_the_best_guess_of_the_pages_worker_equals_jax_for_any_seed(
        in_node: Call, page: str, random_model: TrainedModel, hand: Glyphs) -> None:
    request = {"glyphs": as_lists(hand.images), "digits": hand.digits.tolist(), "number": NUMBER}
    posted = in_the_pages_worker(in_node, page, [
        {"id": seed, "task": "write", "input": {**request, "seed": seed, "variation": variation}}
        for seed, variation in ((0, 0), (1, 0), (2, 1), (3, 1))])
    assert [message["id"] for message in posted] == [0, 1, 2, 3]
    one, same, natural, another = (np.array(message["result"]) for message in posted)
    assert_close(one, random_model.write(hand, NUMBER, variation=0.0), 255)
    np.testing.assert_array_equal(one, same)
    assert np.abs(natural - one).max() > 50
    assert np.abs(natural - another).max() > 50


def test_the_pages_worker_reads_a_picture(in_node: Call, page: str, reader: Reader) -> None:
    with np.load(GOLDEN) as golden:
        grey, glyphs = golden["picture/grey"], golden["picture/glyphs"]
    pixels = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    message, = in_the_pages_worker(in_node, page, [{"id": 0, "task": "read", "input": {
        "pixels": pixels.ravel().tolist(), "width": grey.shape[1], "height": grey.shape[0]}}])
    assert message["result"]["digits"] == [2, 7, 3]
    assert message["result"]["glyphs"] == as_lists(glyphs)
    assert_close(message["result"]["confidences"], reader.probabilities(glyphs).max(axis=1))


def test_the_pages_worker_reports_a_bad_picture(in_node: Call, page: str) -> None:
    blank = {"pixels": [255] * (4 * 9), "width": 3, "height": 3}
    message, = in_the_pages_worker(in_node, page, [{"id": 5, "task": "read", "input": blank}])
    assert message["id"] == 5
    assert message["error"].startswith("no ink stands out in the picture")


# The file.


def test_the_page_refers_to_nothing_outside_itself(page: str) -> None:
    parts = Parts(page)
    assert parts.references == ["data:,"]
    assert set(re.findall(r"\w+://[\w./-]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(|importScripts|eval\(|new Function", page)


def test_the_released_pages_size_is_limited(released: TrainedModel, reader: Reader) -> None:
    assert len(self_contained_page(released, reader).encode()) < MAX_BYTES


@pytest.mark.parametrize(("served", "connect"), [(False, "'none'"), (True, "'self'")])
def test_the_policy_allows_only_the_pages_own_sources(page: str, served: bool, connect: str) -> None:
    parts = Parts(served_page() if served else page)
    rules = dict(rule.split(" ", 1) for rule in parts.policy.split("; "))
    for rule, part in (("script-src", "script"), ("style-src", "style")):
        digest = hashlib.sha256(parts.text[part].encode()).digest()
        assert rules[rule] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == connect


def test_a_served_page_has_no_weights() -> None:
    assert json.loads(Parts(served_page()).text["settings"]) == {"server": "."}


def test_the_page_holds_exactly_its_sources(page: str) -> None:
    names = {path.name for path in SOURCES.iterdir()}
    defined = set(re.findall(r'^define\("\./(\w+\.js)"', page, re.MULTILINE))
    assert defined | {"modules.js", "page.html", "page.css"} == names
    assert not re.search(r"\{\{[A-Z]+\}\}", page)


def test_the_pages_weights_are_the_models_to_16_bits(random_model: TrainedModel, reader: Reader) -> None:
    content = pack_networks(random_model, reader)
    numbers = np.frombuffer(base64.b64decode(content["float16"]), "<f2")
    assert len(numbers) == sum(int(np.prod(shape)) for _, shape in content["manifest"])
    path, shape = content["manifest"][0]
    network, *names = path.split("/")
    array = (random_model.params | {"digit_classifier": reader.params})[network]
    for name in names:
        array = array[name]
    assert list(array.shape) == shape
    np.testing.assert_array_equal(numbers[:array.size], np.asarray(array, np.float16).ravel())


@pytest.mark.parametrize("config", [
    stargan_v2.get_config("tiny"), ablations.get_config("without_learned_prior:tiny"),
], ids=["another method", "another prior"])
def test_a_model_without_javascript_is_refused(reader: Reader, config: ConfigDict) -> None:
    model = TrainedModel(config, methods.build(config), {}, 0)
    with pytest.raises(UnsuitableModelError, match=f"no JavaScript for this {config.method} model; serve it with JAX"):
        self_contained_page(model, reader)
