"""The page with JAX behind it: a server for this machine alone.

GET / is the page. POST /read takes a picture and answers with the hand in it, POST /write takes a hand and a
number and answers with glyphs. Glyphs travel as base64 of 28 x 28 bytes each, 0 paper to 255 ink.
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
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.recognition.wholeness import WholenessJudge
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.writing.number import MAX_DIGITS, parse_number, read_hand
from handwriting_gan.writing.web_page import served_page

ADDRESS = "127.0.0.1"  # reached from this machine alone
MAX_BYTES = 5_000_000  # of a request's body
PATIENCE = 30.0  # seconds for a request to arrive

Answer = Callable[[bytes], dict[str, Any]]


class Asked(NamedTuple):
    """What is to be written, and in which hand."""

    hand: Glyphs
    digits: list[int]
    seed: int
    variation: float


class PageServer(ThreadingHTTPServer):
    """Answers for one model, on `ADDRESS`; port 0 is any that is free."""

    daemon_threads = True  # Ctrl-C does not wait for an answer

    def __init__(self, model: TrainedModel, reader: Reader, judge: WholenessJudge, folder: Path,
                 port: int) -> None:
        """Listens from here on; what is read is put into `folder` for the while.

        Raises:
          InputError: if the model has no writer mode, or the port is taken.
        """
        if "writer" not in model.modes:
            raise InputError(f"{model.config.method} has no writer mode; name the --workdir of a method that "
                             "has one, such as writer_guided")
        self.page = served_page().encode()
        self.answers: dict[str, Answer] = {"/read": partial(read, reader, judge, folder),
                                           "/write": partial(write, model)}
        try:
            super().__init__((ADDRESS, port), Handler)
        except (OSError, OverflowError) as error:
            raise InputError(f"port {port} cannot be used ({error}); name another with --port") from error

    def handle_error(self, request: object, client_address: object) -> None:
        """One line, as every other error; a browser that left before its answer is none."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            print(f"error: a request failed ({type(error).__name__}: {error})", file=sys.stderr, flush=True)

    @property
    def address(self) -> str:
        """Where a browser finds the page."""
        return f"http://{ADDRESS}:{self.server_address[1]}"


def serve(model: TrainedModel, reader: Reader, judge: WholenessJudge, port: int) -> None:
    """Serves the page until Ctrl-C.

    Raises:
      InputError: if the model has no writer mode, or the port is taken.
    """
    with (tempfile.TemporaryDirectory(prefix="handwriting_gan_demo_") as folder,
          PageServer(model, reader, judge, Path(folder), port) as server):
        print(f"open {server.address} in a browser; Ctrl-C ends it", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")


def read(reader: Reader, judge: WholenessJudge, folder: Path, picture: bytes) -> dict[str, Any]:
    """The hand in a picture file's bytes; a guess is told as well, for the page lets its reader correct it.

    Raises:
      InputError: if it cannot be read.
    """
    with tempfile.NamedTemporaryFile(dir=folder, prefix="picture_", suffix=".png") as file:
        file.write(picture)
        file.flush()
        try:
            hand = read_hand(Path(file.name), reader, judge, flags=False)
        except InputError as error:
            raise InputError(str(error).replace(file.name, "the picture")) from error
    return {"glyphs": _to_text(hand.glyphs.images), "digits": hand.glyphs.digits.tolist(),
            "confidences": np.asarray(hand.confidences, float).tolist()}


def write(model: TrainedModel, body: bytes) -> dict[str, Any]:
    """The glyphs of a number in a hand, as asked in JSON.

    Raises:
      InputError: if what is asked cannot be understood.
    """
    asked = _parse(body)
    return {"glyphs": _to_text(model.write(asked.hand, asked.digits, asked.seed, asked.variation))}


def _parse(body: bytes) -> Asked:
    """Raises: InputError, if a field is missing or none of what it should be."""
    try:
        fields = json.loads(body)
        images = np.frombuffer(b"".join(base64.b64decode(glyph, validate=True) for glyph in fields["glyphs"]),
                               np.uint8).reshape(-1, SIDE, SIDE)
        hand = make_glyphs(images, fields["digits"])
        digits = parse_number("".join(str(digit) for digit in fields["number"]))
        seed, variation = int(fields["seed"]), float(fields["variation"])
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, binascii.Error) as error:
        raise InputError(f"the request cannot be understood ({type(error).__name__}: {error}); load the page "
                         "anew") from error
    if not 1 <= len(images) <= MAX_DIGITS or not 0 <= seed < 2**31 or not 0.0 <= variation <= 1.0:
        raise InputError(f"a hand has 1 to {MAX_DIGITS} glyphs, a seed is a whole number from 0, a "
                         "variation from 0 to 1; load the page anew")
    return Asked(hand, digits, seed, variation)


def _to_text(images: np.ndarray) -> list[str]:
    return [base64.b64encode(image.tobytes()).decode() for image in images]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: PageServer
    timeout = PATIENCE

    def do_GET(self) -> None:
        """The page, and nothing else."""
        if self._is_ours() and self.path == "/":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here; open the page at /")

    def do_POST(self) -> None:
        """An answer, or why there is none."""
        answer = self.server.answers.get(self.path)
        length = self.headers.get("Content-Length", "")
        if answer is None or not self._is_ours():
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here; open the page at /")
        elif not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "a request says how long it is")
        elif int(length) > MAX_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                         f"this is more than {MAX_BYTES // 1_000_000} MB; make the picture smaller")
        else:
            self._answer(answer, self.rfile.read(int(length)))

    def _answer(self, answer: Answer, body: bytes) -> None:
        try:
            self._send_json(HTTPStatus.OK, answer(body))
        except InputError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))

    def _is_ours(self) -> bool:
        """Whether the browser means this server: a name that was made to point here belongs to a stranger."""
        return self.headers.get("Host", "").partition(":")[0] in {ADDRESS, "localhost"}

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send_json(status, {"error": why})

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
        """Says nothing: what somebody writes is nobody's business."""
