"""Measures how often numbers in composed photos are read correctly, by condition.

$ python -m experiments.read_photos --out experiments/results/photos.md

The numbers have three digits by unseen writers (experiments.make_photos). A reading is confident if `write` would
use it without asking the user. The count of digits is unknown, or known as with `write --reads`.
"""

import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image
from rich.progress import track

from experiments.make_photos import CONDITIONS, compressed, sample_scenes
from handwriting_gan import cache
from handwriting_gan.data import sources
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.report.tables import markdown_table
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing.photo import to_page
from handwriting_gan.writing.reading import Line, Reading, load_recognisers, read_line, split_line
from handwriting_gan.writing.segment import find_strokes, group_numbers

LENGTH = 3  # digits of a number
HEADINGS = ["photos", "digits known", "digits right", "numbers right", "right and confident",
            "wrong and confident"]


class Outcome(NamedTuple):
    """The result for one number."""

    digits: float  # fraction of its digits that were read, in order
    right: bool
    confident: bool


def main() -> None:
    """Flags in, a table out."""
    parser = Flags(__doc__, example="python -m experiments.read_photos --out experiments/results/photos.md")
    parser.add_argument("--count", type=whole_number(1), default=200,
                        help="photos of each condition; default: %(default)s")
    parser.add_argument("--split", choices=("validation", "test"), default="test",
                        help="which writers; default: %(default)s")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0, help="default: %(default)s")
    parser.add_argument("--out", type=local_path, help="Markdown file to write; default: only printed")
    arguments = parser.parse_args()
    if arguments.out:
        check_output(arguments.out, ".md", begins=r"\| photos \|")
    cache.keep_compiled()
    _, held_out = sources.load_both("mnist_writers", arguments.data_folder, arguments.split)
    recognisers = load_recognisers()
    outcomes: dict[str, tuple[list[Outcome], list[Outcome]]] = {}
    for kind, conditions in CONDITIONS.items():
        unknown, known = outcomes.setdefault(kind, ([], []))
        scenes = sample_scenes(held_out, conditions, arguments.count, LENGTH, arguments.seed)
        for scene in track(scenes, kind, arguments.count):
            line = line_in(compressed(scene.photo, conditions.quality))
            unknown.append(outcome(scene.digits, line, lambda line: read_line(line, recognisers)))
            known.append(outcome(scene.digits, line, lambda line: read_line(line, recognisers, LENGTH)))
    outcomes["all"] = ([each for unknown, _ in outcomes.values() for each in unknown],
                       [each for _, known in outcomes.values() for each in known])
    rows = [[kind, known, *rates(column)] for kind, columns in outcomes.items()
            for known, column in zip(("no", "yes"), columns, strict=True)]
    table = (markdown_table(HEADINGS, rows) + f"\n\n{arguments.count} numbers of {LENGTH} digits a row, "
             f"{arguments.split} writers, seed {arguments.seed}. Digit classifier {recognisers.digits.sha256[:12]}, "
             f"wholeness {recognisers.wholeness.sha256[:12]}.\n")
    print(table)
    if arguments.out:
        write_atomically(arguments.out, table.encode())


def line_in(photo: bytes) -> Line | None:
    """The line in the bytes of a photo file; None if no ink, or more than one number, is found."""
    try:
        ink = to_page(np.asarray(Image.open(io.BytesIO(photo)).convert("RGB"))).ink
        numbers = group_numbers(find_strokes(ink))
    except InputError:
        return None
    return split_line(ink, numbers[0]) if len(numbers) == 1 else None


def outcome(truth: np.ndarray, line: Line | None, read: Callable[[Line], Reading]) -> Outcome:
    """The outcome of reading a line with `read`."""
    try:
        reading: Reading | None = read(line) if line else None
    except InputError:
        reading = None
    if reading is None:
        return Outcome(0.0, False, False)
    found = reading.digits.tolist()
    return Outcome(in_order(truth.tolist(), found) / len(truth), found == truth.tolist(), reading.is_sure)


def in_order(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the longest common subsequence."""
    lengths = [0] * (len(other) + 1)
    for digit in one:
        before = lengths.copy()
        for index, match in enumerate(other):
            lengths[index + 1] = before[index] + 1 if digit == match else max(
                before[index + 1], lengths[index])
    return lengths[-1]


def rates(outcomes: Sequence[Outcome]) -> list[str]:
    """The percentages of a table row."""
    digits, right, confident = (np.array(column, float) for column in zip(*outcomes, strict=True))
    return [f"{column.mean():.1%}" for column in (digits, right, right * confident, (1 - right) * confident)]


if __name__ == "__main__":
    exit_in_one_line(main)
