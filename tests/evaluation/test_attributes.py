"""Attributes of bars whose width and slant are known, and how they follow a change of the ink."""

import numpy as np
import pytest
from scipy import ndimage

from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.evaluation.attributes import NAMES, attributes, correlations, standardise


def bar(width: float = 4.0, angle: float = 0.0, height: int = 20) -> np.ndarray:
    """A bar through the middle, its top moved right by the angle, in radians."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    away = np.abs(columns + rows * np.tan(angle))
    ink = np.clip((width + 1) / 2 - away, 0.0, 1.0) * (np.abs(rows) < height / 2)
    return np.rint(255 * ink).astype(np.uint8)


def values(name: str, *images: np.ndarray) -> np.ndarray:
    """One attribute of each image."""
    return attributes(np.stack(images))[:, NAMES.index(name)]


@pytest.fixture(scope="module")
def some(held_out: Glyphs) -> Glyphs:
    """Six glyphs of each digit."""
    return held_out.take(np.arange(len(held_out.digits)) % 100 < 6)


@pytest.mark.parametrize("width", [2.0, 3.0, 5.0, 8.0])
def test_a_bar_is_as_thick_as_it_was_drawn(width: float) -> None:
    assert values("thickness", bar(width))[0] == pytest.approx(width, abs=0.1)


def test_thickness_follows_the_width_of_a_bar() -> None:
    assert (np.diff(values("thickness", *map(bar, range(2, 10)))) > 0).all()


def test_dilation_thickens_every_glyph(some: Glyphs) -> None:
    dilated = np.stack([ndimage.grey_dilation(image, (3, 3)) for image in some.images])
    thicker = values("thickness", *dilated) - values("thickness", *some.images)
    assert thicker.min() > 0.5


def test_a_picture_full_of_ink_is_thicker_than_a_bar() -> None:
    full = np.full((SIDE, SIDE), 255, np.uint8)
    thickness = values("thickness", bar(8.0), full)
    assert thickness[1] > thickness[0]


@pytest.mark.parametrize("angle", np.deg2rad([-35, -10, 0, 10, 35]))
def test_the_slant_of_a_bar_is_the_angle_of_its_shear(angle: float) -> None:
    assert values("slant", bar(angle=angle))[0] == pytest.approx(angle, abs=0.02)


def test_a_mirror_turns_the_slant_around_and_keeps_the_aspect(some: Glyphs) -> None:
    mirrored = some.images[:, :, ::-1]
    np.testing.assert_allclose(values("slant", *mirrored), -values("slant", *some.images),
                               atol=1e-12)
    np.testing.assert_allclose(values("aspect", *mirrored), values("aspect", *some.images))


def test_a_bars_aspect_is_its_width_over_its_height() -> None:
    assert values("aspect", bar(4.0, height=16))[0] == pytest.approx(4 / 16)


def test_transposing_inverts_the_aspect(some: Glyphs) -> None:
    upright, lying = some.images, some.images.transpose(0, 2, 1)
    np.testing.assert_allclose(values("aspect", *lying), 1 / values("aspect", *upright))


def test_the_place_of_the_ink_does_not_matter() -> None:
    image = bar(3.0, 0.3, height=16)
    moved = np.roll(image, (-4, 5), axis=(0, 1))
    here, there = attributes(np.stack([image, moved]))
    np.testing.assert_allclose(there, here, rtol=0.02)


def test_fainter_ink_is_the_same_hand(some: Glyphs) -> None:
    faint = some.images // 2
    np.testing.assert_allclose(attributes(faint), attributes(some.images), atol=0.15)


def test_a_blank_glyph_has_no_attributes() -> None:
    found = attributes(np.stack([bar(), np.zeros((SIDE, SIDE), np.uint8)]))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_no_glyphs_have_no_rows() -> None:
    assert attributes(np.zeros((0, SIDE, SIDE), np.uint8)).shape == (0, len(NAMES))


def test_a_single_dot_has_all_attributes() -> None:
    dot = np.zeros((SIDE, SIDE), np.uint8)
    dot[10, 10] = 255
    _, slant, aspect = attributes(dot[None])[0]
    assert slant == pytest.approx(0.0)
    assert aspect == 1.0


def test_standardised_reals_have_mean_0_and_deviation_1_within_each_digit(
        rng: np.random.Generator) -> None:
    digits = np.repeat([1, 4, 7], 50)
    reals = rng.normal(digits[:, None], 1 + digits[:, None], (150, len(NAMES)))
    found = standardise(reals, digits, reals, digits)
    for digit in (1, 4, 7):
        np.testing.assert_allclose(found[digits == digit].mean(axis=0), 0.0, atol=1e-12)
        np.testing.assert_allclose(found[digits == digit].std(axis=0), 1.0)


def test_a_value_is_told_in_deviations_from_its_own_digit() -> None:
    """Ones of 1 and 3 have mean 2 and deviation 1, eights of 10 and 14 mean 12 and deviation 2."""
    reals = np.array([[1.0], [10.0], [3.0], [14.0]])
    found = standardise(np.array([[4.0], [8.0]]), np.array([1, 8]), reals, np.array([1, 8, 1, 8]))
    assert found.tolist() == [[2.0], [-2.0]]


def test_one_real_glyph_is_too_few_to_compare_with() -> None:
    reals = np.array([[1.0], [2.0], [3.0]])
    with pytest.raises(ValueError, match="digit 8"):
        standardise(reals, np.array([1, 1, 8]), reals, np.array([1, 1, 8]))


def test_correlation_is_one_with_itself_and_minus_one_with_its_negative(
        rng: np.random.Generator) -> None:
    one = rng.normal(size=(40, len(NAMES)))
    assert correlations(one, 3 * one + 2) == pytest.approx(dict.fromkeys(NAMES, 1.0))
    assert correlations(one, -one) == pytest.approx(dict.fromkeys(NAMES, -1.0))


def test_correlation_is_told_per_attribute(rng: np.random.Generator) -> None:
    one = rng.normal(size=(2_000, len(NAMES)))
    other = rng.normal(size=one.shape)
    other[:, 1] = one[:, 1]
    expected = {"thickness": 0.0, "slant": 1.0, "aspect": 0.0}
    assert correlations(one, other) == pytest.approx(expected, abs=0.1)


def test_blank_glyphs_are_left_out_of_the_correlation(rng: np.random.Generator) -> None:
    one, other = rng.normal(size=(2, 40, len(NAMES)))
    whole = correlations(one, other)
    holes = np.full((3, len(NAMES)), np.nan)
    with_holes = correlations(np.concatenate([one, holes, one[:3]]),
                              np.concatenate([other, other[:3], holes]))
    assert with_holes == pytest.approx(whole)
