"""The page in Chromium: from a file, by mouse, touch, pen and keyboard; and the served page."""

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handwriting_gan.recognition import digit_classifier
from handwriting_gan.synthesis import trained_model
from handwriting_gan.writing.number import read_hand
from handwriting_gan.writing.page_server import PageServer
from handwriting_gan.writing.reading import load_recognisers
from handwriting_gan.writing.web_page import self_contained_page

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra `browser`")
CHROMIUM = shutil.which("chromium")
PICTURE = Path(__file__).parents[2] / "experiments" / "pictures" / "273.png"
DRAWN = [  # 273, in 480ths of the pad's width
    [(90, 70), (120, 45), (150, 60), (150, 100), (115, 150), (85, 175), (120, 170), (160, 172)],
    [(210, 55), (240, 52), (285, 50), (270, 90), (255, 135), (245, 180)],
    [(330, 60), (370, 45), (395, 70), (360, 105), (400, 130), (395, 165), (350, 180), (325, 165)],
]
PATIENCE = 60_000  # milliseconds
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 780}

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")]

Open = Callable[..., "playwright.Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page's address."""
    path = tmp_path_factory.mktemp("page") / "demo.html"
    path.write_text(self_contained_page(trained_model.load(), digit_classifier.load()))
    return path.as_uri()


@pytest.fixture
def open_page(browser: "playwright.Browser") -> Iterator[Open]:
    """Opens an address; afterwards checks that there were no console messages and only local requests."""
    messages, requests = [], []

    with contextlib.ExitStack() as stack:

        def open_address(address: str, viewport: dict[str, int] = DESKTOP,
                         scheme: str = "light") -> "playwright.Page":
            context = browser.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True,
                                          device_scale_factor=2)
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            page.on("console", lambda message: messages.append(message.text))
            page.on("pageerror", lambda error: messages.append(str(error)))
            page.on("request", lambda request: requests.append(request.url))
            page.goto(address)
            return page

        yield open_address
    assert not messages
    assert all(url.startswith(("file:", "blob:", "http://127.0.0.1:")) for url in requests)


def points(page: "playwright.Page") -> list[list[dict[str, float]]]:
    """The points of 273 on the screen."""
    pad = page.locator("#pad").bounding_box()
    return [[{"x": pad["x"] + x * pad["width"] / 480, "y": pad["y"] + y * pad["width"] / 480}
             for x, y in stroke] for stroke in DRAWN]


def draw(page: "playwright.Page") -> None:
    """Draws 273 by moving the mouse."""
    for first, *others in points(page):
        page.mouse.move(**first)
        page.mouse.down()
        for point in others:
            page.mouse.move(**point, steps=6)
        page.mouse.up()


def draw_with_finger(page: "playwright.Page") -> None:
    """Draws 273 by touch, while a palm touches the pad too."""
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *points: dict[str, float]) -> None:
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for first, *others in points(page):
        palm = {"x": first["x"] + 5, "y": first["y"] + 150, "id": 1}
        touch("touchStart", {**first, "id": 0})
        touch("touchStart", {**first, "id": 0}, palm)
        for point in others:
            touch("touchMove", {**point, "id": 0}, palm | {"x": palm["x"] + 1})
        touch("touchEnd")


def draw_with_pen(page: "playwright.Page") -> None:
    """Draws 273 with a pen of increasing pressure."""
    devtools = page.context.new_cdp_session(page)
    for stroke in points(page):
        kinds = ["mousePressed", *["mouseMoved"] * (len(stroke) - 2), "mouseReleased"]
        for force, point, kind in zip(np.linspace(0.4, 0.8, len(stroke)), stroke, kinds, strict=True):
            devtools.send("Input.dispatchMouseEvent", {
                "type": kind, **point, "pointerType": "pen", "force": float(force), "button": "left",
                "buttons": 1, "clickCount": 1})


def wait_for(page: "playwright.Page", number: str) -> None:
    page.get_by_text(f"{number} in the hand of ").wait_for()


def digits_read(page: "playwright.Page") -> str:
    return "".join(page.locator("#digits select").evaluate_all("(found) => found.map((each) => each.value)"))


def saved(page: "playwright.Page", button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def outline(page: "playwright.Page") -> str:
    return page.locator("#picture path").get_attribute("d")


def test_273_is_drawn_and_481_is_written(file: str, open_page: Open, tmp_path: Path) -> None:
    page = open_page(file)
    draw(page)
    wait_for(page, "481")
    assert digits_read(page) == "273"
    png = saved(page, "Save PNG", tmp_path)
    assert png.name == "481.png"
    assert read_hand(png, load_recognisers()).glyphs.digits.tolist() == [4, 8, 1]
    svg = saved(page, "Save SVG", tmp_path)
    assert svg.name == "481.svg"
    assert outline(page) in svg.read_text()


@pytest.mark.parametrize("by", [draw_with_finger, draw_with_pen])
def test_a_finger_and_a_pen_can_draw(by: Callable[..., None], file: str, open_page: Open) -> None:
    page = open_page(file, PHONE)
    by(page)
    wait_for(page, "481")
    assert digits_read(page) == "273"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_fits_its_screen(viewport: dict[str, int], scheme: str, file: str, open_page: Open,
                                  tmp_path: Path) -> None:
    page = open_page(file, viewport, scheme)
    page.screenshot(path=tmp_path / "empty.png", full_page=True)
    page.get_by_role("button", name="See an example").click()
    wait_for(page, "481")
    page.locator("#number").fill("9876543210")
    wait_for(page, "9876543210")
    page.screenshot(path=tmp_path / "full.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for control in page.locator("button, .button, select, input").all():
        box = control.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= viewport["width"]


def test_the_keyboard_is_enough(file: str, open_page: Open) -> None:
    page = open_page(file)

    def tab_to(name: str) -> None:
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id || document.activeElement.ariaLabel") == name:
                return
        pytest.fail(f"Tab does not reach {name}")

    tab_to("file")
    tab_to("example")
    page.keyboard.press("Enter")
    wait_for(page, "481")
    tab_to("Digit 1 is read as")
    page.keyboard.press("4")
    assert digits_read(page) == "473"
    tab_to("number")
    page.keyboard.press("Control+A")
    page.keyboard.type("60")
    wait_for(page, "60")
    first = outline(page)
    tab_to("variation")
    page.keyboard.press("End")
    page.wait_for_timeout(100)
    page.locator("#result:not(.busy)").wait_for()
    natural = outline(page)
    tab_to("again")
    page.keyboard.press("Space")
    page.wait_for_timeout(100)
    page.locator("#result:not(.busy)").wait_for()
    assert len({first, natural, outline(page)}) == 3


def test_a_best_guess_has_no_second_try(file: str, open_page: Open) -> None:
    page = open_page(file)
    page.get_by_role("button", name="See an example").click()
    wait_for(page, "481")
    assert page.locator("#again").is_enabled()
    page.locator("#variation").fill("0")
    page.locator("#again:disabled").wait_for()


def test_a_picture_is_read(file: str, open_page: Open) -> None:
    page = open_page(file)
    page.locator("#file").set_input_files(PICTURE)
    wait_for(page, "481")
    assert digits_read(page) == "273"


def test_errors_are_shown(file: str, open_page: Open, tmp_path: Path) -> None:
    page, status = open_page(file), "#status.wrong"
    (tmp_path / "letter.txt").write_text("a letter")
    page.locator("#file").set_input_files(tmp_path / "letter.txt")
    page.locator(status, has_text="This file is not a picture").wait_for()
    page.locator("#number").fill("4,8")
    page.locator(status, has_text="Give digits only, as in 481.").wait_for()
    page.locator("#number").fill("48")
    page.get_by_role("button", name="See an example").click()
    wait_for(page, "48")
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Write a number on the pad first").wait_for()
    assert page.locator("#png").is_disabled()


def test_a_result_for_a_cleared_pad_is_not_shown(file: str, open_page: Open) -> None:
    page = open_page(file)
    page.locator("#number").fill("12345678901234567890")
    page.get_by_role("button", name="See an example").click()
    page.locator("#result.busy").wait_for()
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("Write a number on the pad first").wait_for()
    page.wait_for_timeout(3000)
    assert outline(page) == ""
    assert page.locator("#status.wrong").count() == 0


def test_a_blank_picture_clears_the_earlier_result(file: str, open_page: Open, tmp_path: Path) -> None:
    page = open_page(file)
    page.get_by_role("button", name="See an example").click()
    wait_for(page, "481")
    Image.new("L", (90, 60), 255).save(tmp_path / "blank.png")
    page.locator("#file").set_input_files(tmp_path / "blank.png")
    page.locator("#status.wrong", has_text="No ink stands out in the picture").wait_for()
    assert page.locator("#found").is_hidden()
    assert outline(page) == ""


def test_the_served_page_uses_jax(open_page: Open, tmp_path: Path) -> None:
    with PageServer(trained_model.load(), load_recognisers(), tmp_path, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            page = open_page(server.address)
            draw(page)
            wait_for(page, "481")
            assert digits_read(page) == "273"
            png = saved(page, "Save PNG", tmp_path)
            hand = read_hand(png, load_recognisers())
            assert hand.glyphs.digits.tolist() == [4, 8, 1]
        finally:
            server.shutdown()
            thread.join()
