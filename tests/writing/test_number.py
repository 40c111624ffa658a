"""Reads a hand from a picture, and writes a number in it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.make_photos import CONDITIONS, compose_scene, compressed
from handwriting_gan.data.glyphs import Glyphs, make_glyphs
from handwriting_gan.data.pictures import save_ink
from handwriting_gan.errors import InputError
from handwriting_gan.writing import number
from handwriting_gan.writing.composition import (
    MAX_PIXELS,
    LineLayout,
    centre_lines,
    compose,
    regular_layout,
    stack_lines,
)
from handwriting_gan.writing.number import (
    FRAMES,
    MAX_DIGITS,
    Hand,
    NoSuchLineError,
    SeveralNumbersError,
    morph_number,
    parse_number,
    read_hand,
    write_number,
)
from handwriting_gan.writing.photo import Page
from handwriting_gan.writing.reading import load_recognisers
from handwriting_gan.writing.segment import Box

ROWS = [250, 730, 330]  # a 2, a 7 and a 3 of the held-out glyphs
HEIGHT = 60
LAYOUT = LineLayout(float(HEIGHT), np.array([0.1, 0.3]), np.array([0.0, 0.05, -0.05]))
RECOGNISERS = load_recognisers()


class Echo:
    """Writes each digit as the reference with index `seed`, and records its arguments."""

    def __init__(self) -> None:
        """Starts without calls."""
        self.calls = []

    def write(self, references: Glyphs, digits: list[int], seed: int, variation: float) -> np.ndarray:
        """Repeats one reference."""
        self.calls.append((digits, seed, variation))
        return np.repeat(references.images[seed % len(references.images)][None], len(digits), axis=0)

    def blend(self, references: Glyphs, others: Glyphs, digits: list[int], weight: float, seed: int,
              variation: float) -> np.ndarray:
        """The weighted mean of the first glyph of each hand."""
        self.calls.append((digits, weight, seed, variation))
        mixed = (1 - weight) * references.images[:1] + weight * others.images[:1]
        return np.repeat(mixed.astype(np.uint8), len(digits), axis=0)


@pytest.fixture
def picture(held_out: Glyphs, tmp_path: Path) -> Path:
    """A scan that reads 273."""
    path = tmp_path / "273.png"
    save_ink(path, compose(held_out.images[ROWS], regular_layout(HEIGHT)), 1)
    return path


@pytest.fixture
def hand(held_out: Glyphs) -> Hand:
    page = Page(np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9), np.float32))
    sure = np.ones(len(ROWS))
    return Hand(held_out.take(ROWS), sure, sure, True, LAYOUT, page, [Box(0, 0, 9, 9)] * len(ROWS))


@pytest.mark.parametrize(("text", "digits"), [
    ("0", [0]),
    ("481", [4, 8, 1]),
    ("007", [0, 0, 7]),
    ("9" * MAX_DIGITS, [9] * MAX_DIGITS),
])
def test_a_number_is_its_digits(text: str, digits: list[int]) -> None:
    assert parse_number(text) == digits


@pytest.mark.parametrize("text", [
    "", "abc", "4.5", "-1", "+1", "1 2", " 7", "12\n",
    "4\uff18\uff11", "\u0663", "\u00b2",  # full-width, Arabic and raised digits
])
def test_other_text_than_a_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a number; give digits only"):
        parse_number(text)


def test_a_number_that_is_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="101 digits; write at most 100"):
        parse_number("1" * (MAX_DIGITS + 1))


def test_the_digits_of_a_picture_are_read_from_left_to_right(picture: Path, held_out: Glyphs) -> None:
    hand = read_hand(picture, RECOGNISERS)
    assert hand.glyphs.digits.tolist() == [2, 7, 3]
    assert hand.is_sure
    assert (hand.confidences > 0.9).all()
    difference = hand.glyphs.images - held_out.images[ROWS].astype(np.float64)
    assert np.abs(difference).mean(axis=(1, 2)).max() < 15.0


def test_the_layout_is_measured_in_the_picture(picture: Path) -> None:
    layout = read_hand(picture, RECOGNISERS).layout
    assert layout.size == pytest.approx(HEIGHT, rel=0.1)
    np.testing.assert_allclose(layout.gaps, regular_layout(HEIGHT).gaps[0], atol=0.07)
    np.testing.assert_allclose(layout.offsets, 0.0, atol=0.07)


@pytest.mark.parametrize("larger", [1, 10])
def test_boxes_are_in_pixels_of_the_photo(larger: int, picture: Path, tmp_path: Path) -> None:
    hand = read_hand(picture, RECOGNISERS)
    page = np.asarray(Image.open(picture))
    for (top, left, bottom, right), box in zip(_boxes(page), hand.boxes, strict=True):
        np.testing.assert_allclose(box, (top, left, bottom, right), atol=2)
    save_ink(tmp_path / "large.png", 255 - page, larger)
    large = read_hand(tmp_path / "large.png", RECOGNISERS)
    np.testing.assert_allclose(np.array(large.boxes), larger * np.array(hand.boxes), atol=3 * larger)
    assert large.layout.size == pytest.approx(larger * hand.layout.size, rel=0.05)


def _boxes(page: np.ndarray) -> list[tuple[int, int, int, int]]:
    """The boxes of the dark digits of a page, separated at empty columns."""
    inked = page < 128
    columns = np.flatnonzero(np.diff(inked.any(axis=0).astype(int), prepend=0, append=0)).reshape(-1, 2)
    rows = [np.flatnonzero(inked[:, left:right].any(axis=1)) for left, right in columns]
    return [(low.min(), left, low.max() + 1, right)
            for low, (left, right) in zip(rows, columns, strict=True)]


def test_given_digits_are_not_read(picture: Path) -> None:
    """The confidence is that of the given digits, so a wrong one has a low confidence."""
    hand = read_hand(picture, RECOGNISERS, reads="278")
    assert hand.glyphs.digits.tolist() == [2, 7, 8]
    assert hand.is_sure
    assert hand.confidences[:2].min() > 0.9
    assert hand.confidences[2] < 0.1


@pytest.mark.parametrize("reads", ["27", "2733", "27333333333333333333333"])
def test_a_wrong_count_of_given_digits_is_refused(reads: str, picture: Path) -> None:
    with pytest.raises(InputError, match=r"does not seem to show \d+ digits; crop it to the number$"):
        read_hand(picture, RECOGNISERS, reads)


@pytest.mark.parametrize("reads", ["", "2a3"])
def test_given_digits_are_checked_before_the_picture(reads: str) -> None:
    with pytest.raises(InputError, match="is not a number"):
        read_hand(Path("absent.png"), RECOGNISERS, reads)


@pytest.fixture
def two_lines(held_out: Glyphs, tmp_path: Path) -> Path:
    """273, and 72 below it."""
    path = tmp_path / "two.png"
    lines = [compose(held_out.images[rows], regular_layout(HEIGHT)) for rows in (ROWS, ROWS[1::-1])]
    save_ink(path, stack_lines(lines), 1)
    return path


def test_one_of_several_numbers_is_chosen_by_its_line(two_lines: Path) -> None:
    assert read_hand(two_lines, RECOGNISERS, line=1).glyphs.digits.tolist() == [2, 7, 3]
    assert read_hand(two_lines, RECOGNISERS, line=2).glyphs.digits.tolist() == [7, 2]


def test_several_numbers_are_refused_without_a_choice(two_lines: Path) -> None:
    with pytest.raises(SeveralNumbersError, match=r"shows 2 numbers; crop it to one$") as refusal:
        read_hand(two_lines, RECOGNISERS)
    assert refusal.value.count == 2
    with pytest.raises(NoSuchLineError, match=r"shows 2 numbers, so there is no line 3; choose one from 1 to 2$"):
        read_hand(two_lines, RECOGNISERS, line=3)


def test_too_many_strokes_are_refused(tmp_path: Path) -> None:
    fence = np.kron(np.resize([0, 255], 6 * MAX_DIGITS + 3).astype(np.uint8), np.ones((20, 2), np.uint8))
    save_ink(tmp_path / "fence.png", np.pad(fence, 9), 1)
    with pytest.raises(InputError, match="301 strokes in a row, too many for a number; crop it"):
        read_hand(tmp_path / "fence.png", RECOGNISERS)


def test_the_reading_of_a_scribble_is_not_sure(tmp_path: Path) -> None:
    walk = np.cumsum(np.random.default_rng(0).normal(0.0, 6.0, (60, 2)), axis=0)
    scribble = np.zeros((200, 300), np.uint8)
    for row, column in (walk - walk.mean(axis=0) + np.array([100, 150])).astype(int):
        scribble[row - 4:row + 4, column - 4:column + 4] = 255
    save_ink(tmp_path / "scribble.png", scribble, 1)
    assert not read_hand(tmp_path / "scribble.png", RECOGNISERS).is_sure


def test_a_photo_in_bad_light_is_read(held_out: Glyphs, tmp_path: Path) -> None:
    scene = compose_scene(held_out.take(ROWS), CONDITIONS["moderate"], np.random.default_rng(3))
    path = tmp_path / "photo.jpg"
    path.write_bytes(compressed(scene.photo, CONDITIONS["moderate"].quality))
    hand = read_hand(path, RECOGNISERS)
    assert hand.glyphs.digits.tolist() == [2, 7, 3]
    assert hand.is_sure


def test_a_number_is_written_by_the_model_in_the_hands_layout(hand: Hand) -> None:
    model = Echo()
    (page,), layout = write_number(model, hand, "4810", seed=3, variation=0.5)
    assert layout == LAYOUT
    assert model.calls == [([4, 8, 1, 0], 3, 0.5)]
    expected = compose(np.repeat(hand.glyphs.images[:1], 4, axis=0), LAYOUT, 0.5, 3)
    np.testing.assert_array_equal(page, expected)


def test_a_written_number_can_be_read(hand: Hand, tmp_path: Path) -> None:
    save_ink(tmp_path / "222.png", *write_number(Echo(), hand, "333")[0], 1)
    assert read_hand(tmp_path / "222.png", RECOGNISERS).glyphs.digits.tolist() == [2, 2, 2]


def test_the_model_does_not_run_for_other_text_than_a_number(hand: Hand) -> None:
    model = Echo()
    with pytest.raises(InputError, match="is not a number"):
        write_number(model, hand, "4,8")
    with pytest.raises(InputError, match="is not a number"):
        morph_number(model, hand, hand, "4,8")
    assert not model.calls


def test_a_hand_holds_valid_glyphs(picture: Path) -> None:
    glyphs = read_hand(picture, RECOGNISERS).glyphs
    remade = make_glyphs(*glyphs)
    assert (remade.images.max(axis=(1, 2)) == 255).all()


def test_tries_have_consecutive_seeds(hand: Hand) -> None:
    one_by_one = [line for seed in (1, 2, 3) for line in write_number(Echo(), hand, "48", seed)[0]]
    for line, expected in zip(write_number(Echo(), hand, "48", seed=1, tries=3)[0], one_by_one, strict=True):
        np.testing.assert_array_equal(line, expected)
    assert not np.array_equal(*one_by_one[:2])


def test_a_morph_starts_in_one_hand_and_ends_in_the_other(hand: Hand, held_out: Glyphs) -> None:
    model, other = Echo(), hand._replace(glyphs=held_out.take([330]))
    frames = morph_number(model, hand, other, "48", seed=5, variation=0.5)
    assert [call[1] for call in model.calls] == pytest.approx(np.linspace(0, 1, FRAMES))
    assert {call[2:] for call in model.calls} == {(5, 0.5)}
    assert len({frame.shape for frame in frames}) == 1
    ends = [compose(np.repeat(each.glyphs.images[:1], 2, axis=0), LAYOUT, 0.5, 5) for each in (hand, other)]
    wider = centre_lines([*ends, frames[0]])
    np.testing.assert_array_equal(frames[0], wider[0])
    np.testing.assert_array_equal(frames[-1], wider[1])


def test_a_tilted_page_is_rotated_before_its_digits_are_read(
        held_out: Glyphs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ruled lines the tilt comes from the digits' bottoms. A single digit would only seem slanted."""
    ink = np.pad(compose(np.concatenate([held_out.images[ROWS]] * 2), regular_layout(HEIGHT)), 60)
    askew = Image.fromarray(255 - ink).rotate(7.0, Image.Resampling.BICUBIC, fillcolor=255)
    askew.save(tmp_path / "askew.png")
    save_ink(tmp_path / "level.png", ink, 1)
    level, rotated = (read_hand(tmp_path / name, RECOGNISERS, reads="273273") for name in ("level.png", "askew.png"))
    monkeypatch.setattr(number, "line_tilt", lambda _: 0.0)
    unrotated = read_hand(tmp_path / "askew.png", RECOGNISERS, reads="273273")
    np.testing.assert_allclose(rotated.layout.offsets, level.layout.offsets, atol=0.06)
    right, wrong = (np.abs(hand.glyphs.images - level.glyphs.images.astype(float)).mean()
                    for hand in (rotated, unrotated))
    assert right < 0.5 * wrong


def test_the_size_is_reduced_where_the_picture_would_be_too_large(hand: Hand) -> None:
    large = hand._replace(layout=regular_layout(2_000.0))
    lines, layout = write_number(Echo(), large, "48", tries=50)
    assert layout.size < 2_000.0
    assert len(lines[0]) == layout.rows
    assert sum(line.size for line in lines) < MAX_PIXELS


def test_strokes_that_are_too_thin_are_refused(tmp_path: Path) -> None:
    hairs = np.zeros((900, 300), np.uint8)
    hairs[50:850, 100:102] = hairs[50:850, 200:202] = 255
    save_ink(tmp_path / "hairs.png", hairs, 1)
    with pytest.raises(InputError, match="too thin for their height; write with a thicker pen"):
        read_hand(tmp_path / "hairs.png", RECOGNISERS)


def test_rotation_keeps_a_number_in_a_corner(held_out: Glyphs, tmp_path: Path) -> None:
    ink = compose(np.concatenate([held_out.images[ROWS]] * 2), regular_layout(40))
    page = Image.new("L", (1_400, 900), 255)
    page.paste(Image.fromarray(255 - ink).rotate(8.0, Image.Resampling.BICUBIC, expand=True, fillcolor=255),
               (0, 0))
    page.save(tmp_path / "corner.png")
    assert read_hand(tmp_path / "corner.png", RECOGNISERS, reads="273273").glyphs.digits.tolist() == [2, 7, 3] * 2
