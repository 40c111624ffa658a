"""Training-free baselines: answers to K references without a generator.

Each has the interface of a method's `writer` mode. Axes: E episodes, K references, A attributes.
"""

import dataclasses

import numpy as np
from scipy import ndimage

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.metrics import morphometrics

LEVELS = np.linspace(0.1, 0.8, 29)  # of ink, at which a mean digit can be cut
EDGE = 8.0  # how steeply ink ends, per pixel of a mean digit's level
THICKNESS = morphometrics.ATTRIBUTES.index("thickness")
SLANT = morphometrics.ATTRIBUTES.index("slant")


@dataclasses.dataclass(frozen=True)
class NearestWriter:
    """The glyph of the training writer whose attributes are nearest to the references'."""

    glyphs: Glyphs
    attributes: np.ndarray  # [N, A] of the glyphs, as deviations from each digit's mean
    hands: np.ndarray  # [W, A], each training writer's mean
    writers: np.ndarray  # [W], their ids

    def write(self, references: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """For references' attributes `[E, K, A]` and digits asked `[E]`: glyphs uint8 `[E, 28, 28]`."""
        wanted = np.nanmean(references, axis=1)
        return np.stack([self.glyphs.images[self._row(*asked)]
                         for asked in zip(wanted, digits, strict=True)])

    def _row(self, wanted: np.ndarray, digit: int) -> int:
        """Of the nearest writer who wrote the digit, the glyph of it that is nearest."""
        rows = np.flatnonzero(self.glyphs.digits == digit)
        could = np.flatnonzero(np.isin(self.writers, self.glyphs.writers[rows]))
        nearest = could[np.argmin(((self.hands[could] - wanted) ** 2).sum(axis=1))]
        rows = rows[self.glyphs.writers[rows] == self.writers[nearest]]
        return rows[np.argmin(((self.attributes[rows] - wanted) ** 2).sum(axis=1))]


def nearest_writer(glyphs: Glyphs, attributes: np.ndarray) -> NearestWriter:
    """From training glyphs with writers and their attributes `[N, A]`; blank glyphs are left out."""
    inked = ~np.isnan(attributes).any(axis=1)
    glyphs, attributes = glyphs.take(inked), attributes[inked]
    writers = np.unique(glyphs.writers)
    hands = np.stack([attributes[glyphs.writers == writer].mean(axis=0) for writer in writers])
    return NearestWriter(glyphs, attributes, hands, writers)


@dataclasses.dataclass(frozen=True)
class ReshapedMean:
    """A mean digit with the thickness and slant of the references."""

    upright: np.ndarray  # float64 [10, 28, 28], mean of the glyphs without their slant, 0 to 1
    thickness: np.ndarray  # [10, L], of each mean digit cut at each of LEVELS
    mean: np.ndarray  # [10, A] and
    deviation: np.ndarray  # [10, A], of real glyphs of each digit

    def write(self, references: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """For references' attributes `[E, K, A]` and digits asked `[E]`: glyphs uint8 `[E, 28, 28]`."""
        wanted = np.nanmean(references, axis=1) * self.deviation[digits] + self.mean[digits]
        return np.stack([self._draw(*asked) for asked in zip(wanted, digits, strict=True)])

    def _draw(self, wanted: np.ndarray, digit: int) -> np.ndarray:
        # The higher the level of the cut, the thinner the digit.
        level = np.interp(-wanted[THICKNESS], -self.thickness[digit], LEVELS)
        ink = cut(self.upright[digit], level)
        # What the cut leaves out may lean, and shears add up by their tangents.
        own = morphometrics.slant(ink[None].astype(np.float64))[0]
        return lean(ink, np.arctan(np.tan(wanted[SLANT]) - np.tan(own)))


def reshaped_mean(glyphs: Glyphs, measured: np.ndarray) -> ReshapedMean:
    """From training glyphs and their morphometrics `[N, COLUMNS]`; blank glyphs are left out."""
    inked = ~np.isnan(measured).any(axis=1)
    glyphs, values = glyphs.take(inked), measured[inked, :len(morphometrics.ATTRIBUTES)]
    upright = np.zeros((DIGITS, SIDE, SIDE))
    for digit in range(DIGITS):
        of_digit = glyphs.digits == digit
        upright[digit] = np.mean([lean(image, -slant) for image, slant in zip(
            glyphs.images[of_digit], values[of_digit, SLANT], strict=True)], axis=0) / 255
    thickness = np.stack([morphometrics.measure(np.stack([cut(mean, level) for level in LEVELS]))[
        :, THICKNESS] for mean in upright])
    # A cut can fall apart; the thickness has to fall all the same for a level to be looked up.
    thickness = np.minimum.accumulate(np.nan_to_num(thickness), axis=1)
    mean, deviation = (np.stack([measure(values[glyphs.digits == digit], axis=0)
                                 for digit in range(DIGITS)]) for measure in (np.mean, np.std))
    return ReshapedMean(upright, thickness, mean, deviation)


def cut(levels: np.ndarray, level: float) -> np.ndarray:
    """Ink uint8 `[28, 28]` where levels 0 to 1 are above the level, with soft edges; level 0 is paper."""
    ink, paper = (1 / (1 + np.exp(-EDGE * (of - level) / 0.5)) for of in (levels, 0.0))
    return np.rint(255 * (ink - paper) / (1 - paper)).astype(np.uint8)


def lean(image: np.ndarray, slant: float) -> np.ndarray:
    """A glyph uint8 `[28, 28]` sheared about its middle by an angle, positive to the right."""
    shear, centre = np.tan(slant), (SIDE - 1) / 2
    matrix = np.array([[1.0, 0.0], [shear, 1.0]])
    return ndimage.affine_transform(image, matrix, offset=[0.0, -shear * centre], order=1)
