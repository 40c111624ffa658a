"""Morphometrics of known strokes, their laws, and reference values."""

import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import skeletonize

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.metrics import morphometrics
from handwriting_gan.metrics.bootstrap import TooFewError
from handwriting_gan.metrics.morphometrics import (
    ATTRIBUTES,
    COLUMNS,
    SCALE,
    TRAITS,
    enlarge,
    holes,
    length,
    measure,
    middle_ends,
    standardiser,
    thickness,
    traits,
)

FIRST_OF_MNIST = 500  # row of the embedded test set: the 5 that MNIST's training set begins with
BOXED = 0.98  # fraction of a bar's ink between the sides of its box
BLANK = np.zeros((SIDE, SIDE), np.uint8)
FULL = np.full((SIDE, SIDE), 255, np.uint8)


def bar(width: float = 4.0, angle: float = 0.0, height: int = 20) -> np.ndarray:
    """A bar through the centre that leans right by an angle in radians."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    away = np.abs(columns + rows * np.tan(angle))
    ink = np.clip((width + 1) / 2 - away, 0.0, 1.0) * (np.abs(rows) < height / 2)
    return np.rint(255 * ink).astype(np.uint8)


def block(height: int, width: int) -> np.ndarray:
    """A rectangle of full pixels, not in the centre."""
    return np.pad(np.full((height, width), 255, np.uint8), ((3, SIDE - 3 - height), (10, SIDE - 10 - width)))


def strokes(*lines: list[tuple[float, float]], width: float = 2.5) -> np.ndarray:
    """Strokes through the given (row, column) points."""
    positions = np.moveaxis(np.mgrid[:SIDE, :SIDE].astype(float), 0, -1)
    distances = np.full((SIDE, SIDE), np.inf)
    for line in lines:
        for start, end in zip(np.array(line)[:-1], np.array(line)[1:], strict=True):
            along = np.clip((positions - start) @ (end - start) / np.sum((end - start) ** 2), 0, 1)
            nearest = start + along[..., None] * (end - start)
            distances = np.minimum(distances, np.linalg.norm(positions - nearest, axis=-1))
    return np.rint(255 * np.clip((width + 1) / 2 - distances, 0, 1)).astype(np.uint8)


SEVEN = [(5.0, 8.0), (5.0, 19.0), (23.0, 12.0)]
RING = strokes([(6, 9), (6, 19), (22, 19), (22, 9), (6, 9)])
EIGHT = strokes([(5, 9), (5, 19), (23, 19), (23, 9), (5, 9)], [(14, 9), (14, 19)])
PLAIN_SEVEN = strokes(SEVEN)
BARRED_SEVEN = strokes(SEVEN, [(14, 9), (14, 22)])
TICKED_SEVEN = strokes(SEVEN, [(14, 16), (14, 22)])


def values(name: str, *images: np.ndarray) -> np.ndarray:
    """One column of each image."""
    return measure(np.stack(images))[:, COLUMNS.index(name)]


def named(found: np.ndarray) -> dict[str, np.ndarray]:
    """The measures of a glyph `[9]` or of glyphs `[N, 9]`, by name."""
    return dict(zip(COLUMNS, found.T, strict=True))


@pytest.fixture(scope="module")
def some(held_out: Glyphs) -> Glyphs:
    """Six glyphs of each digit."""
    return held_out.take(np.arange(len(held_out.digits)) % 100 < 6)


@pytest.fixture(scope="module")
def measured(some: Glyphs) -> np.ndarray:
    return measure(some.images)


def test_all_measures_of_a_bar() -> None:
    """The area is 4 x 20; the skeleton ends half a thickness before the bar; the box leaves out 2 % of the ink."""
    found = named(measure(bar(4.0)[None])[0])
    assert found == pytest.approx({
        "area": 80.0, "length": 16.0, "thickness": 4.0, "slant": 0.0, "width": BOXED * 4,
        "height": BOXED * 20, "aspect": 4 / 20, "holes": 0, "middle ends": 0}, rel=0.03)


@pytest.mark.parametrize("width", [2.0, 3.0, 5.0, 8.0])
def test_thickness_and_area_of_a_bar(width: float) -> None:
    assert values("thickness", bar(width))[0] == pytest.approx(width, abs=0.05)
    assert values("area", bar(width))[0] == pytest.approx(20 * width, rel=0.02)


@pytest.mark.parametrize(("height", "width"), [(9, 2), (12, 3), (15, 4), (20, 5)])
def test_length_height_and_width_of_a_rectangle(height: int, width: int) -> None:
    found = named(measure(block(height, width)[None])[0])
    assert (found["height"], found["width"]) == pytest.approx((BOXED * height, BOXED * width))
    assert found["length"] == pytest.approx(height - width, abs=0.5)


def test_thickness_area_and_width_follow_the_width_of_a_bar() -> None:
    for name in ("thickness", "area", "width", "aspect"):
        assert (np.diff(values(name, *map(bar, range(2, 10)))) > 0).all()


def test_dilation_thickens_every_glyph(some: Glyphs, measured: np.ndarray) -> None:
    dilated = np.stack([ndimage.grey_dilation(image, (3, 3)) for image in some.images])
    grown = named(measure(dilated) - measured)
    assert grown["thickness"].min() > 0.5
    assert grown["area"].min() > 10
    assert grown["width"].min() > 0
    assert grown["height"].min() > 0


def test_area_and_thickness_of_an_image_full_of_ink() -> None:
    assert values("area", FULL)[0] == pytest.approx(SIDE**2, rel=0.01)
    assert values("thickness", FULL)[0] == pytest.approx(SIDE, rel=0.01)


@pytest.mark.parametrize("angle", np.deg2rad([-35, -10, 0, 10, 35]))
def test_the_slant_of_a_bar_is_the_angle_of_its_shear(angle: float) -> None:
    assert values("slant", bar(angle=angle))[0] == pytest.approx(angle, abs=0.02)


@pytest.mark.parametrize("angle", np.deg2rad([-35, -10, 10, 35]))
def test_a_box_is_sheared_with_its_bar(angle: float) -> None:
    """An unsheared box around a bar at 35 degrees would be 14 pixels wider."""
    assert values("width", bar(4.0, angle))[0] == pytest.approx(4.0, abs=1.0)
    assert values("height", bar(4.0, angle))[0] == pytest.approx(BOXED * 20)


@pytest.mark.parametrize("shear", [-0.25, 0.1, 0.25])
def test_shearing_a_glyph_adds_to_the_tangent_of_its_slant(
        shear: float, some: Glyphs, measured: np.ndarray) -> None:
    middle = (SIDE - 1) / 2
    sheared = np.stack([ndimage.affine_transform(image, [[1, 0], [shear, 1]], [0, -shear * middle], order=1)
                        for image in some.images])
    tangents = np.tan(measured[:, COLUMNS.index("slant")])
    np.testing.assert_allclose(np.tan(values("slant", *sheared)), tangents + shear, atol=0.02)


def test_a_mirror_negates_the_slant_and_keeps_the_rest(some: Glyphs, measured: np.ndarray) -> None:
    mirrored = named(measure(some.images[:, :, ::-1]))
    expected = named(measured)
    np.testing.assert_allclose(mirrored["slant"], -expected["slant"], atol=1e-12)
    for name in ("area", "width", "height", "aspect", "holes"):
        np.testing.assert_allclose(mirrored[name], expected[name])
    for name in ("length", "thickness"):
        np.testing.assert_allclose(mirrored[name], expected[name], rtol=0.1)


def test_a_horizontal_bar_has_the_inverse_aspect() -> None:
    for width in (2.0, 5.0, 8.0):
        assert values("aspect", bar(width).T) == pytest.approx(1 / values("aspect", bar(width)))


def test_measures_are_invariant_to_translation() -> None:
    image = bar(3.0, 0.3, height=16)
    here, there = measure(np.stack([image, np.roll(image, (-4, 5), axis=(0, 1))]))
    np.testing.assert_allclose(there, here, rtol=1e-6)


def test_ink_at_the_border_has_the_same_measures() -> None:
    image = bar(4.0, height=16)
    here, there = measure(np.stack([image, np.roll(image, (-6, 12), axis=(0, 1))]))
    np.testing.assert_allclose(there, here, rtol=0.02, atol=1e-9)


def test_fainter_ink_has_the_same_measures(some: Glyphs, measured: np.ndarray) -> None:
    faint = measure(some.images // 2)
    for column in map(COLUMNS.index, ATTRIBUTES):
        np.testing.assert_allclose(faint[:, column], measured[:, column], rtol=0.06, atol=0.02)


def test_a_distant_speck_does_not_change_the_box() -> None:
    dusty = bar(4.0)
    dusty[13, 2] = 100
    clean, found = measure(np.stack([bar(4.0), dusty]))[:, [4, 5]]
    np.testing.assert_allclose(found, clean, rtol=0.02)


def test_extreme_dashes_have_finite_measures() -> None:
    """A dash with a break in the middle: half a row up over 7 columns."""
    dash = BLANK.copy()
    dash[2, :14] = dash[3, 14:] = 255
    found = measure(np.stack([dash, dash[::-1], block(1, 14)]))
    np.testing.assert_allclose(found[:, COLUMNS.index("slant")], [-np.arctan(14), np.arctan(14), 0])
    np.testing.assert_allclose(found[:, COLUMNS.index("height")], BOXED * np.array([2, 2, 1]))


def test_a_dot_has_all_measures() -> None:
    dot = BLANK.copy()
    dot[10, 10] = 255
    found = named(measure(dot[None])[0])
    assert (found["area"], found["slant"], found["aspect"]) == pytest.approx((1.0, 0.0, 1.0))
    assert np.isfinite(list(found.values())).all()


def test_a_blank_glyph_has_no_measures() -> None:
    found = measure(np.stack([bar(), BLANK]))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


def test_only_blank_glyphs_have_no_measures() -> None:
    assert np.isnan(measure(np.stack([BLANK, BLANK]))).all()


def test_zero_glyphs_give_zero_rows() -> None:
    assert measure(np.zeros((0, SIDE, SIDE), np.uint8)).shape == (0, len(COLUMNS))


def test_measures_do_not_depend_on_other_glyphs(
        some: Glyphs, measured: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(morphometrics, "CHUNK", 7)
    np.testing.assert_allclose(measure(some.images), measured, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(measure(some.images[33:34]), measured[33:34], rtol=1e-9, atol=1e-12)


def test_enlarging_keeps_the_position_of_an_edge() -> None:
    inked = enlarge(np.repeat([[255.0] * 14 + [0.0] * 14], SIDE, axis=0)[None])[0] > 255 / 2
    within = inked[SCALE:-SCALE, SCALE:]
    assert within[:, :13 * SCALE].all()
    assert not within[:, 13 * SCALE:].any()


def test_a_skeletons_length_is_the_sum_of_its_steps() -> None:
    """Three steps down and three across, a quarter of a pixel each."""
    skeleton = np.zeros((1, 10, 10), bool)
    skeleton[0, [1, 2, 3, 4, 5, 6, 7], [1, 1, 1, 1, 2, 3, 4]] = True
    assert length(skeleton) == pytest.approx([(3 + 3 * np.sqrt(2)) / SCALE])


def test_cropping_to_the_ink_does_not_change_the_measures(some: Glyphs) -> None:
    ink = np.pad(enlarge(some.images.astype(float)) > 100, ((0, 0), (1, 1), (1, 1)))
    skeleton = np.array([skeletonize(glyph) for glyph in ink])
    whole = [ndimage.distance_transform_edt(glyph)[bones].mean()
             for glyph, bones in zip(ink, skeleton, strict=True)]
    np.testing.assert_array_equal(thickness(ink, skeleton), 2 * np.array(whole) / SCALE)
    wider = np.pad(ink, ((0, 0), (9, 3), (2, 30)))
    np.testing.assert_array_equal(holes(wider), holes(ink))
    assert holes(np.zeros((2, 9, 9), bool)).tolist() == [0, 0]


def test_holes_are_counted() -> None:
    assert values("holes", RING, bar(), EIGHT, RING, PLAIN_SEVEN).tolist() == [1, 0, 2, 1, 0]


def test_a_broken_ring_has_no_hole() -> None:
    broken = RING.copy()
    broken[:12, 12:16] = 0
    assert values("holes", broken)[0] == 0


@pytest.mark.parametrize(("cells", "count"), [(1, 0), (7, 0), (8, 1), (20, 1)])
def test_a_hole_of_less_than_half_a_pixel_does_not_count(cells: int, count: int) -> None:
    """Half a pixel is 8 of the 16 cells of an enlarged pixel."""
    ink = np.pad(np.ones((10, 24), bool), 1)[None]
    ink[0, 5, 2:2 + cells] = False
    assert holes(ink).tolist() == [count]


def test_paper_is_not_connected_diagonally() -> None:
    rows, columns = np.mgrid[-10:11, -10:11]
    diamond = (np.abs(rows) + np.abs(columns) == 8)[None]
    assert holes(diamond).tolist() == [1]


def test_a_sevens_bar_has_two_ends_in_the_middle() -> None:
    assert values("middle ends", BARRED_SEVEN, TICKED_SEVEN, PLAIN_SEVEN).tolist() == [2, 1, 0]


def test_only_ends_in_the_middle_count() -> None:
    """The middle of rows 0 to 10 is between 3 and 8."""
    skeletons = np.zeros((11, 13, 9), bool)
    skeletons[:, 1:12, 4] = True
    for row in range(11):
        skeletons[row, row + 1, 4:7] = True
    assert middle_ends(skeletons).tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0]


def test_traits_of_known_glyphs() -> None:
    measured = measure(np.stack([RING, bar(), BARRED_SEVEN, TICKED_SEVEN]))
    for digit, name, expected in ((4, "closed 4", [1, 0, 0, 0]), (2, "looped 2", [1, 0, 0, 0]),
                                  (7, "barred 7", [0, 0, 1, 0])):
        found = traits(measured, np.full(4, digit))
        assert found[:, list(TRAITS).index(name)].tolist() == expected
        assert np.isnan(found).sum(axis=1).tolist() == [2] * 4


def test_other_digits_and_blank_glyphs_have_no_traits() -> None:
    others = np.array([0, 1, 3, 5, 6, 8, 9])
    assert np.isnan(traits(measure(np.stack([EIGHT] * 7)), others)).all()
    assert np.isnan(traits(measure(np.stack([BLANK] * 3)), np.array([2, 4, 7]))).all()


def test_standardised_reals_have_mean_0_and_standard_deviation_1_within_each_digit(rng: np.random.Generator) -> None:
    digits = np.repeat(np.arange(DIGITS), 50)
    reals = rng.normal(digits[:, None], 1 + digits[:, None], (500, len(ATTRIBUTES)))
    found = standardiser(reals, digits)(reals, digits).reshape(DIGITS, 50, -1)
    np.testing.assert_allclose(found.mean(axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(found.std(axis=1), 1.0)


def test_a_value_is_standardised_by_its_own_digit() -> None:
    """The reals of digit d are 10 d - 2, 10 d + 2 and a blank glyph: mean 10 d, standard deviation 2."""
    digits = np.tile(np.arange(DIGITS), 3)
    reals = np.concatenate([10.0 * digits[:20] + np.repeat([-2, 2], DIGITS), np.full(DIGITS, np.nan)])
    standardise = standardiser(reals[:, None], digits)
    assert standardise(np.array([[14.0], [76.0]]), np.array([1, 8])).tolist() == [[2.0], [-2.0]]
    assert np.isnan(standardise(np.array([[np.nan]]), np.array([3]))).all()


def test_a_digit_with_one_real_glyph_is_refused(rng: np.random.Generator) -> None:
    digits = np.tile(np.arange(DIGITS), 2)
    reals = rng.normal(size=(20, 3))
    with pytest.raises(TooFewError, match="fewer than two"):
        standardiser(reals[:-1], digits[:-1])
    reals[-1, 0] = np.nan
    with pytest.raises(TooFewError, match="fewer than two"):
        standardiser(reals, digits)


def test_constant_reals_are_refused(rng: np.random.Generator) -> None:
    reals = rng.normal(size=(20, 3))
    reals[[4, 14], 1] = 0.5
    with pytest.raises(TooFewError, match="vary"):
        standardiser(reals, np.tile(np.arange(DIGITS), 2))


def test_reference_values_of_the_embedded_glyphs(held_out: Glyphs) -> None:
    """Values with scikit-image 0.26.0 and scipy 1.17.1; other versions can differ."""
    found = measure(held_out.images[[0, 200, 450, 700, 805]])
    np.testing.assert_allclose(found, [
        [122.1250, 52.07716, 2.43578, 0.33426, 15.17106, 19.25148, 0.78805, 1, 0],
        [116.1875, 56.55204, 2.31561, 0.30369, 17.94970, 16.23570, 1.10557, 1, 0],
        [84.37500, 39.11701, 2.50365, 0.05379, 10.84339, 19.10887, 0.56745, 0, 2],
        [99.75000, 35.81676, 2.66651, 0.29597, 13.92737, 19.13796, 0.72774, 0, 0],
        [134.4375, 48.97361, 3.07289, 0.13307, 10.55087, 18.82950, 0.56034, 2, 0]], rtol=1e-3, atol=1e-9)


def test_mnists_first_glyph_has_the_values_of_morpho_mnist(held_out: Glyphs) -> None:
    """Their skeleton is a medial axis, whose spurs make it longer."""
    found = named(measure(held_out.images[[FIRST_OF_MNIST]])[0])
    published = {"area": 107.3, "thickness": 2.46, "slant": 0.231, "width": 14.5, "height": 19.8}
    assert {name: found[name] for name in published} == pytest.approx(published, rel=0.02)
    assert found["length"] == pytest.approx(50.3, rel=0.08)
