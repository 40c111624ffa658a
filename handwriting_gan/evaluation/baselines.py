"""Training-free baselines: answers to K references without a generator.

Each has the interface of a method's `writer` mode. Axes: E episodes, K references, A attributes.
"""

import dataclasses

import numpy as np
from scipy import ndimage

from handwriting_gan.data.glyphs import DIGITS, SIDE, Glyphs
from handwriting_gan.metrics import morphometrics

LEVELS = np.linspace(0.1, 0.8, 29)  # thresholds for a mean digit
EDGE = 8.0  # steepness of the edge of ink
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
        """Glyphs uint8 `[E, 28, 28]` of digits `[E]` for references' attributes `[E, K, A]`."""
        wanted = np.nanmean(references, axis=1)
        return np.stack([self.glyphs.images[self._row(*target)]
                         for target in zip(wanted, digits, strict=True)])

    def _row(self, wanted: np.ndarray, digit: int) -> int:
        """The row of the nearest glyph of the digit by the nearest writer who wrote it."""
        rows = np.flatnonzero(self.glyphs.digits == digit)
        could = np.flatnonzero(np.isin(self.writers, self.glyphs.writers[rows]))
        nearest = could[np.argmin(((self.hands[could] - wanted) ** 2).sum(axis=1))]
        rows = rows[self.glyphs.writers[rows] == self.writers[nearest]]
        return rows[np.argmin(((self.attributes[rows] - wanted) ** 2).sum(axis=1))]


def nearest_writer(glyphs: Glyphs, attributes: np.ndarray) -> NearestWriter:
    """Fits the baseline to training glyphs with writers and their attributes `[N, A]`; leaves out blank glyphs."""
    inked = ~np.isnan(attributes).any(axis=1)
    glyphs, attributes = glyphs.take(inked), attributes[inked]
    writers = np.unique(glyphs.writers)
    hands = np.stack([attributes[glyphs.writers == writer].mean(axis=0) for writer in writers])
    return NearestWriter(glyphs, attributes, hands, writers)


@dataclasses.dataclass(frozen=True)
class ReshapedMean:
    """A mean digit with the thickness and slant of the references."""

    upright: np.ndarray  # float64 [10, 28, 28], mean of the glyphs without their slant, 0 to 1
    thickness: np.ndarray  # [10, L], of each mean digit thresholded at each of LEVELS
    mean: np.ndarray  # [10, A], of real glyphs of each digit
    deviation: np.ndarray  # [10, A], likewise

    def write(self, references: np.ndarray, digits: np.ndarray) -> np.ndarray:
        """Glyphs uint8 `[E, 28, 28]` of digits `[E]` for references' attributes `[E, K, A]`."""
        wanted = np.nanmean(references, axis=1) * self.deviation[digits] + self.mean[digits]
        return np.stack([self._draw(*target) for target in zip(wanted, digits, strict=True)])

    def _draw(self, wanted: np.ndarray, digit: int) -> np.ndarray:
        # A higher threshold gives a thinner digit.
        level = np.interp(-wanted[THICKNESS], -self.thickness[digit], LEVELS)
        ink = threshold(self.upright[digit], level)
        # The thresholded digit may have a slant of its own; the tangents of shears add up.
        own = morphometrics.slant(ink[None].astype(np.float64))[0]
        return shear(ink, np.arctan(np.tan(wanted[SLANT]) - np.tan(own)))


def reshaped_mean(glyphs: Glyphs, measured: np.ndarray) -> ReshapedMean:
    """Fits the baseline to training glyphs and their morphometrics `[N, COLUMNS]`; leaves out blank glyphs."""
    inked = ~np.isnan(measured).any(axis=1)
    glyphs, values = glyphs.take(inked), measured[inked, :len(morphometrics.ATTRIBUTES)]
    upright = np.zeros((DIGITS, SIDE, SIDE))
    for digit in range(DIGITS):
        of_digit = glyphs.digits == digit
        upright[digit] = np.mean([shear(image, -slant) for image, slant in zip(
            glyphs.images[of_digit], values[of_digit, SLANT], strict=True)], axis=0) / 255
    thickness = np.stack([morphometrics.measure(np.stack([threshold(mean, level) for level in LEVELS]))[
        :, THICKNESS] for mean in upright])
    # A thresholded digit can fall apart. The lookup needs a thickness that decreases with the threshold.
    thickness = np.minimum.accumulate(np.nan_to_num(thickness), axis=1)
    mean, deviation = (np.stack([measure(values[glyphs.digits == digit], axis=0)
                                 for digit in range(DIGITS)]) for measure in (np.mean, np.std))
    return ReshapedMean(upright, thickness, mean, deviation)


def threshold(levels: np.ndarray, level: float) -> np.ndarray:
    """Ink uint8 `[28, 28]` where levels, 0 paper to 1 ink, are above `level`; edges are soft."""
    ink, paper = (1 / (1 + np.exp(-EDGE * (of - level) / 0.5)) for of in (levels, 0.0))
    return np.rint(255 * (ink - paper) / (1 - paper)).astype(np.uint8)


def shear(image: np.ndarray, slant: float) -> np.ndarray:
    """A glyph uint8 `[28, 28]` sheared about its centre by an angle in radians, positive to the right."""
    offset, centre = np.tan(slant), (SIDE - 1) / 2
    matrix = np.array([[1.0, 0.0], [offset, 1.0]])
    return ndimage.affine_transform(image, matrix, offset=[0.0, -offset * centre], order=1)
