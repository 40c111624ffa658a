"""Models whose scores are known in advance: a copyist of real glyphs, a blurred one, an idler."""

from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from handwriting_gan.data.glyphs import SIDE, Glyphs
from handwriting_gan.evaluation import scorecard
from handwriting_gan.evaluation.attributes import NAMES, attributes, standardise

COUNT = 200
MODES = ("latent", "reference", "writer")


class Judge:
    """Knows the digit of every glyph it was shown before, and sees an image as 7 x 7 averages."""

    def __init__(self, *known: Glyphs) -> None:
        """Learns the glyphs by heart."""
        self.digit_of = {image.tobytes(): digit for glyphs in known
                         for image, digit in zip(glyphs.images, glyphs.digits, strict=True)}

    def digits(self, images: np.ndarray) -> np.ndarray:
        """The known digit of each, -1 for a stranger."""
        return np.array([self.digit_of.get(image.tobytes(), -1) for image in images])

    def features(self, images: np.ndarray) -> np.ndarray:
        """The averages in a row."""
        return self.layers(images)[0][..., 0].reshape(len(images), -1)

    def layers(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """One layer with two channels, ink and paper."""
        ink = images.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)) / 255.0
        return (np.stack([ink, 1.0 - ink], axis=-1),)


class Copyist:
    """Answers every wish with a real glyph of the digit."""

    modes: tuple[str, ...] = MODES
    config = {"route": "reference"}

    def __init__(self, glyphs: Glyphs) -> None:
        """Keeps the glyphs to copy from, and a list of what is asked."""
        self.glyphs = glyphs
        self.asked: list[tuple[str, Glyphs, np.ndarray]] = []

    def latent_guided(self, sources: Glyphs, digits: np.ndarray, seed: int) -> np.ndarray:
        """Any glyph of the digit."""
        self.asked.append(("latent", sources, digits))
        return self.answer(sources, digits, seed)

    def reference_guided(self, sources: Glyphs, references: Glyphs, seed: int) -> np.ndarray:
        """Any glyph of the reference's digit."""
        self.asked.append(("reference", sources, references.digits))
        return self.answer(sources, references.digits, seed)

    def write(self, references: Glyphs, digits: list[int], seed: int) -> np.ndarray:
        """Any glyph of the digit."""
        self.asked.append(("writer", references, np.array(digits)))
        return self.answer(references, digits, seed)

    def answer(self, given: Glyphs, digits: np.ndarray, seed: int) -> np.ndarray:
        """A random glyph of each digit."""
        rng = np.random.default_rng(seed)
        return self.glyphs.images[
            [rng.choice(np.flatnonzero(self.glyphs.digits == digit)) for digit in digits]]


class BlurredCopyist(Copyist):
    """Copies out of focus."""

    def answer(self, given: Glyphs, digits: np.ndarray, seed: int) -> np.ndarray:
        """A copy, blurred."""
        return ndimage.gaussian_filter(super().answer(given, digits, seed), (0, 1.5, 1.5))


class Idler(Copyist):
    """Hands back what it was given."""

    def answer(self, given: Glyphs, digits: np.ndarray, seed: int) -> np.ndarray:
        """The same images."""
        return given.images


class Follower(Copyist):
    """Writes a glyph that is as broad for its digit as the hand's glyph is for its own."""

    modes = ("writer",)

    def __init__(self, glyphs: Glyphs) -> None:
        """Measures the glyphs to copy from."""
        super().__init__(glyphs)
        self.values = attributes(glyphs.images)
        self.breadths = self.breadth(self.values, glyphs.digits)

    def breadth(self, values: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """Standardised aspects."""
        standard = standardise(values, digits, self.values, self.glyphs.digits)
        return standard[:, NAMES.index("aspect")]

    def answer(self, given: Glyphs, digits: list[int], seed: int) -> np.ndarray:
        """The best match for one hand and one digit."""
        breadth, = self.breadth(attributes(given.images), given.digits)
        rows = np.flatnonzero(self.glyphs.digits == digits[0])
        return self.glyphs.images[rows[[np.argmin(np.abs(self.breadths[rows] - breadth))]]]


@pytest.fixture(scope="module")
def train(glyphs: Glyphs) -> Glyphs:
    """Sixty glyphs of each digit."""
    return glyphs.take(np.arange(len(glyphs.digits)) % 400 < 60)


@pytest.fixture(scope="module")
def judge(glyphs: Glyphs, held_out: Glyphs) -> Judge:
    return Judge(glyphs, held_out)


def figures(model: Copyist, judge: Judge, train: Glyphs, held_out: Glyphs, seed: int = 0,
            count: int = COUNT) -> dict[str, dict[str, Any]]:
    """The whole scorecard."""
    return {name: part() for name, part in
            scorecard.measures(model, judge, train, held_out, count, seed)}


@pytest.fixture(scope="module")
def copyist(train: Glyphs) -> Copyist:
    return Copyist(train)


@pytest.fixture(scope="module")
def copied(copyist: Copyist, judge: Judge, train: Glyphs,
           held_out: Glyphs) -> dict[str, dict[str, Any]]:
    return figures(copyist, judge, train, held_out)


@pytest.fixture(scope="module")
def idled(judge: Judge, train: Glyphs, held_out: Glyphs) -> dict[str, dict[str, Any]]:
    return figures(Idler(train), judge, train, held_out)


def test_the_parts_are_the_reals_and_the_models_modes_in_a_fixed_order(
        copied: dict[str, dict[str, Any]]) -> None:
    assert tuple(copied) == ("real", *MODES)


def test_a_mode_that_the_model_lacks_is_not_measured(
        judge: Judge, train: Glyphs, held_out: Glyphs) -> None:
    model = Copyist(train)
    model.modes = ("reference",)
    names = [name for name, _ in scorecard.measures(model, judge, train, held_out, COUNT, 0)]
    assert names == ["real", "reference"]


def test_nothing_is_asked_of_the_model_before_its_part_is_called(
        judge: Judge, train: Glyphs, held_out: Glyphs) -> None:
    model = Copyist(train)
    parts = list(scorecard.measures(model, judge, train, held_out, COUNT, 0))
    assert len(parts) == 4
    assert not model.asked


@pytest.mark.parametrize("mode", ["latent", "reference"])
def test_a_copyist_of_real_glyphs_scores_as_they_do(
        mode: str, copied: dict[str, dict[str, Any]]) -> None:
    real, fake = copied["real"], copied[mode]
    assert (fake["digit_accuracy"], fake["leakage"]) == (1.0, 0.0)
    assert real["digit_accuracy"] == 1.0
    assert fake["diversity"] == pytest.approx(real["diversity"], rel=0.1)
    assert fake["frechet_distance"] < 1.5 * real["frechet_distance"]


@pytest.mark.parametrize("mode", ["latent", "reference"])
def test_an_idler_leaks_everything_and_has_no_diversity(
        mode: str, idled: dict[str, dict[str, Any]]) -> None:
    assert idled[mode]["digit_accuracy"] == 0.0
    assert idled[mode]["leakage"] == 1.0
    assert idled[mode]["diversity"] == pytest.approx(0.0, abs=1e-12)
    assert idled[mode]["frechet_distance"] == idled["real"]["frechet_distance"]


@pytest.mark.parametrize("mode", ["latent", "reference"])
def test_a_blurred_copyist_is_farther_from_the_reals(
        mode: str, judge: Judge, train: Glyphs, held_out: Glyphs,
        copied: dict[str, dict[str, Any]]) -> None:
    model = BlurredCopyist(train)
    model.modes = (mode,)
    blurred = figures(model, judge, train, held_out)
    assert blurred[mode]["frechet_distance"] > 2 * copied[mode]["frechet_distance"]
    assert blurred["real"] == copied["real"]


def test_a_copyist_writes_right_and_carries_no_hand(copied: dict[str, dict[str, Any]]) -> None:
    writer = copied["writer"]
    assert (writer["digit_accuracy"], writer["route"]) == (1.0, "reference")
    assert max(abs(value) for value in writer["carried"].values()) < 0.3


def test_who_repeats_the_hand_carries_it_and_writes_nothing_right(
        idled: dict[str, dict[str, Any]]) -> None:
    writer = idled["writer"]
    assert writer["digit_accuracy"] == 0.0
    assert set(writer["carried"]) == set(NAMES)
    assert writer["carried"]["thickness"] > 0.7
    assert writer["carried"]["slant"] > 0.4


def test_who_follows_the_hand_across_digits_carries_its_breadth(
        judge: Judge, train: Glyphs, held_out: Glyphs) -> None:
    """Breadth for its digit: a broad 1 is narrower than a narrow 0."""
    few = train.take(slice(None, None, 2))
    writer = figures(Follower(few), judge, few, held_out, count=60)["writer"]
    assert writer["digit_accuracy"] == 1.0
    assert writer["carried"]["aspect"] > 0.9


def test_sources_are_held_out_glyphs_and_another_digit_is_asked_of_each(
        copyist: Copyist, copied: dict[str, dict[str, Any]], held_out: Glyphs) -> None:
    known = {image.tobytes() for image in held_out.images}
    for _, given, digits in copyist.asked:
        assert known >= {image.tobytes() for image in given.images}
        assert (given.digits != digits).all()


def test_both_guided_modes_have_the_same_task(
        copyist: Copyist, copied: dict[str, dict[str, Any]]) -> None:
    first = {name: (given, digits) for name, given, digits in reversed(copyist.asked)}
    (sources, digits), (same_sources, same_digits) = first["latent"], first["reference"]
    np.testing.assert_array_equal(sources.images, same_sources.images)
    np.testing.assert_array_equal(digits, same_digits)
    assert len(digits) == COUNT


def test_the_same_seed_gives_the_same_figures(
        copied: dict[str, dict[str, Any]], judge: Judge, train: Glyphs, held_out: Glyphs) -> None:
    model = Copyist(train)
    model.modes = ("latent", "reference")
    again = figures(model, judge, train, held_out)
    assert again == {name: copied[name] for name in again}


def test_another_seed_gives_other_figures(
        copied: dict[str, dict[str, Any]], judge: Judge, train: Glyphs, held_out: Glyphs) -> None:
    model = Copyist(train)
    model.modes = ("latent",)
    other = figures(model, judge, train, held_out, seed=1)
    assert other["latent"]["frechet_distance"] != copied["latent"]["frechet_distance"]


def test_too_few_sources_have_no_distance(
        judge: Judge, train: Glyphs, held_out: Glyphs) -> None:
    model = Copyist(train)
    model.modes = ("latent",)
    few = figures(model, judge, train, held_out, count=20)
    assert few["real"]["frechet_distance"] is None
    assert few["latent"]["frechet_distance"] is None
    assert few["latent"]["digit_accuracy"] == 1.0


def test_more_sources_than_there_are_means_all(
        judge: Judge, train: Glyphs, held_out: Glyphs) -> None:
    model = Copyist(train)
    model.modes = ("latent",)
    few = held_out.take(np.arange(len(held_out.digits)) % 100 < 5)
    figures(model, judge, train, few, count=10_000)
    _, given, _ = model.asked[0]
    assert sorted(image.tobytes() for image in given.images) == sorted(
        image.tobytes() for image in few.images)
    assert given.images.shape[1:] == (SIDE, SIDE)
