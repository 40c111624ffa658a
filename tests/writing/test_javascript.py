"""The page's JavaScript, run by Node, equals Python: networks, reading, outlines, strokes."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from handwriting_gan.data.glyphs import DIGITS, Glyphs, to_bytes, to_network
from handwriting_gan.methods.writer_guided import TEMPERATURE, sample
from handwriting_gan.networks.writer_guided import Beliefs, Gaussian
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.writing.mnist_form import to_mnist_form
from handwriting_gan.writing.web_page import pack_networks
from tests.writing.conftest import GOLDEN, ROWS, Call, as_lists, assert_close

RANGE = 2.0  # of images in networks, -1 to +1
BELIEFS = {"style": "styles", "styleLogPrecisions": "style_log_precisions",
           "latent": "latents", "latentLogPrecisions": "latent_log_precisions"}  # in JavaScript and in Python


@pytest.fixture(scope="module")
def beliefs(random_model: TrainedModel, hand: Glyphs) -> Beliefs:
    return encode(random_model, hand)


def apply(model: TrainedModel, name: str, *inputs: Any) -> Any:
    return model.method.networks[name].apply({"params": model.params[name]}, *inputs)


def encode(model: TrainedModel, hand: Glyphs) -> Beliefs:
    return apply(model, "hand_encoder", to_network(jnp.asarray(hand.images)), hand.digits)


def pool(model: TrainedModel, beliefs: Beliefs, reference_digits: np.ndarray,
         targets: np.ndarray) -> tuple[jax.Array, Gaussian]:
    given = np.ones((len(targets), len(reference_digits)), bool)
    return apply(model, "hand_pooling", beliefs, reference_digits, targets, given)


# Networks.


def test_the_hand_encoder_equals_jax(
        in_node: Call, random_model: TrainedModel, reader: Reader, hand: Glyphs, beliefs: Beliefs) -> None:
    found = in_node("""
        const params = load("weights").unpack(given.model).hand_encoder;
        return given.glyphs.map((glyph, row) => load("network").encodeHand(params, glyph, given.digits[row]));
        """, model=pack_networks(random_model, reader), glyphs=as_lists(hand.images), digits=hand.digits.tolist())
    for name, field in BELIEFS.items():
        assert_close([belief[name] for belief in found], getattr(beliefs, field))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_hand_pooling_equals_jax_for_every_digit(
        in_node: Call, count: int, random_model: TrainedModel, reader: Reader, hand: Glyphs, beliefs: Beliefs) -> None:
    """The hand is 27379: one of two references shows a 7, and two of five do."""
    some = jax.tree.map(lambda array: array[:count], beliefs)
    styles, prior = pool(random_model, some, hand.digits[:count], np.arange(DIGITS))
    plain = [{name: getattr(some, field)[row].tolist() for name, field in BELIEFS.items()} for row in range(count)]
    found = in_node("""
        const params = load("weights").unpack(given.model).hand_pooling;
        return given.targets.map((target) => load("network").poolHand(params, given.beliefs, given.digits, target));
        """, model=pack_networks(random_model, reader), beliefs=plain, digits=hand.digits[:count].tolist(),
        targets=list(range(DIGITS)))
    assert_close([pooled["style"] for pooled in found], styles)
    assert_close([pooled["mean"] for pooled in found], prior.means)
    assert_close([pooled["logVariances"] for pooled in found], prior.log_variances)


def test_the_generator_equals_jax(
        in_node: Call, random_model: TrainedModel, reader: Reader, rng: np.random.Generator) -> None:
    sizes = random_model.config.networks
    styles, latents = (rng.normal(size=(DIGITS, size)).astype(np.float32)
                       for size in (sizes.style_dim, sizes.latent_dim))
    expected = apply(random_model, "generator", np.arange(DIGITS), styles, latents)
    found = in_node("""
        const params = load("weights").unpack(given.model).generator;
        return given.styles.map((style, digit) => (
          load("network").generate(params, digit, style, given.latents[digit]).data));
        """, model=pack_networks(random_model, reader), styles=styles.tolist(), latents=latents.tolist())
    assert_close(found, expected, RANGE)


@pytest.mark.parametrize("variation", [0.0, 0.5])
@pytest.mark.parametrize("name", ["random_model", "released"])
def test_a_try_equals_jax_with_the_same_noise(
        in_node: Call, name: str, variation: float, reader: Reader, hand: Glyphs,
        request: pytest.FixtureRequest) -> None:
    """A number with two 7s, each with its own noise, in a hand with two 7s."""
    model: TrainedModel = request.getfixturevalue(name)
    number = np.array([4, 7, 7])
    styles, prior = pool(model, encode(model, hand), hand.digits, number)
    found = in_node("""
        const params = load("weights").unpack(given.model);
        const { normal, uniforms } = load("random");
        const uniform = uniforms(given.request.seed);
        return { noise: Array.from({ length: given.size }, () => normal(uniform)),
                 images: load("tasks").writeNumber(params, given.request) };
        """, model=pack_networks(model, reader), size=prior.means.size,
        request={"glyphs": as_lists(hand.images), "digits": hand.digits.tolist(), "number": number.tolist(),
                 "seed": 3, "variation": variation})
    noise = variation * TEMPERATURE * np.reshape(found["noise"], prior.means.shape)
    expected = apply(model, "generator", number, styles, sample(prior, noise))
    assert_close(found["images"], to_bytes(expected), 255)


def test_the_digit_classifier_equals_jax(
        in_node: Call, random_model: TrainedModel, reader: Reader, held_out: Glyphs) -> None:
    images = held_out.images[::20]
    found = in_node("""
        const params = load("weights").unpack(given.model).digit_classifier;
        return given.glyphs.map((glyph) => load("network").classify(params, glyph));
        """, model=pack_networks(random_model, reader), glyphs=as_lists(images))
    assert_close(found, reader.probabilities(images))


def test_random_numbers_are_standard_normal(in_node: Call) -> None:
    found = np.array(in_node("""
        const { normal, uniforms } = load("random");
        return [0, 1, 2].map((seed) => {
          const uniform = uniforms(seed);
          return Array.from({ length: 20000 }, () => normal(uniform));
        });
        """))
    assert found.mean(axis=1) == pytest.approx(0.0, abs=0.03)
    np.testing.assert_allclose(np.cov(found), np.eye(3), atol=0.04)  # different seeds are independent
    assert (found**4).mean() == pytest.approx(3.0, abs=0.15)


# Reading.


@pytest.mark.parametrize("name", [
    "picture", "scan", "large", "light_on_dark", "broken_five", "noisy", "tiny"])
def test_reading_a_clean_picture_equals_python(in_node: Call, name: str) -> None:
    """The golden file holds results of photo.to_ink, segment.py and mnist_form.py as of commit ad0cdcb."""
    with np.load(GOLDEN) as golden:
        grey, ink, boxes, glyphs = (golden[f"{name}/{part}"] for part in ("grey", "ink", "boxes", "glyphs"))
    found = in_node("""
        const { findDigits, toInk, toMnistForm } = load("reading");
        const ink = toInk({ ...given, data: Float32Array.from(given.levels, (level) => level / 255) });
        return { ink: ink.data, pieces: findDigits(ink).map(({ box, ink }) => (
          { box: [box.top, box.left, box.bottom, box.right], glyph: toMnistForm(ink) })) };
        """, height=grey.shape[0], width=grey.shape[1], levels=grey.ravel().tolist())
    np.testing.assert_allclose(255 * np.array(found["ink"]), ink.ravel(), atol=0.501)
    assert [piece["box"] for piece in found["pieces"]] == boxes.tolist()
    assert [piece["glyph"] for piece in found["pieces"]] == as_lists(glyphs)


def test_mnists_form_equals_python_for_any_size(in_node: Call, rng: np.random.Generator) -> None:
    """Levels may differ by one, because the order of sums differs."""
    inks = [np.pad(rng.uniform(size=(height, width)).astype(np.float32), 2)
            for height, width in ((1, 1), (3, 9), (19, 8), (20, 20), (21, 13), (64, 30), (7, 90))]
    planes = [{"height": ink.shape[0], "width": ink.shape[1], "data": ink.ravel().tolist()} for ink in inks]
    found = in_node("""
        const { toMnistForm } = load("reading");
        return given.planes.map((plane) => toMnistForm({ ...plane, data: Float32Array.from(plane.data) }));
        """, planes=planes)
    expected = [to_mnist_form(ink).ravel().astype(float) for ink in inks]
    np.testing.assert_allclose(found, expected, atol=1)


def test_grey_levels_equal_pillows(in_node: Call, rng: np.random.Generator) -> None:
    colours = rng.integers(0, 256, (20, 30, 3), np.uint8)
    pixels = np.dstack([colours, np.full((20, 30), 255, np.uint8)])
    found = in_node("""
        return load("reading").toGrey({ ...given, pixels: Uint8Array.from(given.pixels) }).data;
        """, pixels=pixels.ravel().tolist(), width=30, height=20)
    grey = np.asarray(Image.fromarray(colours).convert("L"), np.float32) / 255
    np.testing.assert_array_equal(np.float32(found), grey.ravel())


@pytest.mark.parametrize("levels", [
    np.full((9, 9), 0.5),
    np.linspace(0.5, 0.6, 81).reshape(9, 9),
    np.pad(np.zeros((40, 40)), 1, constant_values=1.0),
], ids=["flat", "faint", "black but for its border"])
def test_a_picture_without_ink_is_refused(in_node: Call, levels: np.ndarray) -> None:
    message = in_node("""
        try {
          return load("reading").toInk({ ...given, data: Float32Array.from(given.data) });
        } catch (error) {
          return error.message;
        }
        """, height=levels.shape[0], width=levels.shape[1], data=levels.ravel().tolist())
    assert message.startswith("no ink stands out in the picture; it should show dark writing on light paper")


# Outlines.


def traced(in_node: Call, levels: np.ndarray) -> list[np.ndarray]:
    """Loops of points `[n, 2]`."""
    loops = in_node('return load("outlines").trace({ ...given, data: Float32Array.from(given.data) });',
                    height=levels.shape[0], width=levels.shape[1], data=levels.ravel().tolist())
    return [np.array(loop) for loop in loops]


def area(loop: np.ndarray) -> float:
    """The signed area of a loop; the sign depends on its direction."""
    x, y = loop.T
    return float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() / 2)


def ring() -> np.ndarray:
    rows, columns = np.indices((40, 40))
    return np.clip((4.5 - np.abs(np.hypot(rows - 19.5, columns - 19.5) - 11)) * 255, 0, 255)


def test_the_two_outlines_of_a_ring_enclose_its_ink(in_node: Call) -> None:
    levels = ring()
    outer, inner = sorted((area(loop) for loop in traced(in_node, levels)), key=abs, reverse=True)
    assert outer * inner < 0  # the hole has the opposite direction
    assert abs(outer + inner) == pytest.approx(levels.sum() / 255, rel=0.03)


def test_outlines_are_closed_and_have_small_steps(in_node: Call, rng: np.random.Generator) -> None:
    """Noise contains every kind of cell, also those with two opposite corners of ink."""
    loops = traced(in_node, np.pad(rng.uniform(0, 255, (30, 30)), 1))
    assert len(loops) > 10
    for loop in loops:
        steps = np.hypot(*(np.roll(loop, -1, axis=0) - loop).T)
        assert len(loop) >= 4
        assert steps.max() < 1.5


@pytest.mark.parametrize(("middle", "count"), [(0, 2), (200, 1)])
def test_the_mean_level_connects_opposite_corners(in_node: Call, middle: int, count: int) -> None:
    levels = np.zeros((6, 6))
    levels[2, 2] = levels[3, 3] = 130 + middle / 2
    assert len(traced(in_node, levels)) == count


def test_the_path_of_a_line_is_inside_its_box(in_node: Call, held_out: Glyphs) -> None:
    line = in_node('return load("outlines").lineOutline(given.glyphs.map((glyph) => Uint8Array.from(glyph)));',
                   glyphs=as_lists(held_out.images[ROWS]))
    assert re.fullmatch(r"(M[-\d. ]+(Q[-\d. ]+)+Z)+", line["path"])
    points = np.array(re.findall(r"-?[\d.]+", line["path"]), float).reshape(-1, 2)
    assert points.min() > 2
    assert (points.max(axis=0) < [line["width"] - 2, line["height"] - 2]).all()
    assert 20 < line["height"] < 32


def test_a_glyph_without_ink_has_an_empty_path(in_node: Call) -> None:
    line = in_node('return load("outlines").lineOutline([new Uint8Array(784)]);')
    assert line["path"] == ""


# Strokes.


def test_a_stroke_joins_its_ends_and_starts_a_path_where_its_width_changes(in_node: Call) -> None:
    points = [(0.0, 0.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 2)]
    curves = in_node('return load("strokes").curves(given.stroke);',
                     stroke=[{"x": x, "y": y, "width": width} for x, y, width in points])
    assert [curve["from"] for curve in curves[1:]] == [curve["to"] for curve in curves[:-1]]
    assert [(end["x"], end["y"]) for end in (curves[0]["from"], curves[-1]["to"])] == [(0, 0), (1, 1)]
    assert [curve["begins"] for curve in curves] == [True, False, True]
    assert [curve["ends"] for curve in curves] == [False, True, True]


def test_only_a_pens_pressure_changes_the_width(in_node: Call) -> None:
    pad, event = {"left": 10, "top": 20, "width": 200}, {"clientX": 110, "clientY": 70}
    points = in_node('return given.events.map((event) => load("strokes").pointOf(event, given.pad, 0.02));',
                     pad=pad, events=[event | {"pointerType": kind, "pressure": pressure} for kind, pressure
                                      in (("mouse", .5), ("touch", 1), ("pen", 0), ("pen", .2), ("pen", 1))])
    assert {(point["x"], point["y"]) for point in points} == {(0.5, 0.25)}
    mouse, touch, unknown, light, heavy = (point["width"] for point in points)
    assert mouse == touch == unknown == 0.02
    assert light < 0.02 < heavy
