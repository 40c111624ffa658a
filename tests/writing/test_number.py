"""From a picture to a hand, and from a hand to a number."""

from pathlib import Path

import numpy as np
import pytest

from handwriting_gan.data.glyphs import DIGITS, Glyphs, make_glyphs
from handwriting_gan.data.pictures import save_ink
from handwriting_gan.errors import InputError
from handwriting_gan.writing.composition import centre, compose, stack
from handwriting_gan.writing.number import (
    FRAMES,
    MOST_DIGITS,
    Hand,
    morph_number,
    parse_number,
    read_hand,
    write_number,
)

CERTAINTY = 0.91
ROWS = [250, 730, 310]  # a 2, a 7 and a 3 of the held-out glyphs
HEIGHT = 60


class NearestReader:
    """Reads a glyph as the digit of the known glyph that is nearest to it."""

    def __init__(self, known: Glyphs) -> None:
        """Learns the glyphs by heart."""
        self.known = known

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """`CERTAINTY` for the digit read, the rest for the others."""
        gaps = [np.abs(self.known.images - image.astype(np.float32)).sum(axis=(1, 2))
                for image in images]
        digits = self.known.digits[np.argmin(gaps, axis=1)]
        rest = (1 - CERTAINTY) / (DIGITS - 1)
        return np.where(np.eye(DIGITS, dtype=bool)[digits], CERTAINTY, rest)


class Echo:
    """Writes any digit as the glyph of the hand at the seed's place, and remembers what it was asked."""

    def __init__(self) -> None:
        """Was not asked yet."""
        self.asked = []

    def write(self, references: Glyphs, digits: list[int], seed: int, variation: float) -> np.ndarray:
        """One glyph, again and again."""
        self.asked.append((digits, seed, variation))
        return np.repeat(references.images[seed % len(references.images)][None], len(digits), axis=0)

    def blend(self, references: Glyphs, others: Glyphs, digits: list[int], share: float, seed: int,
              variation: float) -> np.ndarray:
        """As much ink of either's first glyph as its share."""
        self.asked.append((digits, share, seed, variation))
        mixed = (1 - share) * references.images[:1] + share * others.images[:1]
        return np.repeat(mixed.astype(np.uint8), len(digits), axis=0)


@pytest.fixture(scope="module")
def reader(held_out: Glyphs) -> NearestReader:
    return NearestReader(held_out)


@pytest.fixture
def picture(held_out: Glyphs, tmp_path: Path) -> Path:
    """A scan that reads 273."""
    path = tmp_path / "273.png"
    save_ink(path, compose(held_out.images[ROWS], HEIGHT), 1)
    return path


@pytest.fixture
def hand(held_out: Glyphs) -> Hand:
    return Hand(held_out.take(ROWS), np.ones(len(ROWS)), float(HEIGHT))


@pytest.mark.parametrize(("text", "digits"), [
    ("0", [0]),
    ("481", [4, 8, 1]),
    ("007", [0, 0, 7]),
    ("9" * MOST_DIGITS, [9] * MOST_DIGITS),
])
def test_a_number_is_its_digits(text: str, digits: list[int]) -> None:
    assert parse_number(text) == digits


@pytest.mark.parametrize("text", [
    "", "abc", "4.5", "-1", "+1", "1 2", " 7", "12\n",
    "4\uff18\uff11", "\u0663", "\u00b2",  # full-width, Arabic and raised digits
])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no number; give digits only"):
        parse_number(text)


def test_a_number_that_is_too_long_is_refused() -> None:
    with pytest.raises(InputError, match="101 digits; write at most 100"):
        parse_number("1" * (MOST_DIGITS + 1))


def test_the_digits_of_a_picture_are_read_from_left_to_right(
        picture: Path, reader: NearestReader, held_out: Glyphs) -> None:
    hand = read_hand(picture, reader)
    assert hand.glyphs.digits.tolist() == [2, 7, 3]
    assert hand.confidences == pytest.approx([CERTAINTY] * 3)
    difference = hand.glyphs.images - held_out.images[ROWS].astype(np.float64)
    assert np.abs(difference).mean(axis=(1, 2)).max() < 15.0


def test_the_height_is_the_digits(picture: Path, reader: NearestReader) -> None:
    assert read_hand(picture, reader).height == pytest.approx(HEIGHT, rel=0.1)


def test_the_height_of_unequal_digits_is_the_median(reader: NearestReader, tmp_path: Path) -> None:
    bars = np.zeros((120, 80), np.uint8)
    for left, height in ((10, 30), (30, 100), (50, 42)):
        bars[10:10 + height, left:left + 8] = 255
    save_ink(tmp_path / "bars.png", bars, 1)
    assert read_hand(tmp_path / "bars.png", reader).height == 42


def test_who_is_told_does_not_read(picture: Path, reader: NearestReader) -> None:
    """The confidence is that of the digits told, so a false word shows."""
    hand = read_hand(picture, reader, reads="278")
    assert hand.glyphs.digits.tolist() == [2, 7, 8]
    assert hand.confidences == pytest.approx([CERTAINTY, CERTAINTY, (1 - CERTAINTY) / 9])


@pytest.mark.parametrize("reads", ["27", "2733"])
def test_another_count_than_told_is_refused(reads: str, picture: Path,
                                            reader: NearestReader) -> None:
    with pytest.raises(InputError, match=f"shows 3 separate digits, but --reads {reads} has"):
        read_hand(picture, reader, reads)


@pytest.mark.parametrize("reads", ["", "2a3"])
def test_who_is_told_no_number_does_not_look(reads: str, reader: NearestReader) -> None:
    with pytest.raises(InputError, match="is no number"):
        read_hand(Path("absent.png"), reader, reads)


def test_a_picture_of_more_strokes_than_a_number_has_is_refused(
        reader: NearestReader, tmp_path: Path) -> None:
    fence = np.kron(np.resize([0, 255], 2 * MOST_DIGITS + 3).astype(np.uint8),
                    np.ones((20, 3), np.uint8))
    save_ink(tmp_path / "fence.png", np.pad(fence, 9), 1)
    with pytest.raises(InputError, match="shows 101 separate strokes, which is no number"):
        read_hand(tmp_path / "fence.png", reader)


def test_a_number_is_written_by_the_model_at_the_hands_height(hand: Hand) -> None:
    model = Echo()
    page = write_number(model, hand, "4810", seed=3, variation=0.5)
    assert model.asked == [([4, 8, 1, 0], 3, 0.5)]
    expected = compose(np.repeat(hand.glyphs.images[:1], 4, axis=0), HEIGHT)
    np.testing.assert_array_equal(page, expected)


def test_what_was_written_can_be_read_again(
        hand: Hand, reader: NearestReader, tmp_path: Path) -> None:
    save_ink(tmp_path / "222.png", write_number(Echo(), hand, "333"), 1)
    again = read_hand(tmp_path / "222.png", reader)
    assert again.glyphs.digits.tolist() == [2, 2, 2]


def test_the_model_is_not_asked_for_what_is_no_number(hand: Hand) -> None:
    model = Echo()
    with pytest.raises(InputError, match="is no number"):
        write_number(model, hand, "4,8")
    with pytest.raises(InputError, match="is no number"):
        morph_number(model, hand, hand, "4,8")
    assert not model.asked


def test_a_hand_is_of_real_glyphs(picture: Path, reader: NearestReader) -> None:
    glyphs = read_hand(picture, reader).glyphs
    remade = make_glyphs(*glyphs)
    assert (remade.images.max(axis=(1, 2)) == 255).all()


def test_tries_are_those_of_the_next_seeds_one_below_the_other(hand: Hand) -> None:
    one_by_one = [write_number(Echo(), hand, "48", seed) for seed in (1, 2, 3)]
    np.testing.assert_array_equal(write_number(Echo(), hand, "48", seed=1, tries=3), stack(one_by_one))
    assert not np.array_equal(*one_by_one[:2])


def test_a_morph_begins_in_one_hand_and_ends_in_the_other(hand: Hand, held_out: Glyphs) -> None:
    model, other = Echo(), hand._replace(glyphs=held_out.take([310]))
    frames = morph_number(model, hand, other, "48", seed=5, variation=0.5)
    assert [asked[1] for asked in model.asked] == pytest.approx(np.linspace(0, 1, FRAMES))
    assert {asked[2:] for asked in model.asked} == {(5, 0.5)}
    assert len({frame.shape for frame in frames}) == 1
    ends = [compose(np.repeat(shown.glyphs.images[:1], 2, axis=0), HEIGHT) for shown in (hand, other)]
    wider = centre([*ends, frames[0]])
    np.testing.assert_array_equal(frames[0], wider[0])
    np.testing.assert_array_equal(frames[-1], wider[1])
