"""What came of a number, and the shares of many."""

import numpy as np

from experiments.make_photos import CONDITIONS, compose_scene, compressed
from experiments.read_photos import Outcome, line_in, outcome, rates
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.errors import InputError
from handwriting_gan.recognition import digit_classifier, wholeness
from handwriting_gan.writing.reading import read_line

TRUTH = np.array([2, 7, 3])


def test_a_photo_is_read_as_it_was_written(held_out: Glyphs) -> None:
    scene = compose_scene(held_out.take([250, 730, 310]), CONDITIONS["moderate"], np.random.default_rng(0))
    line = line_in(compressed(scene.photo, CONDITIONS["moderate"].quality))
    came = outcome(TRUTH, line, lambda line: read_line(line, digit_classifier.load(), wholeness.load()))
    assert (came.digits, came.right) == (1.0, True)


def test_a_blank_photo_and_one_that_cannot_be_cut_are_neither_right_nor_confident() -> None:
    assert line_in(compressed(np.full((200, 300, 3), 240, np.uint8), 90)) is None

    def refuse(line: object) -> None:
        raise InputError("it cannot be cut")

    for line in (None, object()):
        assert outcome(TRUTH, line, refuse) == Outcome(0.0, False, False)


def test_the_shares_are_of_all_numbers() -> None:
    outcomes = [Outcome(1.0, True, True), Outcome(1.0, True, False), Outcome(0.5, False, True),
                Outcome(0.0, False, False)]
    assert rates(outcomes) == ["62.5%", "50.0%", "25.0%", "25.0%"]
