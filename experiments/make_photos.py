"""Composes photos of numbers, from real glyphs of one writer each, whose truth is known.

$ python -m experiments.make_photos --out photos --count 20 --conditions moderate

Writes NAME.jpg, what was written as NAME.json (digits, their boxes, the page's tilt), and NAME.masks.png, in
which the pixels of the first digit are 1, of the second 2. The same seed makes the same photos.
"""

import io
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from rich.progress import track
from scipy import ndimage

from handwriting_gan.data import sources
from handwriting_gan.data.glyphs import Glyphs
from handwriting_gan.data.hands import rows_by_writer
from handwriting_gan.errors import Flags, InputError, exit_in_one_line, whole_number
from handwriting_gan.files import check_writable, write_atomically
from handwriting_gan.writing.mnist_form import BOX

PAGE = (700, 1_100)  # pixels, height and width
INKS = {"black": (28, 26, 30), "blue": (38, 58, 150), "pencil": (95, 95, 100), "red": (170, 42, 48)}
RULE = (120, 150, 200)  # the colour of ruled lines
OVERLAP = (0.01, 0.06)  # of the ink of digits that touch, of a digit's height
NESTED = 0.3  # of the narrower digit's width, at most, that stands above or below its neighbour
MAX_DIGITS = 8  # of a number
SHRUNK = 0.8  # of its height is a number drawn that is too wide for the page
BLURRED = 1.2  # pixels of a glyph's enlargement over which its edge is soft


class Conditions(NamedTuple):
    """What a photo is like; ranges are drawn from evenly."""

    gaps: tuple[float, float] = (0.15, 0.6)  # between digits, of a digit's height
    touching: int = 0  # pairs of neighbours whose ink overlaps
    heights: tuple[float, float] = (90.0, 190.0)  # pixels of a digit
    tilt: float = 0.0  # degrees at most, either way
    light: tuple[float, float] = (0.0, 0.05)  # lost from one end of the page to the other
    shadow: tuple[float, float] = (0.0, 0.0)  # of the light, lost in a part of the page
    ruling: tuple[str, ...] = ("plain",)  # of plain, ruled, squared
    inks: tuple[str, ...] = ("black", "blue")
    blur: tuple[float, float] = (0.5, 0.8)  # pixels
    noise: float = 1.5  # grey levels
    quality: int = 92  # of JPEG


CONDITIONS = {
    "plain": Conditions(),
    "moderate": Conditions(tilt=5.0, light=(0.2, 0.45), ruling=("ruled",), blur=(0.6, 1.4), noise=4.0,
                           quality=60),
    "touching": Conditions(touching=1),
    "crowded": Conditions(touching=2),
    "hard": Conditions(gaps=(0.08, 0.5), tilt=8.0, light=(0.3, 0.5), shadow=(0.2, 0.4),
                       ruling=("ruled", "squared"), inks=("black", "blue", "pencil", "red"),
                       blur=(0.8, 2.0), noise=6.0, quality=45),
}


class Scene(NamedTuple):
    """A photo and the truth about it."""

    photo: np.ndarray  # uint8 [H, W, 3]
    digits: np.ndarray  # int32 [n], left to right
    masks: np.ndarray  # uint8 [H, W], 1 where the first digit's ink is, 2 the second's
    tilt: float  # degrees, positive as the line rises to the right


def compose_scene(glyphs: Glyphs, conditions: Conditions, rng: np.random.Generator) -> Scene:
    """A page with the glyphs' number on it, as a camera sees it (compression apart)."""
    height = rng.uniform(*conditions.heights)
    layers = _rotated(lay_out(glyphs.images, height, conditions, rng),
                      tilt := rng.uniform(-conditions.tilt, conditions.tilt))
    ink = layers.max(axis=0)
    paper = rng.uniform((228, 226, 218), (250, 248, 244)) * np.ones((*PAGE, 1))
    paper += ndimage.gaussian_filter(rng.normal(0.0, 12.0, PAGE), 2.0)[..., None]
    ruled = _ruling(rng.choice(conditions.ruling), height, tilt, rng)[..., None]
    page = paper * (1.0 - ruled) + np.array(RULE) * ruled
    colour = np.array(INKS[rng.choice(conditions.inks)])
    page = page * (1.0 - ink[..., None]) + colour * ink[..., None]
    page = page * _light(conditions, rng)[..., None]
    page = ndimage.gaussian_filter(page, (rng.uniform(*conditions.blur),) * 2 + (0,))
    page += rng.normal(0.0, conditions.noise, page.shape)
    return Scene(np.clip(np.rint(page), 0, 255).astype(np.uint8), glyphs.digits,
                 np.where(ink > 0.5, layers.argmax(axis=0) + 1, 0).astype(np.uint8), tilt)


def lay_out(images: np.ndarray, height: float, conditions: Conditions,
            rng: np.random.Generator) -> np.ndarray:
    """Each glyph's ink on a page of its own, one beside the other: float `[n, H, W]`, 0 to 1."""
    pieces = [_enlarge(image, height * rng.uniform(0.92, 1.08) / BOX) for image in images]
    wander = np.rint(rng.normal(0.0, 0.04 * height, len(pieces))).astype(int)
    meeting, offsets = set(rng.permutation(len(pieces) - 1)[:conditions.touching].tolist()), [0]
    for place, (left, right) in enumerate(itertools.pairwise(pieces)):
        apart = left.shape[1] + rng.uniform(*conditions.gaps) * height
        if place in meeting:
            closest = _closest(left, right, wander[place], wander[place + 1])
            nested = left.shape[1] - NESTED * min(left.shape[1], right.shape[1])
            apart = max(closest - rng.uniform(*OVERLAP) * height, nested)
        offsets.append(offsets[-1] + round(apart))
    wide = max(offset + piece.shape[1] for offset, piece in zip(offsets, pieces, strict=True))
    tall = max(piece.shape[0] for piece in pieces)
    left = round(rng.uniform(0.1, 0.9) * max(PAGE[1] - wide - 120, 1)) + 60
    if left + wide > PAGE[1]:
        return lay_out(images, SHRUNK * height, conditions, rng)
    bottom = round(rng.uniform(0.3, 0.8) * (PAGE[0] - tall - 160)) + tall + 80
    layers = np.zeros((len(pieces), *PAGE))
    for layer, piece, offset, low in zip(layers, pieces, offsets, wander, strict=True):
        end = bottom + low
        layer[end - piece.shape[0]:end, left + offset:left + offset + piece.shape[1]] = piece
    return layers


def _enlarge(image: np.ndarray, scale: float) -> np.ndarray:
    """A glyph's ink alone, smoothly larger: float `[h, w]`, 0 to 1, its edge a pixel or two wide."""
    rows, columns = np.nonzero(image > 64)
    ink = np.pad(image[rows.min():rows.max() + 1, columns.min():columns.max() + 1], 1)
    size = round(ink.shape[1] * scale), round(ink.shape[0] * scale)
    smooth = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC), float) / 255.0
    return np.clip((smooth - 0.5) * scale / BLURRED / 2.0 + 0.5, 0.0, 1.0)


def _closest(left: np.ndarray, right: np.ndarray, low: int, other_low: int) -> int:
    """How far apart the left edges of two pieces on a line are when their ink just meets."""
    ends = {len(left) - low - row: int(np.flatnonzero(line > 0.5).max())
            for row, line in enumerate(left) if (line > 0.5).any()}
    starts = {len(right) - other_low - row: int(np.flatnonzero(line > 0.5).min())
              for row, line in enumerate(right) if (line > 0.5).any()}
    return max((ends[row] - starts[row] for row in ends.keys() & starts.keys()), default=left.shape[1])


def _rotated(layers: np.ndarray, degrees: float) -> np.ndarray:
    if not degrees:
        return layers
    return np.clip(ndimage.rotate(layers, degrees, axes=(2, 1), reshape=False, order=1), 0.0, 1.0)


def _ruling(kind: str, height: float, tilt: float, rng: np.random.Generator) -> np.ndarray:
    """How much of each pixel ruled lines cover: float `[H, W]`."""
    if kind == "plain":
        return np.zeros(PAGE)
    down, across = np.indices(PAGE)
    angle, spacing = np.deg2rad(tilt), height * rng.uniform(0.5, 1.5)
    strength, thick = rng.uniform(0.35, 0.7), rng.uniform(1.0, 2.2)
    along = [down * np.cos(angle) + across * np.sin(angle)]
    if kind == "squared":
        along.append(across * np.cos(angle) - down * np.sin(angle))
    away = [np.abs((x + rng.uniform(0, spacing)) % spacing - spacing / 2) for x in along]
    return strength * np.max([np.clip(thick / 2 + 0.5 - x, 0.0, 1.0) for x in away], axis=0)


def _light(conditions: Conditions, rng: np.random.Generator) -> np.ndarray:
    """How much of the light falls on each pixel: float `[H, W]`."""
    across = np.linspace(-0.5, 0.5, PAGE[1])[None]
    down = np.linspace(-0.5, 0.5, PAGE[0])[:, None]
    angle, other = rng.uniform(0.0, 2 * np.pi, 2)
    lost = rng.uniform(*conditions.light) * (across * np.cos(angle) + down * np.sin(angle) + 0.5)
    edge = across * np.cos(other) + down * np.sin(other) - rng.uniform(-0.2, 0.2)
    return (1.0 - lost) * (1.0 - rng.uniform(*conditions.shadow) / (1.0 + np.exp(-edge / 0.02)))


def compressed(photo: np.ndarray, quality: int) -> bytes:
    """A photo as a JPEG file."""
    content = io.BytesIO()
    Image.fromarray(photo).save(content, format="JPEG", quality=quality)
    return content.getvalue()


def draw_numbers(glyphs: Glyphs, count: int, length: int, seed: int) -> Iterator[Glyphs]:
    """Numbers of `length` digits, each in the glyphs of one writer, none of them twice in a number."""
    rng = np.random.default_rng(seed)
    hands = [rows for rows in rows_by_writer(glyphs).values() if len(rows) >= length]
    for place in rng.choice(len(hands), count, replace=count > len(hands)):
        yield glyphs.take(rng.permutation(hands[place])[:length])


def draw_scenes(glyphs: Glyphs, conditions: Conditions, count: int, length: int,
                seed: int) -> Iterator[Scene]:
    """So many numbers of `length` digits on a page each; a scene is a function of the seed and its place."""
    for place, number in enumerate(draw_numbers(glyphs, count, length, seed)):
        yield compose_scene(number, conditions, np.random.default_rng((seed, place)))


def boxes(masks: np.ndarray) -> list[list[int]]:
    """Top, left, bottom and right of each digit's ink, the last two excluded."""
    return [[rows.start, columns.start, rows.stop, columns.stop]
            for rows, columns in ndimage.find_objects(masks)]


def main() -> None:
    """Flags in, a folder of photos out."""
    parser = Flags(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="a folder")
    parser.add_argument("--count", type=whole_number(1, 100_000), default=20)
    parser.add_argument("--length", type=whole_number(1, MAX_DIGITS), default=3, help="digits of a number")
    parser.add_argument("--conditions", choices=CONDITIONS, default="moderate")
    parser.add_argument("--split", choices=("validation", "test"), default="test", help="whose writers")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0)
    arguments = parser.parse_args()
    names = [arguments.out / f"{arguments.conditions}_{place:04d}" for place in range(arguments.count)]
    check_folder(names)
    _, held_out = sources.load_both("mnist_writers", arguments.data_folder, arguments.split)
    conditions = CONDITIONS[arguments.conditions]
    scenes = draw_scenes(held_out, conditions, arguments.count, arguments.length, arguments.seed)
    for name, scene in zip(names, track(scenes, total=arguments.count, description="photos"), strict=True):
        _save(scene, name, conditions.quality)
    print(f"{arguments.count} photos in {arguments.out}")


def check_folder(names: Sequence[Path]) -> None:
    """Checks that photos can be saved under `names`, and replace at most photos that were made here.

    Raises:
      InputError: if one cannot be written, or a file is there that does not belong to a photo and its truth.
    """
    for name in names:
        truth, *others = files = _files(name)  # the truth is written first
        if found := [path for path in others if path.exists() and not _is_truth(truth)]:
            raise InputError(f"{found[0]} is there and was not made by this tool; name another --out")
        if truth.exists() and not _is_truth(truth):
            raise InputError(f"{truth} is there and was not made by this tool; name another --out")
        if name == names[0] or any(path.exists() for path in files):
            for path in files:
                check_writable(path)


def _files(name: Path) -> tuple[Path, Path, Path]:
    """Of the truth, the masks and the photo."""
    return name.with_suffix(".json"), name.with_suffix(".masks.png"), name.with_suffix(".jpg")


def _is_truth(path: Path) -> bool:
    """Whether a file is what `_save` writes of a scene."""
    try:
        return json.loads(path.read_bytes()).keys() == {"digits", "boxes", "tilt"}
    except (OSError, ValueError, AttributeError):
        return False


def _save(scene: Scene, name: Path, quality: int) -> None:
    truth, masks, photo = _files(name)
    said = {"digits": scene.digits.tolist(), "boxes": boxes(scene.masks), "tilt": scene.tilt}
    write_atomically(truth, json.dumps(said).encode())
    picture = io.BytesIO()
    Image.fromarray(scene.masks).save(picture, format="PNG")
    write_atomically(masks, picture.getvalue())
    write_atomically(photo, compressed(scene.photo, quality))


if __name__ == "__main__":
    exit_in_one_line(main)
