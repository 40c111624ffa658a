"""The page's server: its results, what it refuses, and that it keeps no data."""

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
from handwriting_gan.writing.composition import compose, regular_layout
from handwriting_gan.writing.page_server import ADDRESS, MAX_BYTES, PageServer, PortError
from handwriting_gan.writing.reading import load_recognisers
from handwriting_gan.writing.web_page import UnsuitableModelError

ROWS = [250, 730, 310]  # a 2, a 7 and a 3 of the held-out glyphs


class Echo:
    """Writes each digit as the hand's first glyph, and records its arguments."""

    modes = ("writer",)

    def __init__(self) -> None:
        """Starts without calls."""
        self.calls: list[Any] = []

    def write(self, references: Glyphs, digits: list[int], seed: int, variation: float) -> np.ndarray:
        """Repeats one reference."""
        self.calls.append((references.digits.tolist(), digits, seed, variation))
        return np.repeat(references.images[:1], len(digits), axis=0)


@pytest.fixture
def model() -> Echo:
    return Echo()


@pytest.fixture
def server(model: Echo, tmp_path: Path) -> Iterator[PageServer]:
    with PageServer(model, load_recognisers(), tmp_path, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def send(server: PageServer) -> Callable[..., tuple[int, Any]]:
    """Sends a request, and returns the status and the content."""

    def send_request(method: str, path: str, body: bytes | None = None,
             headers: dict[str, str] | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(ADDRESS, server.server_address[1], timeout=60)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        is_json = response.headers["Content-Type"] == "application/json"
        return response.status, json.loads(content) if is_json else content.decode()

    return send_request


@pytest.fixture
def request_fields(held_out: Glyphs) -> dict[str, Any]:
    """A request to write."""
    return {"glyphs": [base64.b64encode(image.tobytes()).decode() for image in held_out.images[ROWS]],
            "digits": [2, 7, 3], "number": [4, 8, 1], "seed": 3, "variation": 0.5}


def png(levels: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(levels).save(content, format="PNG")
    return content.getvalue()


def test_only_this_machine_can_connect(server: PageServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_address[1]}"


def test_the_page_is_at_the_root_and_nothing_elsewhere(send: Callable[..., tuple[int, Any]]) -> None:
    status, page = send("GET", "/")
    assert status == 200
    assert page.startswith("<!DOCTYPE html>")
    for path in ("/read", "/../setup.cfg", "/favicon.ico"):
        assert send("GET", path) == (404, {"error": "there is nothing here; open the page at /"})
    assert send("POST", "/elsewhere", b"{}")[0] == 404


def test_a_foreign_host_name_is_refused(send: Callable[..., tuple[int, Any]], server: PageServer) -> None:
    port = server.server_address[1]
    assert send("GET", "/", headers={"Host": f"localhost:{port}"})[0] == 200
    assert send("GET", "/", headers={"Host": f"evil.example:{port}"})[0] == 404
    assert send("POST", "/write", b"{}", {"Host": f"evil.example:{port}"})[0] == 404


def test_a_picture_is_read_and_not_kept(send: Callable[..., tuple[int, Any]], held_out: Glyphs,
                                        tmp_path: Path) -> None:
    status, hand = send("POST", "/read", png(255 - compose(held_out.images[ROWS], regular_layout(60))))
    assert status == 200
    assert hand["digits"] == [2, 7, 3]
    assert all(0.5 < confidence <= 1 for confidence in hand["confidences"])
    assert [len(base64.b64decode(glyph)) for glyph in hand["glyphs"]] == [784] * 3
    assert not list(tmp_path.iterdir())


def test_a_number_is_written_in_the_hand_of_the_request(
        send: Callable[..., tuple[int, Any]], request_fields: dict[str, Any], model: Echo) -> None:
    status, content = send("POST", "/write", json.dumps(request_fields).encode())
    assert (status, content) == (200, {"glyphs": request_fields["glyphs"][:1] * 3})
    assert model.calls == [([2, 7, 3], [4, 8, 1], 3, 0.5)]


@pytest.mark.parametrize(("body", "reason"), [
    (b"", "is not valid"),
    (b"\xff\xfe", "is not valid"),
    (b"{", "is not valid"),
    (b"[]", "is not valid"),
    (b"[" * 100_000, "is not valid"),
    (b"{}", "is not valid (KeyError: 'glyphs')"),
])
def test_an_invalid_request_is_refused(body: bytes, reason: str, send: Callable[..., tuple[int, Any]]) -> None:
    status, content = send("POST", "/write", body)
    assert status == 400
    assert reason in content["error"]
    assert "reload the page" in content["error"]


@pytest.mark.parametrize(("field", "value"), [
    ("glyphs", []), ("glyphs", ["AAAA"]), ("glyphs", ["!"]), ("glyphs", 3),
    ("digits", [2, 7]), ("digits", [2, 7, 10]), ("digits", ["two", 7, 3]), ("digits", None),
    ("number", []), ("number", ["x"]), ("number", [1] * 101), ("number", 4),
    ("seed", -1), ("seed", 2**31), ("seed", "x"), ("seed", float("inf")),
    ("variation", 1.5), ("variation", float("nan")), ("variation", None),
])
def test_an_invalid_field_is_refused(
        field: str, value: object, send: Callable[..., tuple[int, Any]], request_fields: dict[str, Any],
        model: Echo) -> None:
    status, content = send("POST", "/write", json.dumps(request_fields | {field: value}).encode())
    assert status == 400
    assert "\n" not in content["error"]
    assert not model.calls


def test_a_bad_picture_is_refused_without_a_file_name(
        send: Callable[..., tuple[int, Any]], tmp_path: Path) -> None:
    status, content = send("POST", "/read", b"no picture")
    assert status == 400
    assert content["error"].startswith("the picture cannot be decoded")
    status, content = send("POST", "/read", png(np.full((30, 30), 255, np.uint8)))
    assert status == 400
    assert "the picture" in content["error"]
    assert str(tmp_path) not in content["error"]
    assert not list(tmp_path.iterdir())


def response_to_header(server: PageServer, header: str) -> str:
    """The response to the header of a request."""
    with socket.create_connection(server.server_address, timeout=10) as connection:
        host = f"{ADDRESS}:{server.server_address[1]}"
        connection.sendall(f"POST /read HTTP/1.1\r\nHost: {host}\r\n{header}\r\n".encode())
        return connection.makefile("rb").read().decode()


def test_a_large_request_is_refused_before_its_body(server: PageServer) -> None:
    content = response_to_header(server, f"Content-Length: {MAX_BYTES + 1}\r\n")
    assert " 413 " in content.splitlines()[0]
    assert "the picture has more than 5 MB; make it smaller" in content


@pytest.mark.parametrize("header", ["", "Transfer-Encoding: chunked\r\n", "Content-Length: -1\r\n",
                                    "Content-Length: many\r\n"])
def test_a_request_without_its_length_is_refused(header: str, server: PageServer) -> None:
    assert " 411 " in response_to_header(server, header).splitlines()[0]


def test_a_closed_connection_is_not_an_error(server: PageServer, send: Callable[..., tuple[int, Any]],
                                             capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(server.server_address, timeout=10) as connection:
        connection.sendall(b"POST /wri")
    assert send("GET", "/")[0] == 200
    assert capfd.readouterr() == ("", "")


def test_an_internal_error_is_one_line_and_the_server_continues(
        send: Callable[..., tuple[int, Any]], request_fields: dict[str, Any], model: Echo,
        monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(model, "write", lambda *_: 1 / 0)
    with pytest.raises(http.client.RemoteDisconnected):
        send("POST", "/write", json.dumps(request_fields).encode())
    assert send("GET", "/")[0] == 200
    assert capfd.readouterr().err == "error: a request failed (ZeroDivisionError: division by zero)\n"


def test_a_port_in_use_is_refused(model: Echo, server: PageServer, tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r"port \d+ cannot be used .*; choose another$"):
        PageServer(model, load_recognisers(), tmp_path, server.server_address[1])


def test_a_method_without_a_writer_mode_is_refused(tmp_path: Path) -> None:
    class Mute(Echo):
        modes = ("latent",)
        config = ConfigDict({"method": "dcgan"})

    with pytest.raises(UnsuitableModelError, match=r"dcgan has no writer mode; use a method that has one$"):
        PageServer(Mute(), load_recognisers(), tmp_path, 0)
