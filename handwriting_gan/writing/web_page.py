"""Assembles the page that writes numbers in its user's hand: one HTML file from the sources in page/.

The page runs the networks in its own worker, in JavaScript, or sends requests to a server (page_server.py).
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
START = 'require(typeof document === "undefined" ? "./worker.js" : "./page.js");'


class UnsuitableModelError(InputError):
    """The page cannot use this model."""


def self_contained_page(model: TrainedModel, reader: Reader) -> str:
    """The page with the networks in it, to be opened from a file.

    Raises:
      UnsuitableModelError: if the page has no JavaScript for the model.
    """
    return _assemble({"model": pack_networks(model, reader)}, connect="'none'")


def served_page() -> str:
    """The page that sends requests to the server that it came from."""
    return _assemble({"server": "."}, connect="'self'")


def pack_networks(model: TrainedModel, reader: Reader) -> dict[str, Any]:
    """The networks that the page runs, in the form that page/weights.js unpacks: JSON's types.

    Raises:
      UnsuitableModelError: if the page has no JavaScript for the model.
    """
    names = model.method.page_networks
    if names is None:
        raise UnsuitableModelError(
            f"the page has no JavaScript for this {model.config.method} model; serve it with JAX instead")
    params = {name: model.params[name] for name in names} | {"digit_classifier": reader.params}
    arrays = traverse_util.flatten_dict(params, sep="/")
    content = b"".join(np.asarray(array, "<f2").tobytes() for array in arrays.values())
    return {"manifest": [[path, list(array.shape)] for path, array in arrays.items()],
            "float16": base64.b64encode(content).decode()}


def _assemble(settings: dict[str, Any], connect: str) -> str:
    """The sources as one file; its content security policy lets only these sources run."""
    style, script = (SOURCES / "page.css").read_text("utf-8"), _bundle()
    policy = (f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; worker-src blob:; "
              f"img-src data:; connect-src {connect}; base-uri 'none'; form-action 'none'")
    parts = {"POLICY": policy, "STYLE": style, "SCRIPT": script,
             "SETTINGS": json.dumps(settings, separators=(",", ":"))}
    page = (SOURCES / "page.html").read_text("utf-8")
    return re.sub(r"\{\{([A-Z]+)\}\}", lambda match: parts[match[1]], page)


def _bundle() -> str:
    """All modules as one script, which starts the page or, in a worker, the worker."""
    loader = SOURCES / "modules.js"
    modules = (f'define("./{source.name}", (module, require) => {{\n{source.read_text("utf-8")}}});'
               for source in sorted(SOURCES.glob("*.js")) if source != loader)
    return "\n".join([loader.read_text("utf-8"), *modules, START])


def _hash(content: str) -> str:
    """The hash of an inline script or style, as a content security policy writes it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
