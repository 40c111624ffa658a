"""A small world whose truth is known: pseudo-writers who bend real glyphs, generators better and worse.

A hand is a slant and a pen. A writer's glyphs are the skeletons of real ones, made upright and then drawn in
that hand, so an oracle who knows it can answer as the writer would.
"""

from typing import NamedTuple

import numpy as np
import pytest
from ml_collections import ConfigDict
from scipy import ndimage
from skimage.morphology import skeletonize

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs, make_glyphs
from handwriting_gan.evaluation import bench
from handwriting_gan.evaluation.baselines import shear
from handwriting_gan.evaluation.bench import Bench
from handwriting_gan.evaluation.judges import Judges
from handwriting_gan.evaluation.measure import measure
from handwriting_gan.evaluation.protocol import Protocol
from handwriting_gan.evaluation.scorecard import Scorecard
from handwriting_gan.metrics import morphometrics
from handwriting_gan.recognition import digit_classifier

WRITERS, SERIES, EACH = 24, 2, 3
STRANGE = 1_000  # the first held-out writer's id
MODES = ("latent", "reference", "writer")
PROTOCOL = Protocol("small", "validation", ("fake",), sources=2, outputs=5, sample=500, neighbours=300,
                    spread=20, references=(1, 3), training_writers=20)


class Hand(NamedTuple):
    """What a pseudo-writer does to an upright glyph."""

    slant: float  # radians
    pen: float  # half a stroke's width, in pixels


def hands(seed: int) -> list[Hand]:
    """Writers of either series have the same range of hands, in another order."""
    rng = np.random.default_rng(seed)
    count = WRITERS // SERIES
    slants = [rng.permutation(np.linspace(-0.45, 0.45, count)) for _ in range(SERIES)]
    pens = [rng.permutation(np.linspace(0.8, 2.0, count)) for _ in range(SERIES)]
    return [Hand(*of) for of in zip(np.concatenate(slants), np.concatenate(pens), strict=True)]


def bare(images: np.ndarray) -> np.ndarray:
    """How far each pixel is from the middle of a stroke, of glyphs made upright: `[N, 28, 28]`."""
    slants = morphometrics.slant(images.astype(float))
    upright = [shear(image, -slant) for image, slant in zip(images, slants, strict=True)]
    return np.stack([ndimage.distance_transform_edt(~skeletonize(image > 100)) for image in upright])


def drawn(away: np.ndarray, hand: Hand) -> np.ndarray:
    """Bare glyphs `[N, 28, 28]` in a hand: uint8."""
    ink = np.rint(255 * np.clip(hand.pen + 0.5 - away, 0, 1)).astype(np.uint8)
    return np.stack([shear(image, hand.slant) for image in ink])


def written(glyphs: Glyphs, known: list[Hand], first: int) -> Glyphs:
    """Each writer's share of the glyphs of every digit, three of each, none twice, in the writer's hand."""
    columns = []
    for digit in range(DIGITS):
        away = bare(glyphs.images[glyphs.digits == digit][:WRITERS * EACH])
        for writer, hand in enumerate(known):
            mine = drawn(away[writer * EACH:(writer + 1) * EACH], hand)
            columns += [(image, digit, first + writer, writer // (WRITERS // SERIES)) for image in mine]
    images, *others = zip(*columns, strict=True)
    return make_glyphs(np.stack(images), *map(np.array, others))


class Encoder:
    """A fake writer encoder: slant and ink for the digit, as a direction."""

    name = "fake"
    sha256 = "f" * 64

    def __init__(self, glyphs: Glyphs) -> None:
        """Learns every digit's mean and deviation."""
        values = self.values(glyphs.images)
        self.mean, self.deviation = (np.stack([summary(values[glyphs.digits == digit], axis=0)
                                               for digit in range(DIGITS)]) for summary in (np.mean, np.std))

    def values(self, images: np.ndarray) -> np.ndarray:
        """Slant and ink, of blank glyphs too."""
        levels = np.maximum(images.astype(float), 1e-3)
        return np.stack([morphometrics.slant(levels), levels.mean(axis=(1, 2))], axis=1)

    def embed(self, images: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """Unit vectors `[N, 3]`."""
        values = (self.values(images) - self.mean[digits]) / self.deviation[digits]
        raised = np.concatenate([values, np.ones((len(values), 1))], axis=1)
        return raised / np.linalg.norm(raised, axis=1, keepdims=True)


class Oracle:
    """Knows every held-out writer's hand: answers with another real glyph of the digit in that hand."""

    config = ConfigDict({"method": "oracle", "preset": "none", "data": "pseudo", "route": "truth"})
    step = 7

    def __init__(self, styled: np.ndarray, modes: tuple[str, ...] = MODES) -> None:
        """Takes glyphs uint8 `[W, 10, n, 28, 28]` in each writer's hand; what is asked is kept."""
        self.styled, self.modes = styled, modes
        self.asked: list[tuple] = []

    def latent_guided(self, sources: Glyphs, digits: np.ndarray, seed: int = 0) -> np.ndarray:
        """The digits in any hand."""
        self.asked.append(("latent", sources, digits, seed))
        anybody = np.random.default_rng(seed).integers(WRITERS, size=len(digits))
        return self.draw(anybody, digits, seed + 1, sources.digits)

    def reference_guided(self, sources: Glyphs, references: Glyphs, seed: int = 0) -> np.ndarray:
        """The references' digits in the references' hands."""
        self.asked.append(("reference", sources, references, seed))
        return self.draw(references.writers - STRANGE, references.digits, seed, sources.digits)

    def write(self, references: Glyphs, digits: list[int], seed: int = 0,
              variation: float = 1.0) -> np.ndarray:
        """The digits in one hand."""
        self.asked.append(("write", references, digits, seed, variation))
        hands = np.repeat(references.writers[:1] - STRANGE, len(digits))
        return self.draw(hands, np.array(digits), seed, np.repeat(references.digits[:1], len(digits)))

    def write_each(self, references: Glyphs, digits: np.ndarray, seed: int = 0,
                   variation: float = 1.0) -> np.ndarray:
        """One digit in each of many hands."""
        self.asked.append(("write_each", references, digits, seed, variation))
        return self.draw(references.writers[:, 0] - STRANGE, digits, seed, references.digits[:, 0])

    def write_tries(self, references: Glyphs, digits: np.ndarray,
                    tries: list[tuple[int, float]]) -> np.ndarray:
        """Each hand by several seeds and variations."""
        return np.stack([self.write_each(references, digits, *how) for how in tries])

    def draw(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """A random glyph for each writer and digit; `shown` is the digit that was seen, not asked for."""
        which = np.random.default_rng(seed).integers(self.styled.shape[2], size=len(digits))
        return self.styled[writers, digits, which]


def blurred(styled: np.ndarray, sigma: float) -> Oracle:
    """Knows the hand, and is out of focus."""
    return Oracle(ndimage.gaussian_filter(styled, (0, 0, 0, sigma, sigma)))


def specked(styled: np.ndarray, share: float) -> Oracle:
    """Knows the hand, and spills ink over a share of the pixels."""
    return Oracle(np.where(np.random.default_rng(0).random(styled.shape) < share, np.uint8(255), styled))


def blank(styled: np.ndarray, modes: tuple[str, ...] = MODES) -> Oracle:
    """Never puts pen to paper."""
    return Oracle(np.zeros_like(styled), modes)


class Shuffled(Oracle):
    """Writes in the hand of another writer of the series, by lot."""

    def draw(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """Right digits, wrong hands."""
        count = WRITERS // SERIES
        steps = np.random.default_rng(seed + 1).integers(1, count, size=len(digits))
        others = writers // count * count + (writers + steps) % count
        return super().draw(others, digits, seed, shown)


class Deaf(Oracle):
    """Writes the digit that it was shown, whatever was asked for."""

    def draw(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """Right hands, wrong digits."""
        return super().draw(writers, shown, seed, shown)


class Anybody(Oracle):
    """Knows no hand."""

    def draw(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """Right digits, the hands by lot."""
        return super().draw(np.random.default_rng(seed).integers(WRITERS, size=len(digits)), digits, seed,
                            shown)


class Collapsed(Oracle):
    """Knows one glyph of each digit, and a second for its best guess."""

    def write_each(self, references: Glyphs, digits: np.ndarray, seed: int = 0,
                   variation: float = 1.0) -> np.ndarray:
        """The same for every hand and natural try."""
        return self.styled[0, digits, 0 if variation else 1]

    def draw(self, writers: np.ndarray, digits: np.ndarray, seed: int, shown: np.ndarray) -> np.ndarray:
        """The same for every hand and try."""
        return self.styled[0, digits, 0]


@pytest.fixture(scope="session")
def train_hands(glyphs: Glyphs) -> Glyphs:
    """720 glyphs by 24 pseudo-writers to learn from."""
    return written(glyphs, hands(1), 0)


@pytest.fixture(scope="session")
def unseen_hands(held_out: Glyphs) -> Glyphs:
    """720 glyphs by 24 others."""
    return written(held_out, hands(2), STRANGE)


@pytest.fixture(scope="session")
def styled(glyphs: Glyphs) -> np.ndarray:
    """Twenty other glyphs of each digit in the hand of every unseen writer: uint8 `[W, 10, 20, 28, 28]`."""
    rows = [np.flatnonzero(glyphs.digits == digit)[-20:] for digit in range(DIGITS)]
    spare = bare(glyphs.images[np.concatenate(rows)])
    return np.stack([drawn(spare, hand).reshape(DIGITS, -1, SIDE, SIDE) for hand in hands(2)])


@pytest.fixture(scope="session")
def judges(train_hands: Glyphs) -> Judges:
    """The digit classifier that ships, and an encoder that sees slant and ink."""
    return Judges(digit_classifier.load(), (Encoder(train_hands),))


@pytest.fixture(scope="session")
def material(judges: Judges, train_hands: Glyphs, unseen_hands: Glyphs) -> Bench:
    """Everything that the generators are measured against."""
    return bench.prepare(judges, "pseudo", train_hands, unseen_hands, PROTOCOL, 0)


@pytest.fixture(scope="session")
def nameless(judges: Judges, glyphs: Glyphs, held_out: Glyphs) -> Bench:
    """The same of glyphs whose writers nobody knows."""
    return bench.prepare(judges, "mnist_5k", glyphs, held_out, PROTOCOL, 0)


@pytest.fixture(scope="session")
def oracle(styled: np.ndarray) -> Oracle:
    return Oracle(styled)


@pytest.fixture(scope="session")
def card(oracle: Oracle, material: Bench) -> Scorecard:
    """The oracle's whole scorecard."""
    return measure(oracle, material)


@pytest.fixture(scope="session")
def nameless_card(styled: np.ndarray, nameless: Bench) -> Scorecard:
    """A scorecard without writers, of an oracle who writes in anybody's hand."""
    return measure(Anybody(styled), nameless)
