"""The two entry points of the page: `export_web` saves a file, `demo` serves until Ctrl-C."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from configs import stargan_v2
from handwriting_gan import demo, export_web
from handwriting_gan.workdir.layout import Workdir
from handwriting_gan.writing.page_server import PortError
from handwriting_gan.writing.web_page import UnsuitableModelError

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "experiments" / "pictures" / "273.png"
NUMBER = {"number": [4, 8, 1], "seed": 0, "variation": 0.5}

Run = Callable[..., str]


@pytest.fixture(scope="module")
def stargan_v2_workdir(untrained: Callable[..., Workdir]) -> Path:
    """A workdir of StarGAN v2."""
    return untrained(stargan_v2.get_config("tiny"), 0).root


@pytest.fixture
def run(run_entry_point: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls an entry point and returns its output."""

    def call(entry_point: object, *arguments: object) -> str:
        run_entry_point(entry_point, *arguments)
        return capsys.readouterr().out

    return call


def post(address: str, body: bytes) -> dict[str, Any]:
    with urllib.request.urlopen(urllib.request.Request(address, body), timeout=120) as response:
        return json.load(response)


def test_a_page_is_saved(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "new" / "demo.html"
    for _ in range(2):  # a page may overwrite an earlier one
        message = run(export_web, "--out", out)
    assert message == f"wrote {out} ({out.stat().st_size / 1e6:.1f} MB); open it in a browser\n"
    assert out.read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in out.parent.iterdir()] == ["demo.html"]


def test_a_method_without_javascript_is_refused(refused: Run, stargan_v2_workdir: Path, tmp_path: Path) -> None:
    message = refused(export_web, "--workdir", stargan_v2_workdir, "--out", tmp_path / "demo.html")
    assert "for this stargan_v2 model; serve it with JAX instead (python -m handwriting_gan.demo)" in message
    assert "--workdir" in message
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("entry_point", "flags", "reason"), [
    (export_web, [], "--out"),
    (export_web, ["--out", PICTURE / "demo.html"], "cannot write"),
    (export_web, ["--out", "demo.html", "--workdir", ROOT / "tests"], "config.json"),
    (demo, ["--port", "many"], "is not a whole number from 0 to 65535"),
    (demo, ["--port", "65536"], "is not a whole number from 0 to 65535"),
    (demo, ["--workdir", ROOT / "tests"], "config.json"),
])
def test_a_bad_flag_is_refused(entry_point: object, flags: list[object], reason: str, refused: Run) -> None:
    assert reason in refused(entry_point, *flags)


@pytest.mark.parametrize(("error", "message"), [
    (PortError("port 80 cannot be used; choose another"), "choose another with --port\n"),
    (UnsuitableModelError("dcgan has no writer mode; use a method that has one"),
     "use a method that has one, such as writer_guided, with --workdir\n"),
])
def test_errors_of_the_server_name_their_flags(error: Exception, message: str, refused: Run,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(demo, "serve", refuse)
    assert refused(demo).endswith(message)


@pytest.mark.parametrize("method", ["released", pytest.param("another", marks=pytest.mark.slow)])
def test_the_server_runs_until_ctrl_c(method: str, stargan_v2_workdir: Path, tmp_path: Path) -> None:
    flags = ["--workdir", stargan_v2_workdir] if method == "another" else []
    server = subprocess.Popen(
        [sys.executable, "-m", "handwriting_gan.demo", "--port", "0", *map(str, flags)], cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = re.fullmatch(r"open (http://127\.0\.0\.1:\d+) in a browser; Ctrl-C stops the server\n",
                               server.stdout.readline())[1]
        with urllib.request.urlopen(address) as page:
            assert b'"server"' in page.read()
        hand = post(f"{address}/read", PICTURE.read_bytes())
        assert hand["digits"] == [2, 7, 3]
        glyphs = post(f"{address}/write", json.dumps(hand | NUMBER).encode())["glyphs"]
        assert [len(base64.b64decode(glyph)) for glyph in glyphs] == [784] * 3
        with pytest.raises(urllib.error.HTTPError, match="400"):
            post(f"{address}/write", b"{")
    finally:
        server.send_signal(signal.SIGINT)
        output, errors = server.communicate(timeout=60)
    assert (server.returncode, output, errors) == (0, "stopped\n", "")
    assert not list(tmp_path.iterdir())
