"""Curves: what was judged where it was judged, and every term; a figure that is missing leaves a gap."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from experiments.checkout import RESULTS
from handwriting_gan.report import curves


@pytest.fixture
def card() -> dict:
    return json.loads((RESULTS / "rows" / "stargan_v1.json").read_text())


def picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def colourful(content: bytes) -> int:
    """How many pixels are of a line."""
    levels = picture(content)
    return int((np.ptp(levels, axis=-1) > 100).sum())


def test_every_point_is_drawn_whatever_their_order(card: dict) -> None:
    along = {"A": {200: card, 100: card, 300: card}}
    content = curves.judged(along)
    assert content == curves.judged({"A": {100: card, 200: card, 300: card}})
    assert picture(content).shape[1] == 4 * 3.4 * 120
    assert 0 < colourful(curves.judged({"A": {100: card}})) < colourful(content)


def test_two_methods_have_two_colours_and_one_without_a_hand_is_left_out_there(card: dict) -> None:
    without = {**card, "figures": {"latent": card["figures"]["latent"]}}
    both = curves.judged({"A": {1: card, 2: card}, "B": {1: without, 2: without}})
    assert colourful(both) > colourful(curves.judged({"A": {1: card, 2: card}}))


@pytest.mark.parametrize("estimate", [{"value": None, "why": "too few"}, {"value": 0.5, "interval": None}])
def test_a_figure_may_have_no_value_or_no_interval(card: dict, estimate: dict) -> None:
    latent = card["figures"]["latent"] | {"digit_accuracy": estimate}
    other = {**card, "figures": {**card["figures"], "latent": latent}}
    curves.judged({"A": {1: card, 2: other, 3: card}})


def test_each_method_has_a_panel_of_its_losses() -> None:
    lines = [{"step": step, "phase/up": float(step), "phase/down": -float(step)} for step in (50, 100, 150)]
    content = curves.losses({"A": lines, "B": lines}, {"A": 16, "B": 2})
    assert picture(content).shape[1] == 2 * 3.4 * 120
    assert colourful(content) > 100
    curves.losses({"A": lines}, {"A": 16})
