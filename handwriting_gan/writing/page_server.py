"""Serves the page on this machine, with JAX as its backend.

GET / returns the page. POST /read takes a picture file and returns the hand in it. POST /write takes a hand and a
number and returns glyphs. A glyph is sent as base64 of 28 x 28 bytes, 0 paper to 255 ink.
"""

import base64
import binascii
import json
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from handwriting_gan.data.glyphs import SIDE, Glyphs, make_glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.writing.number import MAX_DIGITS, parse_number, read_hand
from handwriting_gan.writing.reading import Recognisers
from handwriting_gan.writing.web_page import UnsuitableModelError, served_page

ADDRESS = "127.0.0.1"  # other machines cannot connect
MAX_BYTES = 5_000_000  # of a request's body
TIMEOUT = 30.0  # seconds for a request to arrive

Operation = Callable[[bytes], dict[str, Any]]


class PortError(InputError):
    """The server cannot listen on the port."""


class WriteRequest(NamedTuple):
    """A request to write a number in a hand."""

    hand: Glyphs
    digits: list[int]
    seed: int
    variation: float


class PageServer(ThreadingHTTPServer):
    """Serves the page for one model on `ADDRESS`; port 0 is any free port."""

    daemon_threads = True  # Ctrl-C does not wait for running requests

    def __init__(self, model: TrainedModel, recognisers: Recognisers, folder: Path, port: int) -> None:
        """Starts to listen. Pictures are kept in `folder` while they are read.

        Raises:
          UnsuitableModelError: if the model has no writer mode.
          PortError: if the port is in use or not allowed.
        """
        if "writer" not in model.modes:
            raise UnsuitableModelError(f"{model.config.method} has no writer mode; use a method that has one")
        self.page = served_page().encode()
        self.operations: dict[str, Operation] = {"/read": partial(read, recognisers, folder),
                                                 "/write": partial(write, model)}
        try:
            super().__init__((ADDRESS, port), Handler)
        except (OSError, OverflowError) as error:
            raise PortError(f"port {port} cannot be used ({error}); choose another") from error

    def handle_error(self, request: object, client_address: object) -> None:
        """Prints one line, except where a browser closed the connection."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            print(f"error: a request failed ({type(error).__name__}: {error})", file=sys.stderr, flush=True)

    @property
    def address(self) -> str:
        """The page's URL."""
        return f"http://{ADDRESS}:{self.server_address[1]}"


def serve(model: TrainedModel, recognisers: Recognisers, port: int) -> None:
    """Serves the page until Ctrl-C. Errors as in `PageServer`."""
    with (tempfile.TemporaryDirectory(prefix="handwriting_gan_demo_") as folder,
          PageServer(model, recognisers, Path(folder), port) as server):
        print(f"open {server.address} in a browser; Ctrl-C stops the server", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")


def read(recognisers: Recognisers, folder: Path, picture: bytes) -> dict[str, Any]:
    """Reads the hand in the bytes of a picture file.

    An unsure reading is returned too, because the user can correct it in the page.

    Raises:
      InputError: if the picture cannot be read.
    """
    with tempfile.NamedTemporaryFile(dir=folder, prefix="picture_", suffix=".png") as file:
        file.write(picture)
        file.flush()
        try:
            hand = read_hand(Path(file.name), recognisers)
        except InputError as error:
            raise InputError(str(error).replace(file.name, "the picture")) from error
    return {"glyphs": _to_base64(hand.glyphs.images), "digits": hand.glyphs.digits.tolist(),
            "confidences": np.asarray(hand.confidences, float).tolist()}


def write(model: TrainedModel, body: bytes) -> dict[str, Any]:
    """Writes the number that a JSON request names, in the hand that it holds.

    Raises:
      InputError: if the request is not valid.
    """
    request = _parse(body)
    return {"glyphs": _to_base64(model.write(request.hand, request.digits, request.seed, request.variation))}


def _parse(body: bytes) -> WriteRequest:
    """Parses the JSON of a write request.

    Raises:
      InputError: if a field is missing or not valid.
    """
    try:
        fields = json.loads(body)
        images = np.frombuffer(b"".join(base64.b64decode(glyph, validate=True) for glyph in fields["glyphs"]),
                               np.uint8).reshape(-1, SIDE, SIDE)
        hand = make_glyphs(images, fields["digits"])
        digits = parse_number("".join(str(digit) for digit in fields["number"]))
        seed, variation = int(fields["seed"]), float(fields["variation"])
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, binascii.Error) as error:
        raise InputError(f"the request is not valid ({type(error).__name__}: {error}); reload the page") from error
    if not 1 <= len(images) <= MAX_DIGITS or not 0 <= seed < 2**31 or not 0.0 <= variation <= 1.0:
        raise InputError(f"the request is not valid: a hand has 1 to {MAX_DIGITS} glyphs, a seed is a whole number "
                         "from 0, and a variation is from 0 to 1; reload the page")
    return WriteRequest(hand, digits, seed, variation)


def _to_base64(images: np.ndarray) -> list[str]:
    return [base64.b64encode(image.tobytes()).decode() for image in images]


class Handler(BaseHTTPRequestHandler):
    """Handles one request."""

    server: PageServer
    timeout = TIMEOUT

    def do_GET(self) -> None:
        """Sends the page, which is the only resource."""
        if self._is_local() and self.path == "/":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here; open the page at /")

    def do_POST(self) -> None:
        """Runs an operation and sends its result or its error."""
        operation = self.server.operations.get(self.path)
        length = self.headers.get("Content-Length", "")
        if operation is None or not self._is_local():
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here; open the page at /")
        elif not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "a request needs a Content-Length")
        elif int(length) > MAX_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                         f"the picture has more than {MAX_BYTES // 1_000_000} MB; make it smaller")
        else:
            self._run(operation, self.rfile.read(int(length)))

    def _run(self, operation: Operation, body: bytes) -> None:
        try:
            self._send_json(HTTPStatus.OK, operation(body))
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))

    def _is_local(self) -> bool:
        """Whether the request names this machine as its host; a foreign host name signals DNS rebinding."""
        return self.headers.get("Host", "").partition(":")[0] in {ADDRESS, "localhost"}

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._send_json(status, {"error": reason})

    def _send_json(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(content).encode())

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Logs nothing, for privacy."""
