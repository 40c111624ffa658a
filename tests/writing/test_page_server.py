"""The server behind the page: whom it answers, what it refuses, what it leaves."""

import base64
import http.client
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ml_collections import ConfigDict
from PIL import Image

from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.recognition import digit_classifier, wholeness
from handwriting_gan.writing.composition import compose, regular_layout
from handwriting_gan.writing.page_server import ADDRESS, MAX_BYTES, PageServer

ROWS = [250, 730, 310]  # a 2, a 7 and a 3 of the held-out glyphs


class Echo:
    """Writes any digit as the hand's first glyph, and remembers what it was asked."""

    modes = ("writer",)

    def __init__(self) -> None:
        """Was not asked yet."""
        self.asked: list[Any] = []

    def write(self, references: Glyphs, digits: list[int], seed: int, variation: float) -> np.ndarray:
        """One glyph, again and again."""
        self.asked.append((references.digits.tolist(), digits, seed, variation))
        return np.repeat(references.images[:1], len(digits), axis=0)


@pytest.fixture
def model() -> Echo:
    return Echo()


@pytest.fixture
def server(model: Echo, tmp_path: Path) -> Iterator[PageServer]:
    with PageServer(model, digit_classifier.load(), wholeness.load(), tmp_path, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ask(server: PageServer) -> Callable[..., tuple[int, Any]]:
    """Sends a request, and returns the status and what is said."""

    def send(method: str, path: str, body: bytes | None = None,
             headers: dict[str, str] | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(ADDRESS, server.server_address[1], timeout=60)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        is_json = response.headers["Content-Type"] == "application/json"
        return response.status, json.loads(content) if is_json else content.decode()

    return send


@pytest.fixture
def asked(held_out: Glyphs) -> dict[str, Any]:
    """A request to write."""
    return {"glyphs": [base64.b64encode(image.tobytes()).decode() for image in held_out.images[ROWS]],
            "digits": [2, 7, 3], "number": [4, 8, 1], "seed": 3, "variation": 0.5}


def png(levels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(levels).save(content, format="PNG")
    return content.getvalue()


def test_only_this_machine_is_listened_to(server: PageServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_address[1]}"


def test_the_page_is_at_the_root_and_nothing_elsewhere(ask: Callable[..., tuple[int, Any]]) -> None:
    status, page = ask("GET", "/")
    assert status == 200
    assert page.startswith("<!DOCTYPE html>")
    for path in ("/read", "/../setup.cfg", "/favicon.ico"):
        assert ask("GET", path) == (404, {"error": "there is nothing here; open the page at /"})
    assert ask("POST", "/elsewhere", b"{}")[0] == 404


def test_who_thinks_this_is_another_server_gets_nothing(ask: Callable[..., tuple[int, Any]],
                                                        server: PageServer) -> None:
    port = server.server_address[1]
    assert ask("GET", "/", headers={"Host": f"localhost:{port}"})[0] == 200
    assert ask("GET", "/", headers={"Host": f"evil.example:{port}"})[0] == 404
    assert ask("POST", "/write", b"{}", {"Host": f"evil.example:{port}"})[0] == 404


def test_a_picture_is_read_and_not_kept(ask: Callable[..., tuple[int, Any]], held_out: Glyphs,
                                        tmp_path: Path) -> None:
    status, hand = ask("POST", "/read", png(255 - compose(held_out.images[ROWS], regular_layout(60))))
    assert status == 200
    assert hand["digits"] == [2, 7, 3]
    assert all(0.5 < confidence <= 1 for confidence in hand["confidences"])
    assert [len(base64.b64decode(glyph)) for glyph in hand["glyphs"]] == [784] * 3
    assert not list(tmp_path.iterdir())


def test_a_number_is_written_in_the_hand_that_was_sent(
        ask: Callable[..., tuple[int, Any]], asked: dict[str, Any], model: Echo) -> None:
    status, answer = ask("POST", "/write", json.dumps(asked).encode())
    assert (status, answer) == (200, {"glyphs": asked["glyphs"][:1] * 3})
    assert model.asked == [([2, 7, 3], [4, 8, 1], 3, 0.5)]


@pytest.mark.parametrize(("body", "why"), [
    (b"", "cannot be understood"),
    (b"\xff\xfe", "cannot be understood"),
    (b"{", "cannot be understood"),
    (b"[]", "cannot be understood"),
    (b"[" * 100_000, "cannot be understood"),
    (b"{}", "cannot be understood (KeyError: 'glyphs')"),
])
def test_what_is_no_request_is_refused(body: bytes, why: str, ask: Callable[..., tuple[int, Any]]) -> None:
    status, answer = ask("POST", "/write", body)
    assert status == 400
    assert why in answer["error"]
    assert "load the page anew" in answer["error"]


@pytest.mark.parametrize(("field", "value"), [
    ("glyphs", []), ("glyphs", ["AAAA"]), ("glyphs", ["!"]), ("glyphs", 3),
    ("digits", [2, 7]), ("digits", [2, 7, 10]), ("digits", ["two", 7, 3]), ("digits", None),
    ("number", []), ("number", ["x"]), ("number", [1] * 101), ("number", 4),
    ("seed", -1), ("seed", 2**31), ("seed", "x"), ("seed", float("inf")),
    ("variation", 1.5), ("variation", float("nan")), ("variation", None),
])
def test_a_field_that_is_not_what_it_should_be_is_refused(
        field: str, value: object, ask: Callable[..., tuple[int, Any]], asked: dict[str, Any],
        model: Echo) -> None:
    status, answer = ask("POST", "/write", json.dumps(asked | {field: value}).encode())
    assert status == 400
    assert "\n" not in answer["error"]
    assert not model.asked


def test_what_is_no_picture_is_refused_by_no_name_of_a_file(
        ask: Callable[..., tuple[int, Any]], tmp_path: Path) -> None:
    status, answer = ask("POST", "/read", b"no picture")
    assert status == 400
    assert answer["error"].startswith("the picture cannot be decoded")
    status, answer = ask("POST", "/read", png(np.full((30, 30), 255, np.uint8)))
    assert status == 400
    assert "the picture" in answer["error"]
    assert str(tmp_path) not in answer["error"]
    assert not list(tmp_path.iterdir())


def posted(server: PageServer, header: str) -> str:
    """The answer to the head of a request alone."""
    with socket.create_connection(server.server_address, timeout=10) as connection:
        host = f"{ADDRESS}:{server.server_address[1]}"
        connection.sendall(f"POST /read HTTP/1.1\r\nHost: {host}\r\n{header}\r\n".encode())
        return connection.makefile("rb").read().decode()


def test_what_is_too_large_is_refused_before_it_comes(server: PageServer) -> None:
    answer = posted(server, f"Content-Length: {MAX_BYTES + 1}\r\n")
    assert " 413 " in answer.splitlines()[0]
    assert "this is more than 5 MB; make the picture smaller" in answer


@pytest.mark.parametrize("header", ["", "Transfer-Encoding: chunked\r\n", "Content-Length: -1\r\n",
                                    "Content-Length: many\r\n"])
def test_who_does_not_say_how_much_comes_is_refused(header: str, server: PageServer) -> None:
    assert " 411 " in posted(server, header).splitlines()[0]


def test_a_browser_that_leaves_is_no_error(server: PageServer, ask: Callable[..., tuple[int, Any]],
                                           capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(server.server_address, timeout=10) as connection:
        connection.sendall(b"POST /wri")
    assert ask("GET", "/")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_a_fault_of_ours_is_one_line_and_the_next_request_is_answered(
        ask: Callable[..., tuple[int, Any]], asked: dict[str, Any], model: Echo,
        monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(model, "write", lambda *_: 1 / 0)
    with pytest.raises(http.client.RemoteDisconnected):
        ask("POST", "/write", json.dumps(asked).encode())
    assert ask("GET", "/")[0] == 200
    assert capfd.readouterr().err == "error: a request failed (ZeroDivisionError: division by zero)\n"


def test_a_port_that_is_taken_is_refused(model: Echo, server: PageServer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"port \d+ cannot be used .*; name another with --port"):
        PageServer(model, digit_classifier.load(), wholeness.load(), tmp_path, server.server_address[1])


def test_a_method_without_a_writer_mode_is_refused(tmp_path: Path) -> None:
    class Mute(Echo):
        modes = ("latent",)
        config = ConfigDict({"method": "dcgan"})

    with pytest.raises(InputError, match="dcgan has no writer mode"):
        PageServer(Mute(), digit_classifier.load(), wholeness.load(), tmp_path, 0)
