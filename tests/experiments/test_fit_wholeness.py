"""The wholeness judge's examples are true to the ink, and fitting is a pure function of them and the seed."""

import jax
import numpy as np

from experiments.fit_wholeness import compose, fit, on_line
from experiments.make_photos import CONDITIONS, lay_out
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.recognition.wholeness import WholenessNetwork
from handwriting_gan.writing.reading import split_line
from handwriting_gan.writing.segment import find_strokes

ROWS = [250, 730, 310]


def test_of_digits_apart_each_is_whole_once_and_what_is_more_or_less_is_not(held_out: Glyphs) -> None:
    made = list(compose(held_out.take(ROWS), "plain", np.random.default_rng(0)))
    images, shapes, whole = (np.stack(column) for column in zip(*made, strict=True))
    assert images.shape == (len(made), 28, 28)
    assert 3 <= whole.sum() < len(made)
    assert (shapes[whole, 1] > 0.7).all()


def test_a_digit_is_laid_on_its_line_where_its_ink_is(held_out: Glyphs) -> None:
    layers = lay_out(held_out.take(ROWS).images, 90.0, CONDITIONS["plain"],
                   np.random.default_rng(0)).astype(np.float32)
    ink = layers.max(axis=0)
    line = split_line(ink, find_strokes(ink))
    whole = np.max([part.ink for part in line.parts], axis=0)
    laid = np.max([on_line(layer, line) for layer in layers], axis=0)
    shared = np.minimum(laid, whole).sum() / np.maximum(laid, whole).sum()  # but for specks and faint edges
    assert shared > 0.97


def test_fitting_learns_what_can_be_told_and_is_the_same_again() -> None:
    seen = np.random.default_rng(0).normal(3.0, 2.0, (400, 5)).astype(np.float32)
    whole = seen[:, 0] > 3.0
    params, again = (fit(seen, whole, 200, seed=1) for _ in range(2))
    jax.tree.map(np.testing.assert_array_equal, params, again)
    np.testing.assert_allclose(params["mean"], seen.mean(axis=0), rtol=1e-4)
    said = WholenessNetwork().apply({"params": params}, seen) > 0
    assert (said == whole).mean() > 0.9
