"""The outcome for one number, and the rates of many."""

import numpy as np

from experiments.make_photos import CONDITIONS, compose_scene, compressed
from experiments.read_photos import Outcome, line_in, outcome, rates
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.writing.reading import load_recognisers, read_line

TRUTH = np.array([2, 7, 3])


def test_a_moderate_photo_is_read_correctly(held_out: Glyphs) -> None:
    scene = compose_scene(held_out.take([250, 730, 310]), CONDITIONS["moderate"], np.random.default_rng(0))
    line = line_in(compressed(scene.photo, CONDITIONS["moderate"].quality))
    result = outcome(TRUTH, line, lambda line: read_line(line, load_recognisers()))
    assert (result.digits, result.right) == (1.0, True)


def test_a_photo_that_cannot_be_read_is_neither_right_nor_confident() -> None:
    assert line_in(compressed(np.full((200, 300, 3), 240, np.uint8), 90)) is None

    def refuse(line: object) -> None:
        raise InputError("it cannot be cut")

    for line in (None, object()):
        assert outcome(TRUTH, line, refuse) == Outcome(0.0, False, False)


def test_rates_are_fractions_of_all_numbers() -> None:
    outcomes = [Outcome(1.0, True, True), Outcome(1.0, True, False), Outcome(0.5, False, True),
                Outcome(0.0, False, False)]
    assert rates(outcomes) == ["62.5%", "50.0%", "25.0%", "25.0%"]
