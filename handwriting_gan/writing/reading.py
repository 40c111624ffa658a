"""Ink into a number: every way to cut touching digits and to join broken ones, scored and compared.

A line of writing falls into parts: its connected strokes, the wide ones cut along seams of little ink. A
digit is one part or a few neighbouring ones. Of all sequences of digits that use up the line, dynamic
programming finds the one whose digits are likeliest to be whole and to be read (Casey & Lecolinet 1996 call
the family recognition-based segmentation). Axes: P parts, C candidates for a digit, n digits read.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy import ndimage

from handwriting_gan.errors import InputError
from handwriting_gan.recognition.digit_classifier import Reader
from handwriting_gan.recognition.wholeness import WholenessJudge, candidate_features
from handwriting_gan.writing.mnist_form import to_mnist_form
from handwriting_gan.writing.segment import INK, Box, Strokes

WORKING_HEIGHT = 56  # pixels of a digit, in which a line is read
TALL = 0.6  # of the tallest stroke: what tells of the line's height and slant
MAX_PARTS = 8  # of one digit
WIDEST = 1.6  # of the line's height: no digit is wider
WIDE = 0.7  # of the line's height: a wider stroke may be several digits
REACH = 0.3  # of the line's height, to either side, within which a seam may bend
SPACING = 0.06  # of the line's height, between the places where seams are tried
APART = 0.1  # of the line's height, on average, between the seams that are kept
MAX_CUTS = 6  # of one stroke
THICKEST_CUT = 3.5  # strokes' widths of ink on a seam
BEND, STRAY = 0.02, 0.001  # pixels of ink that a seam pays for a step aside, for each pixel off its line
MIN_LIKELY, TINY = 1e-6, 1e-300
SURE, WHOLE = 0.9, 0.3  # confidence and wholeness from which a reading is told; chosen on validation writers
MIN_INK = 0.25  # of a stroke's width squared: less is no part of its own


class Part(NamedTuple):
    """Ink that no seam crosses: a digit, or some of one."""

    ink: np.ndarray  # float32 [H, W], of the whole line, 0 where other parts are
    place: float  # along the line, to sort by


class Line(NamedTuple):
    """A line of writing, small, in parts from left to right."""

    parts: list[Part]
    height: float  # of its digits, in its pixels
    scale: float  # its pixels per pixel of the ink that it was made from
    box: Box  # where it was in that ink


class Candidate(NamedTuple):
    """Neighbouring parts as one digit."""

    first: int
    last: int  # excluded
    ink: np.ndarray  # float32 [H, W], of the whole line
    shape: np.ndarray  # float32 [2], its width and height, of the line's height


class Reading(NamedTuple):
    """The best reading of a line, left to right."""

    candidates: list[Candidate]
    images: np.ndarray  # uint8 [n, 28, 28], in MNIST's form
    digits: np.ndarray  # int32 [n]
    probabilities: np.ndarray  # float [n], of each digit, if it is one
    wholeness: np.ndarray  # float [n], how likely each is one digit at all
    confidence: float  # of the number, however cut, among all that the line might be
    counted: float  # how likely the line is of so many digits, for somebody whom nobody told

    @property
    def is_sure(self) -> bool:
        """Whether it may be told, or should be asked about."""
        return self.confidence >= SURE and bool(self.wholeness.min() >= WHOLE)


# A line into parts.


def split_line(ink: np.ndarray, strokes: Strokes) -> Line:
    """The parts of one line of writing: ink float32 `[H, W]`, and which of its strokes they are of.

    Raises:
      InputError: if nothing of them is left at the working size.
    """
    box, tallest = strokes.box, strokes.heights.max()
    height = float(np.median(strokes.heights[strokes.heights >= TALL * tallest]))
    scale = min(WORKING_HEIGHT / height, 1.0)
    small = [piece for name in strokes.names
             if ((piece := _small(ink, strokes.labels, name, box, scale)) > INK).any()]  # a hair may vanish
    if not small:
        raise InputError("the strokes in the picture are too thin for their height; write with a thicker pen")
    whole, high = np.max(small, axis=0), height * scale
    thick, lean = stroke_width(whole), np.tan(_slant(small, TALL * tallest * scale))
    parts = [Part(piece, _place(piece, lean)) for stroke in small
             for piece in _cut(stroke, high, lean, thick)]
    return Line(sorted(parts, key=lambda part: part.place), high, scale, box)


def _small(ink: np.ndarray, labels: np.ndarray, name: int, box: Box, scale: float) -> np.ndarray:
    """One stroke with its soft edge, on the line's own paper with a pixel around, at the working size."""
    window = np.s_[box.top:box.bottom, box.left:box.right]
    return to_working_size(ndimage.grey_dilation(labels[window] == name, (3, 3)) * ink[window], scale)


def to_working_size(ink: np.ndarray, scale: float) -> np.ndarray:
    """What is cut out where a line is, as the line's parts are: with a pixel of paper around, made small."""
    own = np.pad(ink, 1)
    size = max(round(own.shape[1] * scale), 1), max(round(own.shape[0] * scale), 1)
    return np.asarray(Image.fromarray(own.astype(np.float32)).resize(size, Image.Resampling.BOX))


def stroke_width(ink: np.ndarray) -> float:
    """Of ink `[H, W]`, in pixels: four times the mean distance to paper, which is a ridge across a stroke."""
    inside = ink > INK
    return max(4.0 * float(ndimage.distance_transform_edt(inside)[inside].mean()) - 2.0, 1.0)


def _slant(strokes: Sequence[np.ndarray], least: float) -> float:
    """The median lean of the tall strokes, in radians, positive to the right."""
    leans = []
    for ink in strokes:
        rows, columns = np.nonzero(ink > INK)
        if len(rows) and np.ptp(rows) >= least:
            down, across = rows - rows.mean(), columns - columns.mean()
            leans.append(np.arctan2(-(down * across).mean(), (down**2).mean() + 1e-9))
    return float(np.clip(np.median(leans), -0.7, 0.7)) if leans else 0.0


def _place(ink: np.ndarray, lean: float) -> float:
    """The middle of a part along the line, as if it were upright."""
    rows, columns = np.nonzero(ink > INK)
    return float((columns + lean * (rows - len(ink) / 2)).mean())


def _cut(ink: np.ndarray, height: float, lean: float, thick: float) -> list[np.ndarray]:
    """A stroke `[H, W]` along all the seams by which it might have to be cut."""
    columns = np.flatnonzero((ink > INK).any(axis=0))
    if np.ptp(columns) + 1 < WIDE * height:
        return [ink]
    kept: list[np.ndarray] = []
    for seam, crossed in sorted(seams(ink, height, lean), key=lambda found: found[1]):
        if crossed <= THICKEST_CUT * thick and len(kept) < MAX_CUTS and all(
                np.abs(seam - other).mean() > APART * height for other in kept):
            kept.append(seam)
    return _along_seams(ink, sorted(kept, key=np.mean), MIN_INK * thick**2)


def _along_seams(ink: np.ndarray, cuts: Sequence[np.ndarray], least: float) -> list[np.ndarray]:
    """A stroke `[H, W]` in pieces from left to right; a cut that would leave too little on a side is none."""
    pieces, rest = [], ink
    for seam in cuts:
        left = np.arange(ink.shape[1])[None] < seam[:, None]
        piece, other = np.where(left, rest, 0.0), np.where(left, 0.0, rest)
        if min((piece > INK).sum(), (other > INK).sum()) > least:
            pieces.append(piece)
            rest = other
    return [*pieces, rest]


def seams(ink: np.ndarray, height: float, lean: float) -> list[tuple[np.ndarray, float]]:
    """Ways from top to bottom through ink `[H, W]`: columns `[H]`, and how much ink lies on each.

    A seam leans as the writing does and bends where that saves ink. There is one in each place between the
    ink's ends.
    """
    columns = np.flatnonzero((ink > INK).any(axis=0))
    upright = lean * ((len(ink) - 1) / 2 - np.arange(len(ink)))
    starts = np.arange(columns[0] + APART * height, columns[-1] - APART * height, SPACING * height)
    reach = max(round(REACH * height), 2)
    return [_seam(ink, np.rint(start + upright).astype(int), reach) for start in starts]


def _seam(ink: np.ndarray, line: np.ndarray, reach: int) -> tuple[np.ndarray, float]:
    """The way of least ink about a line of columns `[H]`."""
    offsets = np.arange(-reach, reach + 1)
    columns = line[:, None] + offsets[None]
    crossed = np.where((columns >= 0) & (columns < ink.shape[1]),
                       np.take_along_axis(ink, np.clip(columns, 0, ink.shape[1] - 1), axis=1), 0.0)
    path = _cheapest(crossed + STRAY * np.abs(offsets))
    return line + offsets[path], float(crossed[np.arange(len(ink)), path].sum())


def _cheapest(cost: np.ndarray) -> np.ndarray:
    """The path from top to bottom of costs `[H, W]`, at most a step to either side per row: places `[H]`."""
    total, came = cost[0], np.zeros(cost.shape, int)
    for row in range(1, len(cost)):
        padded = np.pad(total, 1, constant_values=np.inf)
        options = np.stack([padded[:-2] + BEND, padded[1:-1], padded[2:] + BEND])
        came[row], total = options.argmin(axis=0) - 1, options.min(axis=0) + cost[row]
    path = np.empty(len(cost), int)
    path[-1] = total.argmin()
    for row in range(len(cost) - 1, 0, -1):
        path[row - 1] = path[row] + came[row, path[row]]
    return path


# Parts into digits.


def list_candidates(line: Line) -> list[Candidate]:
    """Every run of up to `MAX_PARTS` parts that is not too wide; of a single part, however wide."""
    count = len(line.parts)
    runs = (_candidate(line, first, last) for first in range(count)
            for last in range(first + 1, min(first + MAX_PARTS, count) + 1))
    return [run for run in runs if run.last == run.first + 1 or run.shape[0] <= WIDEST]


def _candidate(line: Line, first: int, last: int) -> Candidate:
    ink = np.max([part.ink for part in line.parts[first:last]], axis=0)
    rows, columns = np.nonzero(ink > INK)
    extent = np.array([np.ptp(columns) + 1, np.ptp(rows) + 1], np.float32)
    return Candidate(first, last, ink, extent / line.height)


def best_sequence(scores: Mapping[tuple[int, int], float | np.ndarray], parts: int,
                  count: int | None = None) -> list[tuple[int, int]]:
    """The runs `(first, last)` that use up all parts, `count` of them if that is known, of the largest sum.

    A run's score is one number, or `[count]` where it depends on the place in the sequence.

    Raises:
      InputError: if the parts cannot make so many.
    """
    best: dict[tuple[int, int], tuple[float, int]] = {(0, 0): (0.0, 0)}  # (parts, runs): (sum, last's first)
    for (first, last), score in sorted(scores.items(), key=lambda item: item[0][::-1]):
        for runs, each in enumerate(np.broadcast_to(score, count or parts)):
            summed = best.get((first, runs), (-np.inf, 0))[0] + each
            if summed > best.get((last, runs + 1), (-np.inf, 0))[0]:
                best[last, runs + 1] = summed, first
    ends = [runs for place, runs in best if place == parts and count in (None, runs)]
    if not ends:
        raise InputError(f"the picture cannot be cut into {count} digit{'s' * (count != 1)}; correct "
                         "--reads, or crop the picture to the number")
    runs, last, chosen = max(ends, key=lambda runs: best[parts, runs][0]), parts, []
    while last:
        chosen.append((best[last, runs][1], last))
        last, runs = chosen[-1][0], runs - 1
    return chosen[::-1]


def read_line(line: Line, reader: Reader, judge: WholenessJudge, count: int | None = None,
              told: Sequence[int] | None = None) -> Reading:
    """Reads a line, of `count` digits if that is known, of the digits `told` if those are.

    Raises:
      InputError: if it cannot be cut into so many.
    """
    count = len(told) if told is not None else count
    candidates = list_candidates(line)
    images = np.stack([to_mnist_form(candidate.ink) for candidate in candidates])
    shapes = np.stack([candidate.shape for candidate in candidates])
    digits, features = reader.probabilities_and_features(images)
    whole = np.maximum(judge.probabilities(candidate_features(digits, features, shapes)), MIN_LIKELY)
    runs = [(candidate.first, candidate.last) for candidate in candidates]
    each = digits.max(axis=1, keepdims=True) if told is None else digits[:, list(told)]
    likely = np.maximum(whole[:, None] * each, MIN_LIKELY)
    scores = dict(zip(runs, np.log(likely), strict=True))
    rows = [runs.index(run) for run in best_sequence(scores, len(line.parts), count)]
    read = np.asarray(told) if told is not None else digits[rows].argmax(axis=1)
    parts, wholeness = len(line.parts), dict(zip(runs, whole, strict=True))
    as_read = total(dict(zip(runs, whole[:, None] * digits[:, read], strict=True)), parts, len(read))
    return Reading([candidates[row] for row in rows], images[rows], read, digits[rows, read],
                   whole[rows], as_read / max(total(wholeness, parts, count), TINY),
                   total(wholeness, parts, len(read)) / max(total(wholeness, parts), TINY))


def total(weights: Mapping[tuple[int, int], float | np.ndarray], parts: int,
          count: int | None = None) -> float:
    """The sum, over all sequences of runs that use up the parts, of the product of the runs' weights.

    A run's weight is one number, or `[count]` where it depends on the place in the sequence.
    """
    sums = {(0, 0): 1.0}
    for (first, last), weight in sorted(weights.items(), key=lambda item: item[0][::-1]):
        for runs, each in enumerate(np.broadcast_to(weight, count or parts)):
            if (first, runs) in sums:
                sums[last, runs + 1] = sums.get((last, runs + 1), 0.0) + sums[first, runs] * float(each)
    return sum(each for (place, runs), each in sums.items() if place == parts and count in (None, runs))
