"""Composes photos of numbers with known contents, each from real glyphs of one writer.

$ python -m experiments.make_photos --out photos --count 20 --conditions moderate

Saves NAME.jpg, its ground truth as NAME.json (digits, their boxes, the page's tilt), and NAME.masks.png, in
which the pixels of the first digit are 1 and those of the second are 2. The same seed makes the same photos.
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
from handwriting_gan.files import check_writable, local_path, write_atomically
from handwriting_gan.writing.mnist_form import BOX

PAGE = (700, 1_100)  # pixels, height and width
INKS = {"black": (28, 26, 30), "blue": (38, 58, 150), "pencil": (95, 95, 100), "red": (170, 42, 48)}
RULE = (120, 150, 200)  # the colour of ruled lines
OVERLAP = (0.01, 0.06)  # of a digit's height: overlap of the ink of digits that touch
MAX_NESTED = 0.3  # of the narrower digit's width: part above or below its neighbour
MAX_DIGITS = 8  # of a number
SHRINK = 0.8  # factor of the height of a number that is too wide for the page
SOFT_EDGE = 1.2  # pixels of an enlarged glyph over which its edge is soft


class Conditions(NamedTuple):
    """The properties of a photo; values are sampled uniformly from ranges."""

    gaps: tuple[float, float] = (0.15, 0.6)  # between digits, of a digit's height
    touching: int = 0  # pairs of neighbours whose ink overlaps
    heights: tuple[float, float] = (90.0, 190.0)  # pixels of a digit
    tilt: float = 0.0  # degrees at most, either way
    light: tuple[float, float] = (0.0, 0.05)  # fraction lost from one end of the page to the other
    shadow: tuple[float, float] = (0.0, 0.0)  # fraction of the light lost in a part of the page
    ruling: tuple[str, ...] = ("plain",)  # plain, ruled or squared
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
    """A photo and its ground truth."""

    photo: np.ndarray  # uint8 [H, W, 3]
    digits: np.ndarray  # int32 [n], left to right
    masks: np.ndarray  # uint8 [H, W], 1 at the first digit's ink, 2 at the second's
    tilt: float  # degrees, positive as the line rises to the right


def compose_scene(glyphs: Glyphs, conditions: Conditions, rng: np.random.Generator) -> Scene:
    """A photo of a page with the glyphs as a number, before compression."""
    height = rng.uniform(*conditions.heights)
    layers = _rotated(place_glyphs(glyphs.images, height, conditions, rng),
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


def place_glyphs(images: np.ndarray, height: float, conditions: Conditions,
                 rng: np.random.Generator) -> np.ndarray:
    """The ink of each glyph on its own layer of the page, side by side: float `[n, H, W]`, 0 to 1."""
    pieces = [_enlarge(image, height * rng.uniform(0.92, 1.08) / BOX) for image in images]
    wander = np.rint(rng.normal(0.0, 0.04 * height, len(pieces))).astype(int)
    touching, lefts = set(rng.permutation(len(pieces) - 1)[:conditions.touching].tolist()), [0]
    for index, (one, other) in enumerate(itertools.pairwise(pieces)):
        distance = one.shape[1] + rng.uniform(*conditions.gaps) * height
        if index in touching:
            closest = _closest(one, other, wander[index], wander[index + 1])
            nested = one.shape[1] - MAX_NESTED * min(one.shape[1], other.shape[1])
            distance = max(closest - rng.uniform(*OVERLAP) * height, nested)
        lefts.append(lefts[-1] + round(distance))
    width = max(left + piece.shape[1] for left, piece in zip(lefts, pieces, strict=True))
    tallest = max(piece.shape[0] for piece in pieces)
    start = round(rng.uniform(0.1, 0.9) * max(PAGE[1] - width - 120, 1)) + 60
    if start + width > PAGE[1]:
        return place_glyphs(images, SHRINK * height, conditions, rng)
    baseline = round(rng.uniform(0.3, 0.8) * (PAGE[0] - tallest - 160)) + tallest + 80
    layers = np.zeros((len(pieces), *PAGE))
    for layer, piece, left, low in zip(layers, pieces, lefts, wander, strict=True):
        end = baseline + low
        layer[end - piece.shape[0]:end, start + left:start + left + piece.shape[1]] = piece
    return layers


def _enlarge(image: np.ndarray, scale: float) -> np.ndarray:
    """The ink of a glyph, enlarged smoothly: float `[h, w]`, 0 to 1, with an edge one or two pixels wide."""
    rows, columns = np.nonzero(image > 64)
    ink = np.pad(image[rows.min():rows.max() + 1, columns.min():columns.max() + 1], 1)
    size = round(ink.shape[1] * scale), round(ink.shape[0] * scale)
    smooth = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC), float) / 255.0
    return np.clip((smooth - 0.5) * scale / SOFT_EDGE / 2.0 + 0.5, 0.0, 1.0)


def _closest(left: np.ndarray, right: np.ndarray, low: int, other_low: int) -> int:
    """The distance of the left edges of two pieces on a line at which their ink just touches."""
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
    """The fraction of each pixel that ruled lines cover: float `[H, W]`."""
    if kind == "plain":
        return np.zeros(PAGE)
    down, across = np.indices(PAGE)
    angle, spacing = np.deg2rad(tilt), height * rng.uniform(0.5, 1.5)
    strength, thickness = rng.uniform(0.35, 0.7), rng.uniform(1.0, 2.2)
    distances = [down * np.cos(angle) + across * np.sin(angle)]
    if kind == "squared":
        distances.append(across * np.cos(angle) - down * np.sin(angle))
    from_line = [np.abs((x + rng.uniform(0, spacing)) % spacing - spacing / 2) for x in distances]
    return strength * np.max([np.clip(thickness / 2 + 0.5 - x, 0.0, 1.0) for x in from_line], axis=0)


def _light(conditions: Conditions, rng: np.random.Generator) -> np.ndarray:
    """The fraction of the light on each pixel: float `[H, W]`."""
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


def sample_numbers(glyphs: Glyphs, count: int, length: int, seed: int) -> Iterator[Glyphs]:
    """Samples numbers of `length` digits, each from distinct glyphs of one writer."""
    rng = np.random.default_rng(seed)
    hands = [rows for rows in rows_by_writer(glyphs).values() if len(rows) >= length]
    for writer in rng.choice(len(hands), count, replace=count > len(hands)):
        yield glyphs.take(rng.permutation(hands[writer])[:length])


def sample_scenes(glyphs: Glyphs, conditions: Conditions, count: int, length: int,
                  seed: int) -> Iterator[Scene]:
    """Samples `count` scenes of numbers of `length` digits; a scene depends on the seed and its index only."""
    for index, number in enumerate(sample_numbers(glyphs, count, length, seed)):
        yield compose_scene(number, conditions, np.random.default_rng((seed, index)))


def boxes(masks: np.ndarray) -> list[list[int]]:
    """Top, left, bottom and right of each digit's ink; bottom and right are exclusive."""
    return [[rows.start, columns.start, rows.stop, columns.stop]
            for rows, columns in ndimage.find_objects(masks)]


def main() -> None:
    """Flags in, a folder of photos out."""
    parser = Flags(__doc__, example="python -m experiments.make_photos --out photos --count 20 --conditions moderate")
    parser.add_argument("--out", type=local_path, required=True, help="folder to write to (required)")
    parser.add_argument("--count", type=whole_number(1, 100_000), default=20,
                        help="how many photos; default: %(default)s")
    parser.add_argument("--length", type=whole_number(1, MAX_DIGITS), default=3,
                        help="digits of a number; default: %(default)s")
    parser.add_argument("--conditions", choices=CONDITIONS, default="moderate",
                        help="how difficult the photos are; default: %(default)s")
    parser.add_argument("--split", choices=("validation", "test"), default="test",
                        help="which writers; default: %(default)s")
    parser.add_argument("--data_folder", help=sources.FOLDER_HELP)
    parser.add_argument("--seed", type=whole_number(0), default=0, help="default: %(default)s")
    arguments = parser.parse_args()
    names = [arguments.out / f"{arguments.conditions}_{index:04d}" for index in range(arguments.count)]
    check_folder(names)
    _, held_out = sources.load_both("mnist_writers", arguments.data_folder, arguments.split)
    conditions = CONDITIONS[arguments.conditions]
    scenes = sample_scenes(held_out, conditions, arguments.count, arguments.length, arguments.seed)
    for name, scene in zip(names, track(scenes, total=arguments.count, description="photos"), strict=True):
        _save(scene, name, conditions.quality)
    print(f"{arguments.count} photos in {arguments.out}")


def check_folder(names: Sequence[Path]) -> None:
    """Checks that photos can be saved under `names`, and overwrite only photos that this tool made.

    Raises:
      InputError: if one cannot be written, or a file exists that this tool did not make.
    """
    for name in names:
        truth, *others = files = _files(name)  # the ground truth is written first
        if found := [path for path in others if path.exists() and not _is_truth(truth)]:
            raise InputError(f"{found[0]} exists and was not made by this tool; name another --out")
        if truth.exists() and not _is_truth(truth):
            raise InputError(f"{truth} exists and was not made by this tool; name another --out")
        if name == names[0] or any(path.exists() for path in files):
            for path in files:
                check_writable(path)


def _files(name: Path) -> tuple[Path, Path, Path]:
    """The files of the ground truth, the masks and the photo."""
    return name.with_suffix(".json"), name.with_suffix(".masks.png"), name.with_suffix(".jpg")


def _is_truth(path: Path) -> bool:
    """Whether a file is the ground truth that `_save` writes for a scene."""
    try:
        return json.loads(path.read_bytes()).keys() == {"digits", "boxes", "tilt"}
    except (OSError, ValueError, AttributeError):
        return False


def _save(scene: Scene, name: Path, quality: int) -> None:
    truth, masks, photo = _files(name)
    content = {"digits": scene.digits.tolist(), "boxes": boxes(scene.masks), "tilt": scene.tilt}
    write_atomically(truth, json.dumps(content).encode())
    picture = io.BytesIO()
    Image.fromarray(scene.masks).save(picture, format="PNG")
    write_atomically(masks, picture.getvalue())
    write_atomically(photo, compressed(scene.photo, quality))


if __name__ == "__main__":
    exit_in_one_line(main)
