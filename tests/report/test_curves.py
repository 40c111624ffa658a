"""Curves along training: figures of scorecards, and every loss term."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from handwriting_gan.evaluation.scorecard import Scorecard
from handwriting_gan.metrics.bootstrap import Estimate
from handwriting_gan.report import curves


def picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def coloured_pixels(content: bytes) -> int:
    """The number of pixels of lines."""
    return int((np.ptp(picture(content), axis=-1) > 100).sum())


def test_points_are_plotted_in_the_order_of_their_examples(guided: Scorecard) -> None:
    one = [guided]
    content = curves.estimates({"A": {200: one, 100: one, 300: one}})
    assert content == curves.estimates({"A": {100: one, 200: one, 300: one}})
    assert picture(content).shape[1] == 4 * 3.4 * 120
    assert 0 < coloured_pixels(curves.estimates({"A": {100: one}})) < coloured_pixels(content)


def test_two_methods_have_two_curves_and_one_without_a_hand_is_left_out_there(
        guided: Scorecard, without_writers: Scorecard) -> None:
    one, other = ({1: [card], 2: [card]} for card in (guided, without_writers))
    assert coloured_pixels(curves.estimates({"A": one, "B": other})) != coloured_pixels(curves.estimates({"A": one}))


def test_a_panel_without_values_is_left_out(without_writers: Scorecard) -> None:
    content = curves.estimates({"A": {1: [without_writers], 2: [without_writers]}})
    assert picture(content).shape[1] == 2 * 3.4 * 120  # of the latent-guided mode


def test_several_seeds_are_plotted_as_their_mean(guided: Scorecard) -> None:
    def at(value: float) -> Scorecard:
        latent = dataclasses.replace(guided.guided["latent"], digit_accuracy=Estimate(value))
        return dataclasses.replace(guided, guided={"latent": latent}, hands=[])

    points = curves._points(next(column for column in curves.LATENT if column.heading == "digits right"),
                            {"A": {1: [at(0.2), at(0.4)], 2: [at(0.5)]}})
    assert points["A"][1] == (pytest.approx(0.3), pytest.approx(0.02**0.5))
    assert points["A"][2] == (0.5, None)


@pytest.mark.parametrize("estimate", [Estimate(None, reason="too few"), Estimate(0.5)])
def test_a_figure_may_have_no_value_or_no_interval(guided: Scorecard, estimate: Estimate) -> None:
    latent = dataclasses.replace(guided.guided["latent"], digit_accuracy=estimate)
    other = dataclasses.replace(guided, guided={"latent": latent})
    whole = curves.estimates({"A": {1: [guided], 2: [guided], 3: [guided]}})
    assert curves.estimates({"A": {1: [guided], 2: [other], 3: [guided]}}) != whole


def test_each_method_has_a_panel_of_its_losses() -> None:
    lines = [{"step": step, "phase/up": float(step), "phase/down": -float(step)} for step in (50, 100, 150)]
    content = curves.losses({"A": lines, "B": lines}, {"A": 16, "B": 2})
    assert picture(content).shape[1] == 2 * 3.4 * 120
    assert coloured_pixels(content) > 100
    assert picture(curves.losses({"A": lines}, {"A": 16})).shape[1] == 3.4 * 120
