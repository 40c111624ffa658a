"""What a photo shows beside the ink: uneven light, ruled lines, a page that was held askew.

Darkness is how much of the paper's light a pixel lacks, 0 to 1, whatever light fell on it.
"""

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu

THUMBNAIL = 256  # pixels of the longer side in which the light is estimated
WIDE, STROKES = 0.25, 4.0  # what is narrower is no shadow: of the shorter side; then in widths of a stroke
MIN_CLOSING = 5  # pixels of the thumbnail
LARGEST_TILT, STEP = 12.0, 0.25  # degrees
FAINT = 0.25  # darkness up to which ink counts in the search for ruled lines, which are faint
STANDS_OUT = 6.0  # times the usual energy of jumps from line to line: the angle at which lines are
MIN_RULE = 0.05  # darkness of a ruled line for most of its length, which strokes in a row do not have
EVERY = 8  # pixels along a ruled line
MIN_INK = 0.1  # in which paper cannot be seen
FINE = 400  # pixels of the shorter side in which bare paper is made
NEAR = 0.3  # of a picture's shorter side: how far along a line tells how much light it takes
LONG = 0.6  # of the page across or down: a ruled line is longer than half of that, a stroke is not


def darkness(photo: np.ndarray) -> np.ndarray:
    """How much of its light each pixel of a photo uint8 `[H, W, 3]` lacks: float32 `[H, W]`."""
    return np.clip(1.0 - _seen(photo).mean(axis=-1), 0.0, 1.0)


def _seen(photo: np.ndarray) -> np.ndarray:
    """What of the light that falls on it each pixel of a photo sends back: float32 `[H, W, 3]`."""
    return photo / _light(photo)


def _light(photo: np.ndarray) -> np.ndarray:
    """The light on a photo uint8 `[H, W, 3]`: float32, in grey levels.

    It is what a morphological closing leaves of the photo: first one wider than any stroke, then, when one
    knows how wide strokes are, a narrower one that follows the edges of shadows.
    """
    side = min(photo.shape[:2]) * THUMBNAIL / max(photo.shape[:2])
    small = thumbnail(photo)
    first = _closing(small, WIDE * side)
    lacking = 1.0 - (small / first).mean(axis=-1)
    marked = lacking > threshold_otsu(lacking)
    stroke = 2.0 * np.percentile(ndimage.distance_transform_edt(marked)[marked], 95) if marked.any() else side
    light = _closing(small, min(STROKES * stroke, WIDE * side))
    return _enlarged(light, photo)


def thumbnail(photo: np.ndarray) -> np.ndarray:
    """A photo uint8 `[H, W, 3]` made small: float32, 1 to 255."""
    height, width = photo.shape[:2]
    scale = min(THUMBNAIL / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.maximum(np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX), np.float32), 1.0)


def _closing(small: np.ndarray, extent: float) -> np.ndarray:
    """The light around what is narrower than `extent` pixels, channel by channel, smoothly."""
    side = max(int(extent) | 1, MIN_CLOSING)
    return np.stack([ndimage.gaussian_filter(ndimage.grey_closing(channel, (side, side)), side / 6)
                     for channel in np.moveaxis(small, -1, 0)], axis=-1)


def _resized(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))


def is_dark(grey: np.ndarray) -> bool:
    """Whether light strokes stand on a dark ground: grey levels `[H, W]`, of a picture made small.

    Ink is the rarer of the two and far from the ground, so what differs from its surroundings is skewed
    towards the ink.
    """
    away = grey - ndimage.gaussian_filter(grey, WIDE * min(grey.shape))
    return bool(((away - away.mean())**3).mean() > 0.0)


def ruling_tilt(lacking: np.ndarray) -> float | None:
    """By how many degrees ruled lines in darkness `[H, W]` rise to the right; None where there are none."""
    scale = max(min(lacking.shape) // 350, 1)
    faint = np.minimum(lacking, FAINT)
    faint = faint[:faint.shape[0] // scale * scale, :faint.shape[1] // scale * scale]
    faint = faint.reshape(faint.shape[0] // scale, scale, -1, scale).max(axis=(1, 3))
    angles = np.arange(-LARGEST_TILT, LARGEST_TILT + STEP, STEP)
    energy = np.array([np.square(np.diff(_along(faint, angle).mean(axis=1))).sum() for angle in angles])
    best = energy.argmax()
    strongest = np.median(_along(faint, angles[best]), axis=1).max()
    if energy[best] < STANDS_OUT * np.median(energy) or strongest < MIN_RULE:
        return None
    return float(angles[best])


def _along(faint: np.ndarray, degrees: float) -> np.ndarray:
    """The pixels along each line that rises by so much to the right: `[H, W]`, 0 beyond the edges."""
    height, width = faint.shape
    fall = np.tan(np.deg2rad(degrees)) * (np.arange(width) - width / 2)
    rows = np.rint(np.arange(height)[:, None] - fall[None]).astype(int)
    inside = (rows >= 0) & (rows < height)
    return np.where(inside, faint[np.clip(rows, 0, height - 1), np.arange(width)[None]], 0.0)


def upright(plane: np.ndarray, degrees: float, fill: float | tuple[int, ...] = 0.0,
            whole: bool = False) -> np.ndarray:
    """A plane `[H, W]`, or colours `[H, W, 3]`, turned so that what rose by `degrees` to the right is level.

    Its size stays, or if it is to be `whole` grows so that nothing is lost; `fill` comes in at the corners.
    """
    if not degrees:
        return plane
    quality = Image.Resampling.BICUBIC if plane.ndim == 2 else Image.Resampling.BILINEAR  # a photo is large
    return np.asarray(Image.fromarray(plane).rotate(-degrees, quality, whole, fillcolor=fill))


def without_rules(lacking: np.ndarray) -> np.ndarray:
    """Darkness `[H, W]` without ruled lines, which are level or plumb and longer than any stroke.

    A long median along a line sees the line and no stroke; where a stroke crosses it, what is left is what
    the ink takes of the light that the line leaves.
    """
    for axis in (1, 0):
        rule = _long_median(lacking, axis)
        lacking = (lacking - rule) / np.maximum(1.0 - rule, 0.05)
    return np.clip(lacking, 0.0, 1.0)


def _long_median(plane: np.ndarray, axis: int) -> np.ndarray:
    """A running median along an axis, from every eighth pixel of it, for it changes slowly."""
    few = plane.take(np.arange(0, plane.shape[axis], EVERY), axis)
    size = [1, 1]
    size[axis] = int(LONG * few.shape[axis]) | 1
    return np.repeat(ndimage.median_filter(few, size, mode="nearest"), EVERY, axis).take(
        np.arange(plane.shape[axis]), axis)


def bare(photo: np.ndarray, ink: np.ndarray, edge: int, dark: bool = False) -> np.ndarray:
    """A photo uint8 `[H, W, 3]` without its ink float `[H, W]`, 0 to 1: paper alone.

    Where ink was, or its soft edge of so many pixels, there is the light that fell there, less what level and
    plumb lines take of it, and the grain of the paper beside it. `dark` paper has light ink.
    """
    return 255 - _bare(255 - photo, ink, edge) if dark else _bare(photo, ink, edge)


def _bare(photo: np.ndarray, ink: np.ndarray, edge: int) -> np.ndarray:
    """What is smooth, and where to look for grain, is found in a smaller picture, which is much faster."""
    step = max(min(photo.shape[:2]) // FINE, 1)
    inked = ndimage.maximum_filter(ink[::step, ::step], 2 * -(-edge // step) + 1) > MIN_INK
    smooth = _enlarged(_smooth(np.asarray(Image.fromarray(photo).reduce(step)), ~inked), photo)
    if inked.all():
        return np.rint(smooth).astype(np.uint8)
    share = ndimage.uniform_filter(_enlarged(inked.astype(np.float32), photo), edge)
    rows, columns = here = np.nonzero(share)
    beside = tuple(np.minimum(place[rows // step, columns // step] * step + at % step, extent - 1)
                   for place, at, extent in zip(_beside(inked), here, photo.shape, strict=False))
    part, found = share[here][:, None], photo.copy()
    paper = smooth[here] + photo[beside] - smooth[beside]
    found[here] = np.clip(np.rint(photo[here] * (1.0 - part) + paper * part), 0, 255)
    return found


def _smooth(photo: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Paper `[H, W, 3]` without grain, as what is clear of ink (bool `[H, W]`) tells: light less lines."""
    light, reach = _light(photo), int(NEAR * min(photo.shape[:2])) | 1
    seen = photo / light
    return light * _near(seen, clear, reach, 1) * _near(seen, clear, reach, 0)


def _enlarged(plane: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """A plane float32 `[h, w]`, or three `[h, w, 3]`, as large as a photo `[H, W, 3]`."""
    if plane.ndim == 2:
        return _resized(plane, photo.shape[1::-1])
    return np.stack([_resized(plane[..., channel], photo.shape[1::-1]) for channel in range(3)], axis=-1)


def _near(seen: np.ndarray, clear: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """The mean of `[H, W, 3]` along an axis near each pixel, where it is clear; 1 where nothing is."""
    weight = ndimage.uniform_filter1d(clear.astype(np.float32), reach, axis)[..., None]
    total = ndimage.uniform_filter1d(np.where(clear[..., None], seen, 0.0), reach, axis)
    return np.where(weight > 0.5 / reach, total / np.maximum(weight, 0.5 / reach), 1.0)


def _beside(inked: np.ndarray) -> tuple[np.ndarray, ...]:
    """For each pixel of bool `[H, W]` one without ink: itself, or what mirrors it at the ink's edge."""
    edge = ndimage.distance_transform_edt(inked, return_distances=False, return_indices=True)
    beyond = [np.clip(2 * to - here, 0, extent - 1)
              for to, here, extent in zip(edge, np.indices(inked.shape), inked.shape, strict=True)]
    return tuple(np.where(inked[tuple(beyond)], edge, beyond))
