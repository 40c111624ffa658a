"""Reads a line of ink: finds the cuts and joins of strokes that give the most probable digits.

A line is split into parts: its connected strokes, of which the wide ones are cut along seams that cross little
ink. A digit is one part or several neighbouring ones. Dynamic programming finds the most probable sequence of
digits that uses all parts. The probability of a sequence is the product, over its digits, of the probability that
the digit is whole and the probability of its class (recognition-based segmentation; Casey & Lecolinet 1996).

Axes: P parts, C candidates for a digit, n digits read.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from handwriting_gan.errors import InputError
from handwriting_gan.recognition import digit_classifier, wholeness
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.recognition.wholeness import WholenessJudge, candidate_features
from handwriting_gan.writing.mnist_form import to_mnist_form
from handwriting_gan.writing.segment import INK, Box, Strokes

WORKING_HEIGHT = 56  # pixels of a digit in a line that is read
TALL = 0.6  # of the tallest stroke's height: only taller strokes define the line's height and slant
MAX_PARTS = 8  # of one digit
MAX_WIDTH = 1.6  # of the line's height: width of a digit of several parts
WIDE = 0.7  # of the line's height: a wider stroke may contain several digits
REACH = 0.3  # of the line's height: how far a seam may bend to either side
SPACING = 0.06  # of the line's height, between the start columns of seams
MIN_DISTANCE = 0.1  # of the line's height: mean distance of two cuts, and of a seam from the ink's ends
MAX_CUTS = 6  # of one stroke
MAX_CROSSED = 3.5  # stroke widths of ink on a seam
BEND, STRAY = 0.02, 0.001  # cost in pixels of ink: of each sideways step, and of each pixel of distance from the line
MIN_PROBABILITY, TINY = 1e-6, 1e-300
SURE, WHOLE = 0.9, 0.3  # minimum confidence and wholeness of a sure reading, chosen on validation writers
MIN_INK = 0.25  # of the stroke width squared: a smaller piece is not a part


class DigitCountError(InputError):
    """A picture does not show as many digits as the caller gave; `count` is the number given."""

    def __init__(self, picture: str, count: int) -> None:
        """Names the picture."""
        super().__init__(f"{picture} does not seem to show {count} digit{'s' * (count != 1)}; "
                         "crop it to the number")
        self.count = count


class Recognisers(NamedTuple):
    """The networks that read a line."""

    digits: Reader  # which digit
    wholeness: WholenessJudge  # whether a candidate is one whole digit


def load_recognisers() -> Recognisers:
    """The recognisers that ship with the package.

    Raises:
      InputError: if their weights cannot be read.
    """
    return Recognisers(digit_classifier.load(), wholeness.load())


class Part(NamedTuple):
    """Ink that no seam crosses: a digit or a piece of one."""

    ink: np.ndarray  # float32 [H, W], of the whole line, 0 where other parts are
    position: float  # along the line in pixels; parts are sorted by it


class Line(NamedTuple):
    """A line of writing at the working size, in parts from left to right."""

    parts: list[Part]
    height: float  # pixels of its digits
    scale: float  # its pixels per pixel of the page's ink
    box: Box  # where it is in the page's ink


class Candidate(NamedTuple):
    """Neighbouring parts, taken as one digit."""

    first: int
    last: int  # exclusive
    ink: np.ndarray  # float32 [H, W], of the whole line
    shape: np.ndarray  # float32 [2], width and height, of the line's height


class Reading(NamedTuple):
    """The best reading of a line, left to right."""

    candidates: list[Candidate]
    images: np.ndarray  # uint8 [n, 28, 28], in MNIST's form
    digits: np.ndarray  # int32 [n]
    probabilities: np.ndarray  # float [n], of each digit, given that it is one
    wholeness: np.ndarray  # float [n], the probability that each is one whole digit
    confidence: float  # the probability of the number, over all ways to cut the line
    count_probability: float  # the probability that the line has n digits, regardless of the caller's count

    @property
    def is_sure(self) -> bool:
        """Whether the reading is certain enough to be used without asking the user."""
        return self.confidence >= SURE and bool(self.wholeness.min() >= WHOLE)


# From a line to parts.


def split_line(ink: np.ndarray, strokes: Strokes) -> Line:
    """Splits one line of writing into parts: the ink of a page float32 `[H, W]`, and the line's strokes in it.

    Raises:
      InputError: if no ink is left at the working size.
    """
    box, tallest = strokes.box, strokes.heights.max()
    height = float(np.median(strokes.heights[strokes.heights >= TALL * tallest]))
    scale = min(WORKING_HEIGHT / height, 1.0)
    small = [piece for stroke in strokes.ids  # a thin stroke can vanish when it is scaled
             if ((piece := _small(ink, strokes.labels, stroke, box, scale)) > INK).any()]
    if not small:
        raise InputError("the strokes in the picture are too thin for their height; write with a thicker pen")
    line, line_height = np.max(small, axis=0), height * scale
    width, slope = stroke_width(line), np.tan(_slant(small, TALL * tallest * scale))
    parts = [Part(piece, _position(piece, slope)) for stroke in small
             for piece in _cut(stroke, line_height, slope, width)]
    return Line(sorted(parts, key=lambda part: part.position), line_height, scale, box)


def _small(ink: np.ndarray, labels: np.ndarray, stroke: int, box: Box, scale: float) -> np.ndarray:
    """One stroke with its soft edge, in the line's window, at the working size."""
    window = np.s_[box.top:box.bottom, box.left:box.right]
    return to_working_size(ndimage.grey_dilation(labels[window] == stroke, (3, 3)) * ink[window], scale)


def to_working_size(ink: np.ndarray, scale: float) -> np.ndarray:
    """Pads the ink in a line's window by one pixel of paper and scales it, as the line's parts are."""
    padded = np.pad(ink, 1)
    size = max(round(padded.shape[1] * scale), 1), max(round(padded.shape[0] * scale), 1)
    return np.asarray(Image.fromarray(padded.astype(np.float32)).resize(size, Image.Resampling.BOX))


def stroke_width(ink: np.ndarray) -> float:
    """The stroke width of ink `[H, W]` in pixels, from the mean distance to paper between pixel centres."""
    inside = ink > INK
    return max(4.0 * float(ndimage.distance_transform_edt(inside)[inside].mean()) - 2.0, 1.0)


def _slant(strokes: Sequence[np.ndarray], min_height: float) -> float:
    """The median slant of the tall strokes in radians, positive to the right."""
    slants = []
    for ink in strokes:
        rows, columns = np.nonzero(ink > INK)
        if len(rows) and np.ptp(rows) >= min_height:
            down, across = rows - rows.mean(), columns - columns.mean()
            slants.append(np.arctan2(-(down * across).mean(), (down**2).mean() + 1e-9))
    return float(np.clip(np.median(slants), -0.7, 0.7)) if slants else 0.0


def _position(ink: np.ndarray, slope: float) -> float:
    """The middle of a part along the line, after its slant is removed."""
    rows, columns = np.nonzero(ink > INK)
    return float((columns + slope * (rows - len(ink) / 2)).mean())


def _cut(ink: np.ndarray, height: float, slope: float, width: float) -> list[np.ndarray]:
    """Cuts a stroke `[H, W]` along the seams that may separate digits."""
    columns = np.flatnonzero((ink > INK).any(axis=0))
    if np.ptp(columns) + 1 < WIDE * height:
        return [ink]
    cuts: list[np.ndarray] = []
    for seam, crossed in sorted(seams(ink, height, slope), key=lambda found: found[1]):
        if crossed <= MAX_CROSSED * width and len(cuts) < MAX_CUTS and all(
                np.abs(seam - other).mean() > MIN_DISTANCE * height for other in cuts):
            cuts.append(seam)
    return _along_seams(ink, sorted(cuts, key=np.mean), MIN_INK * width**2)


def _along_seams(ink: np.ndarray, cuts: Sequence[np.ndarray], min_ink: float) -> list[np.ndarray]:
    """The pieces of a stroke `[H, W]` from left to right, without cuts that leave too little ink on one side."""
    pieces, rest = [], ink
    for seam in cuts:
        left = np.arange(ink.shape[1])[None] < seam[:, None]
        piece, other = np.where(left, rest, 0.0), np.where(left, 0.0, rest)
        if min((piece > INK).sum(), (other > INK).sum()) > min_ink:
            pieces.append(piece)
            rest = other
    return [*pieces, rest]


def seams(ink: np.ndarray, height: float, slope: float) -> list[tuple[np.ndarray, float]]:
    """Paths from top to bottom through ink `[H, W]`: the columns `[H]` of each, and the ink that it crosses.

    A seam follows the slant of the writing and bends where that avoids ink. Seams start at regular distances
    between the ink's ends.
    """
    columns = np.flatnonzero((ink > INK).any(axis=0))
    upright = slope * ((len(ink) - 1) / 2 - np.arange(len(ink)))
    starts = np.arange(columns[0] + MIN_DISTANCE * height, columns[-1] - MIN_DISTANCE * height, SPACING * height)
    reach = max(round(REACH * height), 2)
    return [_seam(ink, np.rint(start + upright).astype(int), reach) for start in starts]


def _seam(ink: np.ndarray, line: np.ndarray, reach: int) -> tuple[np.ndarray, float]:
    """The path of least ink at most `reach` columns from a line of columns `[H]`."""
    offsets = np.arange(-reach, reach + 1)
    columns = line[:, None] + offsets[None]
    crossed = np.where((columns >= 0) & (columns < ink.shape[1]),
                       np.take_along_axis(ink, np.clip(columns, 0, ink.shape[1] - 1), axis=1), 0.0)
    path = _cheapest(crossed + STRAY * np.abs(offsets))
    return line + offsets[path], float(crossed[np.arange(len(ink)), path].sum())


def _cheapest(cost: np.ndarray) -> np.ndarray:
    """The path of least cost from top to bottom of `[H, W]`, at most one sideways step per row: columns `[H]`."""
    total, steps = cost[0], np.zeros(cost.shape, int)
    for row in range(1, len(cost)):
        padded = np.pad(total, 1, constant_values=np.inf)
        options = np.stack([padded[:-2] + BEND, padded[1:-1], padded[2:] + BEND])
        steps[row], total = options.argmin(axis=0) - 1, options.min(axis=0) + cost[row]
    path = np.empty(len(cost), int)
    path[-1] = total.argmin()
    for row in range(len(cost) - 1, 0, -1):
        path[row - 1] = path[row] + steps[row, path[row]]
    return path


# From parts to digits.


def list_candidates(line: Line) -> list[Candidate]:
    """Every run of up to `MAX_PARTS` parts that is not too wide; a single part may have any width."""
    count = len(line.parts)
    runs = (_candidate(line, first, last) for first in range(count)
            for last in range(first + 1, min(first + MAX_PARTS, count) + 1))
    return [run for run in runs if run.last == run.first + 1 or run.shape[0] <= MAX_WIDTH]


def _candidate(line: Line, first: int, last: int) -> Candidate:
    ink = np.max([part.ink for part in line.parts[first:last]], axis=0)
    rows, columns = np.nonzero(ink > INK)
    extent = np.array([np.ptp(columns) + 1, np.ptp(rows) + 1], np.float32)
    return Candidate(first, last, ink, extent / line.height)


def best_sequence(scores: Mapping[tuple[int, int], float | np.ndarray], parts: int,
                  count: int | None = None) -> list[tuple[int, int]]:
    """The runs `(first, last)` with the largest sum of scores that use up all parts.

    Args:
      scores: of each run: one number, or `[count]` if it depends on the run's index in the sequence.
      parts: the number of parts.
      count: the number of runs in the sequence, if that is known.

    Raises:
      DigitCountError: if the parts cannot form `count` runs.
    """
    best: dict[tuple[int, int], tuple[float, int]] = {(0, 0): (0.0, 0)}  # (parts, runs): (sum, start of last run)
    for (first, last), score in sorted(scores.items(), key=lambda item: item[0][::-1]):
        for runs, each in enumerate(np.broadcast_to(score, count or parts)):
            summed = best.get((first, runs), (-np.inf, 0))[0] + each
            if summed > best.get((last, runs + 1), (-np.inf, 0))[0]:
                best[last, runs + 1] = summed, first
    ends = [runs for end, runs in best if end == parts and count in (None, runs)]
    if not ends:
        raise DigitCountError("the picture", count or 0)
    runs, last, chosen = max(ends, key=lambda runs: best[parts, runs][0]), parts, []
    while last:
        chosen.append((best[last, runs][1], last))
        last, runs = chosen[-1][0], runs - 1
    return chosen[::-1]


def read_line(line: Line, recognisers: Recognisers, count: int | None = None,
              known_digits: Sequence[int] | None = None) -> Reading:
    """Reads a line.

    Args:
      line: from `split_line`.
      recognisers: the networks that read.
      count: the number of digits on the line, if the caller knows it.
      known_digits: the digits on the line, if the caller knows them.

    Raises:
      DigitCountError: if the line cannot be cut into as many digits.
    """
    count = len(known_digits) if known_digits is not None else count
    candidates = list_candidates(line)
    images = np.stack([to_mnist_form(candidate.ink) for candidate in candidates])
    shapes = np.stack([candidate.shape for candidate in candidates])
    digits, features = recognisers.digits.probabilities_and_features(images)
    whole = np.maximum(recognisers.wholeness.probabilities(candidate_features(digits, features, shapes)),
                       MIN_PROBABILITY)
    runs = [(candidate.first, candidate.last) for candidate in candidates]
    each = digits.max(axis=1, keepdims=True) if known_digits is None else digits[:, list(known_digits)]
    scores = dict(zip(runs, np.log(np.maximum(whole[:, None] * each, MIN_PROBABILITY)), strict=True))
    parts = len(line.parts)
    rows = [runs.index(run) for run in best_sequence(scores, parts, count)]
    read = np.asarray(known_digits) if known_digits is not None else digits[rows].argmax(axis=1)
    all_readings = dict(zip(runs, whole, strict=True))
    this_reading = dict(zip(runs, whole[:, None] * digits[:, read], strict=True))
    return Reading(
        candidates=[candidates[row] for row in rows], images=images[rows], digits=read,
        probabilities=digits[rows, read], wholeness=whole[rows],
        confidence=total_weight(this_reading, parts, len(read)) / max(total_weight(all_readings, parts, count), TINY),
        count_probability=(total_weight(all_readings, parts, len(read))
                           / max(total_weight(all_readings, parts), TINY)))


def total_weight(weights: Mapping[tuple[int, int], float | np.ndarray], parts: int, count: int | None = None) -> float:
    """The sum, over all sequences of runs that use up the parts, of the product of the runs' weights.

    A weight is one number, or `[count]` if it depends on the run's index in the sequence.
    """
    sums = {(0, 0): 1.0}
    for (first, last), weight in sorted(weights.items(), key=lambda item: item[0][::-1]):
        for runs, each in enumerate(np.broadcast_to(weight, count or parts)):
            if (first, runs) in sums:
                sums[last, runs + 1] = sums.get((last, runs + 1), 0.0) + sums[first, runs] * float(each)
    return sum(each for (end, runs), each in sums.items() if end == parts and count in (None, runs))
