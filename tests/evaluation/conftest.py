"""A data set with known hands, and models of known quality.

A hand is a slant and a pen. A pseudo-writer's glyphs are the upright skeletons of real glyphs, thickened and
sheared. So an oracle can write as the pseudo-writer would.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest
from ml_collections import ConfigDict
from scipy import ndimage
from skimage.morphology import skeletonize

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs, make_glyphs
from handwriting_gan.data.hands import Episodes, sample_own_digit_episodes
from handwriting_gan.evaluation import bench, hand
from handwriting_gan.evaluation.baselines import shear
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.measure import measure
from handwriting_gan.evaluation.protocol import Protocol
from handwriting_gan.evaluation.scorecard import Scorecard
from handwriting_gan.metrics import morphometrics
from handwriting_gan.recognition import digit_classifier

WRITERS, SERIES, EACH = 24, 2, 3
FIRST_UNSEEN = 1_000  # id of the first held-out writer
MODES = ("latent", "reference", "writer")
PROTOCOL = Protocol("small", "validation", ("fake",), sources=2, outputs=5, sample=500, neighbours=300,
                    spread=20, references=(1, 3), training_writers=20, fakes=0)


class Hand(NamedTuple):
    """The style in which a pseudo-writer writes an upright glyph."""

    slant: float  # radians
    pen: float  # half a stroke's width, in pixels


def hands(seed: int) -> list[Hand]:
    """The writers' hands; both series have the same slants and pens in different orders."""
    rng = np.random.default_rng(seed)
    count = WRITERS // SERIES
    slants = [rng.permutation(np.linspace(-0.45, 0.45, count)) for _ in range(SERIES)]
    pens = [rng.permutation(np.linspace(0.8, 2.0, count)) for _ in range(SERIES)]
    return [Hand(*of) for of in zip(np.concatenate(slants), np.concatenate(pens), strict=True)]


def skeleton_distances(images: np.ndarray) -> np.ndarray:
    """The distance of each pixel to the skeleton of the upright glyph, `[N, 28, 28]`."""
    slants = morphometrics.slant(images.astype(float))
    upright = [shear(image, -slant) for image, slant in zip(images, slants, strict=True)]
    return np.stack([ndimage.distance_transform_edt(~skeletonize(image > 100)) for image in upright])


def write_in(distances: np.ndarray, hand: Hand) -> np.ndarray:
    """Glyphs uint8 `[N, 28, 28]` in a hand, from distances to their skeletons."""
    ink = np.rint(255 * np.clip(hand.pen + 0.5 - distances, 0, 1)).astype(np.uint8)
    return np.stack([shear(image, hand.slant) for image in ink])


def glyphs_in(glyphs: Glyphs, known: list[Hand], first: int) -> Glyphs:
    """Glyphs by all writers, three different ones of each digit, in the writers' hands."""
    columns = []
    for digit in range(DIGITS):
        distances = skeleton_distances(glyphs.images[glyphs.digits == digit][:WRITERS * EACH])
        for writer, own in enumerate(known):
            mine = write_in(distances[writer * EACH:(writer + 1) * EACH], own)
            columns += [(image, digit, first + writer, writer // (WRITERS // SERIES)) for image in mine]
    images, *others = zip(*columns, strict=True)
    return make_glyphs(np.stack(images), *map(np.array, others))


class Encoder:
    """A fake writer encoder: the direction of standardised slant and ink."""

    name = "fake"
    sha256 = "f" * 64

    def __init__(self, glyphs: Glyphs) -> None:
        """Computes the mean and the standard deviation of every digit."""
        values = self.values(glyphs.images)
        self.mean, self.deviation = (np.stack([summary(values[glyphs.digits == digit], axis=0)
                                               for digit in range(DIGITS)]) for summary in (np.mean, np.std))

    def values(self, images: np.ndarray) -> np.ndarray:
        """Slant and ink, also of blank glyphs."""
        levels = np.maximum(images.astype(float), 1e-3)
        return np.stack([morphometrics.slant(levels), levels.mean(axis=(1, 2))], axis=1)

    def embed(self, images: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """Unit vectors `[N, 3]`."""
        values = (self.values(images) - self.mean[digits]) / self.deviation[digits]
        raised = np.concatenate([values, np.ones((len(values), 1))], axis=1)
        return raised / np.linalg.norm(raised, axis=1, keepdims=True)


class Oracle:
    """A perfect model: it writes another real glyph of the digit in the held-out writer's hand."""

    config = ConfigDict({"method": "oracle", "preset": "none", "data": "pseudo", "route": "truth"})
    step = 7

    def __init__(self, styled: np.ndarray, modes: tuple[str, ...] = MODES) -> None:
        """Takes glyphs uint8 `[W, 10, n, 28, 28]` in each writer's hand; records its calls."""
        self.styled, self.modes = styled, modes
        self.calls: list[tuple] = []

    def latent_guided(self, sources: Glyphs, digits: np.ndarray, seed: int = 0) -> np.ndarray:
        """The digits in random hands."""
        self.calls.append(("latent", sources, digits, seed))
        random_writers = np.random.default_rng(seed).integers(WRITERS, size=len(digits))
        return self.choose(random_writers, digits, seed + 1, sources.digits)

    def reference_guided(self, sources: Glyphs, references: Glyphs, seed: int = 0) -> np.ndarray:
        """The references' digits in the references' hands."""
        self.calls.append(("reference", sources, references, seed))
        return self.choose(references.writers - FIRST_UNSEEN, references.digits, seed, sources.digits)

    def write(self, references: Glyphs, digits: list[int], seed: int = 0,
              variation: float = 1.0) -> np.ndarray:
        """The digits in one hand."""
        self.calls.append(("write", references, digits, seed, variation))
        hands = np.repeat(references.writers[:1] - FIRST_UNSEEN, len(digits))
        return self.choose(hands, np.array(digits), seed, np.repeat(references.digits[:1], len(digits)))

    def write_each(self, references: Glyphs, digits: np.ndarray, seed: int = 0,
                   variation: float = 1.0) -> np.ndarray:
        """One digit in each of many hands."""
        self.calls.append(("write_each", references, digits, seed, variation))
        return self.choose(references.writers[:, 0] - FIRST_UNSEEN, digits, seed, references.digits[:, 0])

    def write_tries(self, references: Glyphs, digits: np.ndarray,
                    tries: list[tuple[int, float]]) -> np.ndarray:
        """Each hand with several seeds and variations."""
        return np.stack([self.write_each(references, digits, *how) for how in tries])

    def choose(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """A random glyph for each writer and digit; `shown` are the digits of the input glyphs."""
        which = np.random.default_rng(seed).integers(self.styled.shape[2], size=len(digits))
        return self.styled[writers, digits, which]


def blurred(styled: np.ndarray, sigma: float) -> Oracle:
    """Writes in the right hand, but blurred."""
    return Oracle(ndimage.gaussian_filter(styled, (0, 0, 0, sigma, sigma)))


def specked(styled: np.ndarray, fraction: float) -> Oracle:
    """Writes in the right hand, but with a fraction of the pixels inked at random."""
    return Oracle(np.where(np.random.default_rng(0).random(styled.shape) < fraction, np.uint8(255), styled))


def blank(styled: np.ndarray, modes: tuple[str, ...] = MODES) -> Oracle:
    """Writes blank glyphs."""
    return Oracle(np.zeros_like(styled), modes)


class Shuffled(Oracle):
    """Writes in the hand of a random other writer of the series."""

    def choose(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """Right digits, wrong hands."""
        count = WRITERS // SERIES
        steps = np.random.default_rng(seed + 1).integers(1, count, size=len(digits))
        others = writers // count * count + (writers + steps) % count
        return super().choose(others, digits, seed, shown)


class WrongDigit(Oracle):
    """Writes the digit of its input instead of the target digit."""

    def choose(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """Right hands, wrong digits."""
        return super().choose(writers, shown, seed, shown)


class RandomHand(Oracle):
    """Writes in random hands."""

    def choose(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """Right digits, random hands."""
        return super().choose(np.random.default_rng(seed).integers(WRITERS, size=len(digits)), digits, seed,
                            shown)


class Collapsed(Oracle):
    """Writes one glyph of each digit, and another one as its best guess."""

    def write_each(self, references: Glyphs, digits: np.ndarray, seed: int = 0,
                   variation: float = 1.0) -> np.ndarray:
        """The same for every hand and natural try."""
        return self.styled[0, digits, 0 if variation else 1]

    def choose(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """The same for every hand and try."""
        return self.styled[0, digits, 0]


def some_own_digit_episodes(glyphs: Glyphs, references: int, seed: int) -> Episodes:
    """A third of the episodes."""
    return Episodes(*(rows[::3] for rows in sample_own_digit_episodes(glyphs, references, seed)))


@pytest.fixture(scope="session", autouse=True)
def small_scorecards() -> Iterator[None]:
    """Fewer episodes, and fewer natural tries of each: most of the time of a scorecard is spent on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hand, "TRIES", 2)
        patch.setitem(hand.SAMPLE, hand.OWN_DIGIT, some_own_digit_episodes)
        yield


@pytest.fixture(scope="session")
def train_hands(glyphs: Glyphs) -> Glyphs:
    """720 training glyphs by 24 pseudo-writers."""
    return glyphs_in(glyphs, hands(1), 0)


@pytest.fixture(scope="session")
def unseen_hands(held_out: Glyphs) -> Glyphs:
    """720 held-out glyphs by 24 other pseudo-writers."""
    return glyphs_in(held_out, hands(2), FIRST_UNSEEN)


@pytest.fixture(scope="session")
def styled(glyphs: Glyphs) -> np.ndarray:
    """Twenty other glyphs of each digit in the hand of every unseen writer: uint8 `[W, 10, 20, 28, 28]`."""
    rows = [np.flatnonzero(glyphs.digits == digit)[-20:] for digit in range(DIGITS)]
    spare = skeleton_distances(glyphs.images[np.concatenate(rows)])
    return np.stack([write_in(spare, hand).reshape(DIGITS, -1, SIDE, SIDE) for hand in hands(2)])


@pytest.fixture(scope="session")
def judges(train_hands: Glyphs) -> Judges:
    """The digit classifier of the package, and an encoder of slant and ink."""
    return Judges(digit_classifier.load(), (Encoder(train_hands),))


@pytest.fixture(scope="session")
def material(judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> Bench:
    """The prepared data that models are compared with."""
    return bench.prepare(judges, "pseudo", train_hands, unseen_hands, PROTOCOL, 0)


@pytest.fixture(scope="session")
def unknown_writers(judges: Judges, glyphs: Glyphs, held_out: Glyphs) -> Bench:
    """The same for glyphs of unknown writers."""
    return bench.prepare(judges, "mnist_5k", glyphs, held_out, PROTOCOL, 0)


@pytest.fixture(scope="session")
def oracle(styled: np.ndarray) -> Oracle:
    return Oracle(styled)


@pytest.fixture(scope="session")
def card(oracle: Oracle, material: Bench) -> Scorecard:
    """The oracle's whole scorecard."""
    return measure(oracle, material)


@pytest.fixture(scope="session")
def unknown_writers_card(styled: np.ndarray, unknown_writers: Bench) -> Scorecard:
    """A scorecard without writers, of a model that writes in random hands."""
    return measure(RandomHand(styled), unknown_writers)
