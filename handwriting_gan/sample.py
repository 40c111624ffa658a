"""Redraws handwritten digits with a trained system, in the style of references or in random styles.

$ python -m handwriting_gan.sample --workdir runs/stargan_v2 --sources 273.jpg --references 481.jpg --out grid.png
"""

import argparse
from collections.abc import Iterable, Iterator

import numpy as np

from handwriting_gan import cache
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.pictures import MAGNIFICATION, Sheet, cross_sheet, png_of_sheet, save_animation
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import local_path, write_atomically
from handwriting_gan.synthesis import trained_model
from handwriting_gan.synthesis.trained_model import TrainedModel
from handwriting_gan.workdir.outputs import check_output
from handwriting_gan.writing.number import parse_number, read_hand
from handwriting_gan.writing.reading import DigitCountError, Recognisers, load_recognisers

MAX_STYLES = 100
FRAMES = 12  # of an animation, from one style to the next


def main() -> None:
    """Flags in, one call."""
    arguments = _parse()
    cache.keep_compiled()
    model, digits = trained_model.load(arguments.workdir), np.array(parse_number(arguments.digits))
    _check_mode(model, "reference" if arguments.references else "latent")
    recognisers = load_recognisers()
    sources = _join(read_hand(picture, recognisers).glyphs for picture in arguments.sources)
    references = _read_references(arguments, recognisers) if arguments.references else None
    if arguments.interpolate:
        frames = (reference_frames(model, sources, references, arguments.seed) if references else
                  latent_frames(model, sources, digits, arguments.styles, arguments.seed))
        magnify = np.ones((MAGNIFICATION, MAGNIFICATION), np.uint8)
        save_animation(arguments.out, [np.kron(frame.ink, magnify) for frame in frames])
    else:
        grid = (reference_grid(model, sources, references, arguments.seed) if references else
                latent_grid(model, sources, digits, arguments.styles, arguments.seed))
        write_atomically(arguments.out, png_of_sheet(grid))
    shown = {"sources": sources} | ({"references": references} if references else {})
    print("; ".join(f"{name}: {''.join(map(str, glyphs.digits))}" for name, glyphs in shown.items()),
          f"picture: {arguments.out}", sep="; ")


def reference_grid(model: TrainedModel, sources: Glyphs, references: Glyphs, seed: int) -> Sheet:
    """Sources `[S]` down, references `[R]` across: each source as the reference's digit in its style."""
    down, across = _grid(len(sources.digits), len(references.digits))
    images = model.reference_guided(sources.take(down), references.take(across), seed)
    return cross_sheet(_rows(images, sources), sources.images, references.images)


def latent_grid(model: TrainedModel, sources: Glyphs, digits: np.ndarray, styles: int, seed: int) -> Sheet:
    """Sources `[S]` down, `styles` random styles of each of the digits across; a column has one style."""
    down, across = _grid(len(sources.digits), len(digits) * styles)
    images = model.latent_guided(sources.take(down), digits[across // styles], seed, across % styles)
    label = f"{styles} random style{'s' * (styles > 1)} of each digit: {''.join(map(str, digits))}"
    return cross_sheet(_rows(images, sources), sources.images, top_label=label)


def reference_frames(model: TrainedModel, sources: Glyphs, references: Glyphs, seed: int) -> Iterator[Sheet]:
    """Sources `[S]` in the style of each reference `[R]`, R > 1, with interpolated styles between them."""
    for start, share in _way(len(references.digits)):
        here, there = (references.take(np.full(len(sources.digits), number)) for number in (start, start + 1))
        images = model.reference_guided(sources, here, seed, there, share)
        yield cross_sheet(_rows(images, sources), sources.images)


def latent_frames(model: TrainedModel, sources: Glyphs, digits: np.ndarray, styles: int,
                  seed: int) -> Iterator[Sheet]:
    """Sources `[S]` as each of the digits in `styles` > 1 random styles, with interpolated latents between them."""
    down, across = _grid(len(sources.digits), len(digits))
    for start, share in _way(styles):
        here, there = (np.full(len(down), number) for number in (start, start + 1))
        images = model.latent_guided(sources.take(down), digits[across], seed, here, there, share)
        yield cross_sheet(_rows(images, sources), sources.images)


def _way(stops: int) -> Iterator[tuple[int, float]]:
    """For each frame the style that it comes from, and the fraction of the way to the next style."""
    for frame in range((stops - 1) * FRAMES):
        yield frame // FRAMES, frame % FRAMES / FRAMES
    yield stops - 2, 1.0


def _grid(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The row and the column of each cell, row by row: int `[rows x columns]`, twice."""
    down, across = np.divmod(np.arange(rows * columns), columns)
    return down, across


def _rows(images: np.ndarray, sources: Glyphs) -> np.ndarray:
    """Glyphs as one row for each source: uint8 `[S, C, 28, 28]`."""
    return images.reshape(len(sources.digits), -1, *images.shape[1:])


def _join(hands: Iterable[Glyphs]) -> Glyphs:
    return Glyphs(*map(np.concatenate, zip(*hands, strict=True)))


def _check_mode(model: TrainedModel, mode: str) -> None:
    """Checks that the model has a guided mode.

    Raises:
      InputError: if it has not; the message says what the model can do instead.
    """
    if mode in model.modes:
        return
    guided = {"latent": "leave out --references", "reference": "give --references"}
    instead = [does for name, does in guided.items() if name in model.modes]
    if "writer" in model.modes:
        instead.append("use python -m handwriting_gan.write")
    raise InputError(f"{model.config.method} has no {mode} mode; {' or '.join(instead) or 'name another --workdir'}")


def _read_references(arguments: argparse.Namespace, recognisers: Recognisers) -> Glyphs:
    """The glyphs of all references; their digits decide what is drawn.

    Raises:
      InputError: if a reading is not sure, or there is one reference and --interpolate.
    """
    numbers, hands = arguments.reads or [None] * len(arguments.references), []
    for picture, number in zip(arguments.references, numbers, strict=True):
        try:
            hand = read_hand(picture, recognisers, number)
        except DigitCountError as error:
            raise InputError(f"{error}, or correct --reads {number}") from error
        if not hand.is_sure:
            read = "".join(map(str, hand.glyphs.digits))
            raise InputError(f"{picture} might read {read}, but that is a guess; give the numbers of all references, "
                             "in their order, as in --reads 481 902")
        hands.append(hand.glyphs)
    references = _join(hands)
    if arguments.interpolate and len(references.digits) < 2:
        raise InputError("--interpolate needs two references or more, and the pictures show one digit")
    return references


def _parse() -> argparse.Namespace:
    parser = Flags(
        "Redraws the digits in pictures with a trained system: as the references' digits in their styles, or without "
        "references as any digits in random styles. Rows are sources, columns references or random styles.",
        example="python -m handwriting_gan.sample --workdir runs/stargan_v2 --sources 273.jpg --references 481.jpg "
                "--out grid.png")
    parser.add_argument("--workdir", type=local_path, required=True, help="workdir of a trained system (required)")
    parser.add_argument("--sources", type=local_path, nargs="+", required=True, metavar="PICTURE",
                        help="photos or scans of numbers whose digits to redraw (required)")
    parser.add_argument("--references", type=local_path, nargs="+", metavar="PICTURE",
                        help="photos or scans of numbers in the styles to use; default: random styles")
    parser.add_argument("--reads", nargs="+", metavar="NUMBER",
                        help="the number that each reference picture shows, in their order; default: recognised")
    parser.add_argument("--digits", metavar="NUMBER", help="without references: digits to draw; default: 0123456789")
    parser.add_argument("--styles", type=whole_number(1, MAX_STYLES), metavar="N",
                        help="without references: random styles of each digit; default: 3")
    parser.add_argument("--seed", type=whole_number(0), default=0, help="of the random styles; default: %(default)s")
    parser.add_argument("--interpolate", action="store_true",
                        help="save an animation that passes from each style to the next")
    parser.add_argument("--out", type=local_path, required=True,
                        help="file to write: PNG, or GIF with --interpolate (required)")
    arguments = parser.parse_args()
    if arguments.references and (arguments.digits or arguments.styles):
        parser.error("--digits and --styles are for random styles, without --references")
    if arguments.reads and len(arguments.reads) != len(arguments.references or []):
        parser.error("--reads needs one number for each picture of --references")
    arguments.digits, arguments.styles = arguments.digits or "0123456789", arguments.styles or 3
    if arguments.interpolate and not arguments.references and arguments.styles < 2:
        parser.error("--interpolate needs --styles 2 or more")
    check_output(arguments.out, ".gif" if arguments.interpolate else ".png",
                 inputs=[*arguments.sources, *(arguments.references or [])])
    return arguments


def run() -> None:
    """The console script."""
    exit_in_one_line(main)


if __name__ == "__main__":
    run()
