"""Baselines: a glyph of the nearest training writer, and a mean digit with the references' thickness and slant."""

import numpy as np
import pytest
from scipy import ndimage

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs, make_glyphs
from handwriting_gan.evaluation.baselines import (
    LEVELS,
    SLANT,
    THICKNESS,
    NearestWriter,
    ReshapedMean,
    nearest_writer,
    reshaped_mean,
    shear,
    threshold,
)
from handwriting_gan.metrics import morphometrics
from handwriting_gan.metrics.morphometrics import ATTRIBUTES, measure

BAR = np.pad(np.full((20, 4), 255, np.uint8), ((4, 4), (12, 12)))
# Writer 10 wrote rows 0 and 1, writer 20 rows 2 to 4, writer 30 row 5.
WRITERS = [10, 10, 20, 20, 20, 30]
WROTE = [1, 2, 1, 1, 2, 2]
ATTRIBUTE_ROWS = np.array([[-1.0, 0.0], [-3.0, 0.0], [1.0, 0.0], [4.0, 0.0], [1.0, 1.0], [9.0, 9.0]])


@pytest.fixture
def written() -> Glyphs:
    """Every byte of an image is the index of its row."""
    images = np.tile(np.arange(6, dtype=np.uint8)[:, None, None], (SIDE, SIDE))
    return make_glyphs(images, WROTE, WRITERS)


@pytest.fixture
def baseline(written: Glyphs) -> NearestWriter:
    return nearest_writer(written, ATTRIBUTE_ROWS)


@pytest.fixture(scope="module")
def some(glyphs: Glyphs) -> Glyphs:
    """Sixty embedded glyphs of each digit."""
    return glyphs.take(np.arange(len(glyphs.digits)) % 400 < 60)


@pytest.fixture(scope="module")
def measured(some: Glyphs) -> np.ndarray:
    return measure(some.images)


@pytest.fixture(scope="module")
def mean_digits(some: Glyphs, measured: np.ndarray) -> ReshapedMean:
    return reshaped_mean(some, measured)


def returned_row(baseline: NearestWriter, wanted: list[float], digit: int) -> int:
    """The row that the baseline returns for a single reference."""
    return int(baseline.write(np.array([[wanted]]), np.array([digit]))[0, 0, 0])


def test_a_hand_is_the_mean_of_a_writers_glyphs(baseline: NearestWriter) -> None:
    assert baseline.writers.tolist() == [10, 20, 30]
    assert baseline.hands.tolist() == [[-2.0, 0.0], [2.0, pytest.approx(1 / 3)], [9.0, 9.0]]


@pytest.mark.parametrize(("wanted", "digit", "row"), [
    pytest.param([-2.0, 0.0], 1, 0, id="the nearest writer's only 1"),
    pytest.param([0.1, 0.0], 1, 2, id="the nearest writer's nearest 1, although another writer's is equally near"),
    pytest.param([3.5, 0.0], 1, 3, id="the nearest writer's other 1"),
    pytest.param([9.0, 9.0], 2, 5, id="a distant writer"),
    pytest.param([9.0, 9.0], 1, 3, id="a writer without a 1 is skipped"),
])
def test_the_result_is_the_nearest_writers_nearest_glyph_of_the_digit(
        wanted: list[float], digit: int, row: int, baseline: NearestWriter) -> None:
    assert returned_row(baseline, wanted, digit) == row


def test_the_mean_of_the_references_leaves_out_blank_ones(baseline: NearestWriter) -> None:
    references = np.array([[[-5.0, 0.0], [1.0, 0.0], [np.nan, np.nan]],
                           [[9.0, 9.0], [9.0, 9.0], [9.0, 9.0]]])
    found = baseline.write(references, np.array([2, 2]))
    assert found.dtype == np.uint8
    assert found[:, 0, 0].tolist() == [1, 5]


def test_blank_training_glyphs_are_never_returned(written: Glyphs) -> None:
    attributes = ATTRIBUTE_ROWS.copy()
    attributes[5] = np.nan
    baseline = nearest_writer(written, attributes)
    assert baseline.writers.tolist() == [10, 20]
    assert returned_row(baseline, [9.0, 9.0], 2) == 4


@pytest.mark.parametrize("angle", np.deg2rad([-30, -10, 0, 10, 30]))
def test_shearing_an_upright_bar_gives_the_angle_about_its_centre(angle: float) -> None:
    found = dict(zip(ATTRIBUTES, measure(shear(BAR, angle)[None])[0], strict=False))
    assert found["slant"] == pytest.approx(angle, abs=0.02)
    assert found["height"] == pytest.approx(0.98 * 20, abs=0.1)
    assert ndimage.center_of_mass(shear(BAR, angle)) == pytest.approx((13.5, 13.5), abs=0.1)


def test_the_opposite_shear_is_the_inverse() -> None:
    assert np.abs(shear(shear(BAR, 0.3), -0.3).astype(int) - BAR).mean() < 10
    np.testing.assert_array_equal(shear(BAR, 0.0), BAR)


def test_a_cut_keeps_ink_above_its_level() -> None:
    levels = np.linspace(0, 1, SIDE * SIDE).reshape(SIDE, SIDE)
    for level in LEVELS:
        ink = threshold(levels, level)
        assert ink[0, 0] == 0
        assert (np.diff(ink.ravel().astype(int)) >= 0).all()
        assert ink.max() > 240
        assert 100 <= threshold(np.array([level]), level)[0] <= 128


def test_a_higher_level_leaves_less_ink(mean_digits: ReshapedMean) -> None:
    for upright in mean_digits.upright:
        area = [int(threshold(upright, level).sum()) for level in LEVELS]
        assert (np.diff(area) < 0).all()


def test_the_mean_digits_are_upright_and_in_range(mean_digits: ReshapedMean) -> None:
    assert mean_digits.upright.shape == (DIGITS, SIDE, SIDE)
    assert mean_digits.upright.min() == 0.0
    assert 0.5 < mean_digits.upright.max() <= 1.0
    assert np.abs(morphometrics.slant(mean_digits.upright)).max() < np.deg2rad(6)


def test_a_mean_digit_gets_thinner_from_cut_to_cut(mean_digits: ReshapedMean) -> None:
    assert (np.diff(mean_digits.thickness, axis=1) <= 0).all()
    assert (mean_digits.thickness[:, 0] > 2 * mean_digits.thickness[:, -1]).all()


def test_standard_deviations_are_over_the_digits_glyphs_with_ink(
        some: Glyphs, measured: np.ndarray, mean_digits: ReshapedMean) -> None:
    sevens = measured[some.digits == 7, SLANT]
    assert mean_digits.mean[7, SLANT] == pytest.approx(sevens.mean())
    assert mean_digits.deviation[7, SLANT] == pytest.approx(sevens.std())


def written_measures(baseline: ReshapedMean, **attributes: float) -> dict[str, np.ndarray]:
    """Measures `[10]` of all ten written digits, for references with the given attributes and a blank one."""
    references = np.zeros((DIGITS, 3, len(ATTRIBUTES)))
    for name, value in attributes.items():
        references[..., ATTRIBUTES.index(name)] = value
    references[:, 2] = np.nan
    images = baseline.write(references, np.arange(DIGITS))
    assert (images.dtype, images.shape) == (np.uint8, (DIGITS, SIDE, SIDE))
    return dict(zip(ATTRIBUTES, measure(images).T, strict=False))


@pytest.mark.parametrize("deviations", [-1.5, 0.0, 1.5])
def test_a_mean_digit_is_as_slanted_as_the_references(deviations: float, mean_digits: ReshapedMean) -> None:
    wanted = (mean_digits.mean + deviations * mean_digits.deviation)[:, SLANT]
    np.testing.assert_allclose(written_measures(mean_digits, slant=deviations)["slant"], wanted, atol=np.deg2rad(2))


@pytest.mark.parametrize("deviations", [-1.5, 0.0, 1.5])
def test_a_mean_digit_is_as_thick_as_the_references(deviations: float, mean_digits: ReshapedMean) -> None:
    """Approximately: a sheared stroke is thinner than an upright one, a closed loop is thicker."""
    wanted = (mean_digits.mean + deviations * mean_digits.deviation)[:, THICKNESS]
    np.testing.assert_allclose(written_measures(mean_digits, thickness=deviations)["thickness"], wanted, atol=0.5)


def test_thicker_references_give_thicker_mean_digits(mean_digits: ReshapedMean) -> None:
    found = np.array([written_measures(mean_digits, thickness=deviations)["thickness"]
                      for deviations in (-1.0, 0.0, 1.0, 2.0)])
    assert (np.diff(found, axis=0) > 0.05).all()


def test_each_result_is_most_similar_to_its_own_mean_digit(mean_digits: ReshapedMean) -> None:
    images = mean_digits.write(np.zeros((DIGITS, 1, len(ATTRIBUTES))), np.arange(DIGITS)).reshape(DIGITS, -1)
    own = mean_digits.upright.reshape(DIGITS, -1)
    assert np.corrcoef(images, own)[:DIGITS, DIGITS:].argmax(axis=1).tolist() == list(range(DIGITS))


def test_blank_glyphs_are_not_in_the_mean(
        some: Glyphs, measured: np.ndarray, mean_digits: ReshapedMean) -> None:
    blank = Glyphs(np.zeros((1, SIDE, SIDE), np.uint8), *(column[:1] for column in some[1:]))
    glyphs = Glyphs(*(np.concatenate(columns) for columns in zip(some, blank, strict=True)))
    again = reshaped_mean(glyphs, np.concatenate([measured, np.full((1, measured.shape[1]), np.nan)]))
    np.testing.assert_array_equal(again.upright, mean_digits.upright)
    np.testing.assert_array_equal(again.mean, mean_digits.mean)
