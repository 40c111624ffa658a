"""One HTML file that writes numbers in its reader's hand: its sources are in page/, the weights go inside.

The page asks either its own worker, which runs the networks in JavaScript, or a server (page_server.py).
"""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from flax import traverse_util

from handwriting_gan.errors import InputError
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.synthesis.trained_model import TrainedModel

SOURCES = Path(__file__).parent / "page"
RUNS = {"hand_encoder": "HandEncoder", "style_pooling": "StylePooling", "generator": "GlyphGenerator"}
START = 'require(typeof document === "undefined" ? "./worker.js" : "./page.js");'


def self_contained_page(model: TrainedModel, reader: Reader) -> str:
    """The page with all that it needs, to be opened from a file.

    Raises:
      InputError: if the model is of networks that the page cannot run.
    """
    return _assemble({"model": pack_networks(model, reader)}, connect="'none'")


def served_page() -> str:
    """The page that asks the server it came from."""
    return _assemble({"answersAt": "."}, connect="'self'")


def pack_networks(model: TrainedModel, reader: Reader) -> dict[str, Any]:
    """The networks that the page runs, as page/weights.js unpacks them: JSON's types.

    Raises:
      InputError: if the model has others.
    """
    found = {name: type(network).__name__ for name, network in model.method.networks.items()}
    if any(found.get(name) != kind for name, kind in RUNS.items()):
        raise InputError(f"a page cannot run {model.config.method}, only writer_guided; name the --workdir "
                         "of such a run, or start python -m handwriting_gan.demo, where JAX answers")
    params = {name: model.params[name] for name in RUNS} | {"digit_classifier": reader.params}
    arrays = traverse_util.flatten_dict(params, sep="/")
    content = b"".join(np.asarray(array, "<f2").tobytes() for array in arrays.values())
    return {"styleVariance": model.config.style_variance,
            "manifest": [[path, list(array.shape)] for path, array in arrays.items()],
            "float16": base64.b64encode(content).decode()}


def _assemble(settings: dict[str, Any], connect: str) -> str:
    """The sources as one file, in which nothing runs that is not of it."""
    style, script = (SOURCES / "page.css").read_text("utf-8"), _bundle()
    policy = (f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; worker-src blob:; "
              f"img-src data:; connect-src {connect}; base-uri 'none'; form-action 'none'")
    parts = {"POLICY": policy, "STYLE": style, "SCRIPT": script,
             "SETTINGS": json.dumps(settings, separators=(",", ":"))}
    page = (SOURCES / "page.html").read_text("utf-8")
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda place: parts[place[1]], page)


def _bundle() -> str:
    """All modules as one script, which starts the page's or, in a worker, the worker's."""
    loader = SOURCES / "modules.js"
    modules = (f'define("./{source.name}", (module, require) => {{\n{source.read_text("utf-8")}}});'
               for source in sorted(SOURCES.glob("*.js")) if source != loader)
    return "\n".join([loader.read_text("utf-8"), *modules, START])


def _hash(content: str) -> str:
    """An inline script or style as a content security policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
