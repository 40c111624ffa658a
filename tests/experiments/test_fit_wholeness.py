"""The wholeness judge's examples have correct labels, and fitting depends on them and the seed only."""

import jax
import numpy as np

from experiments.fit_wholeness import compose, fit, in_line
from experiments.make_photos import CONDITIONS, place_glyphs
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.recognition.wholeness import WholenessNetwork
from handwriting_gan.writing.reading import split_line
from handwriting_gan.writing.segment import find_strokes

ROWS = [250, 730, 310]


def test_separate_digits_are_whole_and_other_candidates_are_not(held_out: Glyphs) -> None:
    examples = list(compose(held_out.take(ROWS), "plain", np.random.default_rng(0)))
    images, shapes, whole = (np.stack(column) for column in zip(*examples, strict=True))
    assert images.shape == (len(examples), 28, 28)
    assert 3 <= whole.sum() < len(examples)
    assert (shapes[whole, 1] > 0.7).all()


def test_the_digits_of_a_line_are_at_the_positions_of_their_ink(held_out: Glyphs) -> None:
    layers = place_glyphs(held_out.take(ROWS).images, 90.0, CONDITIONS["plain"],
                          np.random.default_rng(0)).astype(np.float32)
    ink = layers.max(axis=0)
    line = split_line(ink, find_strokes(ink))
    whole = np.max([part.ink for part in line.parts], axis=0)
    digits = np.max([in_line(layer, line) for layer in layers], axis=0)
    overlap = np.minimum(digits, whole).sum() / np.maximum(digits, whole).sum()
    assert overlap > 0.97  # specks and faint edges differ


def test_fitting_separates_two_classes_and_is_deterministic() -> None:
    features = np.random.default_rng(0).normal(3.0, 2.0, (400, 5)).astype(np.float32)
    whole = features[:, 0] > 3.0
    params, again = (fit(features, whole, 200, seed=1) for _ in range(2))
    jax.tree.map(np.testing.assert_array_equal, params, again)
    np.testing.assert_allclose(params["mean"], features.mean(axis=0), rtol=1e-4)
    predicted = WholenessNetwork().apply({"params": params}, features) > 0
    assert (predicted == whole).mean() > 0.9
