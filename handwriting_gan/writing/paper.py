"""Models the paper of a photo: uneven light, ruled lines and tilt.

The darkness of a pixel is the fraction of the incident light that it does not reflect, 0 to 1.
"""

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu

THUMBNAIL = 256  # pixels of the longer side of the picture in which the light is estimated
WIDE, STROKES = 0.25, 4.0  # widths of the closings: of the shorter side; in stroke widths
MIN_CLOSING = 5  # pixels of the thumbnail
MAX_TILT, STEP = 12.0, 0.25  # degrees
FAINT = 0.25  # darkness at which pixels are clipped in the search for ruled lines, which are faint
MIN_ENERGY = 6.0  # times the median: the energy of differences between rows at the angle of ruled lines
MIN_RULE = 0.05  # median darkness along a ruled line; along a row of strokes it is lower
EVERY = 8  # a running median along ruled lines uses every eighth pixel
MIN_INK = 0.1  # a pixel with more ink does not show paper
FINE = 400  # pixels of the shorter side of the picture in which smooth paper is estimated
NEAR = 0.3  # of the picture's shorter side: range along a line in which its light is averaged
LONG = 0.6  # of the page's extent: a ruled line covers more than half of this range, a stroke does not


def darkness(photo: np.ndarray) -> np.ndarray:
    """The darkness of each pixel of a photo uint8 `[H, W, 3]`: float32 `[H, W]`."""
    return np.clip(1.0 - (photo / _light(photo)).mean(axis=-1), 0.0, 1.0)


def _light(photo: np.ndarray) -> np.ndarray:
    """The light on a photo uint8 `[H, W, 3]`: float32 `[H, W, 3]`, in grey levels.

    A first morphological closing is wider than any stroke. It gives the stroke width, from which a second,
    narrower closing follows the edges of shadows.
    """
    side = min(photo.shape[:2]) * THUMBNAIL / max(photo.shape[:2])
    small = thumbnail(photo)
    first = _closing(small, WIDE * side)
    dark = 1.0 - (small / first).mean(axis=-1)
    marked = dark > threshold_otsu(dark)
    stroke = 2.0 * np.percentile(ndimage.distance_transform_edt(marked)[marked], 95) if marked.any() else side
    light = _closing(small, min(STROKES * stroke, WIDE * side))
    return _enlarged(light, photo)


def thumbnail(photo: np.ndarray) -> np.ndarray:
    """A photo uint8 `[H, W, 3]` reduced to at most `THUMBNAIL` pixels a side: float32, 1 to 255."""
    height, width = photo.shape[:2]
    scale = min(THUMBNAIL / max(height, width), 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.maximum(np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX), np.float32), 1.0)


def _closing(small: np.ndarray, extent: float) -> np.ndarray:
    """A smoothed closing of each channel, which removes dark details narrower than `extent` pixels."""
    side = max(int(extent) | 1, MIN_CLOSING)
    return np.stack([ndimage.gaussian_filter(ndimage.grey_closing(channel, (side, side)), side / 6)
                     for channel in np.moveaxis(small, -1, 0)], axis=-1)


def _resized(plane: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))


def is_dark(grey: np.ndarray) -> bool:
    """Whether a small picture of grey levels `[H, W]` shows light strokes on a dark background.

    Ink is rarer than paper and differs more from its surroundings, so the differences are skewed towards ink.
    """
    difference = grey - ndimage.gaussian_filter(grey, WIDE * min(grey.shape))
    return bool(((difference - difference.mean())**3).mean() > 0.0)


def ruling_tilt(darkness: np.ndarray) -> float | None:
    """The angle in degrees at which ruled lines in darkness `[H, W]` rise to the right; None without ruled lines."""
    scale = max(min(darkness.shape) // 350, 1)
    faint = np.minimum(darkness, FAINT)
    faint = faint[:faint.shape[0] // scale * scale, :faint.shape[1] // scale * scale]
    faint = faint.reshape(faint.shape[0] // scale, scale, -1, scale).max(axis=(1, 3))
    angles = np.arange(-MAX_TILT, MAX_TILT + STEP, STEP)
    energy = np.array([np.square(np.diff(_along(faint, angle).mean(axis=1))).sum() for angle in angles])
    best = energy.argmax()
    strongest = np.median(_along(faint, angles[best]), axis=1).max()
    if energy[best] < MIN_ENERGY * np.median(energy) or strongest < MIN_RULE:
        return None
    return float(angles[best])


def _along(faint: np.ndarray, degrees: float) -> np.ndarray:
    """The pixels along each line that rises by `degrees` to the right: `[H, W]`, 0 beyond the edges."""
    height, width = faint.shape
    fall = np.tan(np.deg2rad(degrees)) * (np.arange(width) - width / 2)
    rows = np.rint(np.arange(height)[:, None] - fall[None]).astype(int)
    inside = (rows >= 0) & (rows < height)
    return np.where(inside, faint[np.clip(rows, 0, height - 1), np.arange(width)[None]], 0.0)


def rotate(plane: np.ndarray, degrees: float, fill: float | tuple[int, ...] = 0.0, expand: bool = False) -> np.ndarray:
    """Rotates a plane `[H, W]`, or colours `[H, W, 3]`, clockwise by `degrees`.

    Args:
      plane: float32 `[H, W]` or uint8 `[H, W, 3]`.
      degrees: the angle at which level lines rise to the right before the rotation.
      fill: the value of the corners.
      expand: whether the picture grows so that no pixel is lost; otherwise its size stays.
    """
    if not degrees:
        return plane
    quality = Image.Resampling.BICUBIC if plane.ndim == 2 else Image.Resampling.BILINEAR  # a photo is large
    return np.asarray(Image.fromarray(plane).rotate(-degrees, quality, expand, fillcolor=fill))


def without_rules(darkness: np.ndarray) -> np.ndarray:
    """Darkness `[H, W]` without ruled lines, which are horizontal or vertical and longer than any stroke.

    A long running median along a line keeps the line and removes strokes. Dividing by its light also restores
    the darkness of strokes that cross the line.
    """
    for axis in (1, 0):
        rule = _long_median(darkness, axis)
        darkness = (darkness - rule) / np.maximum(1.0 - rule, 0.05)
    return np.clip(darkness, 0.0, 1.0)


def _long_median(plane: np.ndarray, axis: int) -> np.ndarray:
    """A running median along an axis; it changes slowly, so every eighth pixel is enough."""
    few = plane.take(np.arange(0, plane.shape[axis], EVERY), axis)
    size = [1, 1]
    size[axis] = int(LONG * few.shape[axis]) | 1
    return np.repeat(ndimage.median_filter(few, size, mode="nearest"), EVERY, axis).take(
        np.arange(plane.shape[axis]), axis)


def without_ink(photo: np.ndarray, ink: np.ndarray, edge: int, dark: bool = False) -> np.ndarray:
    """Replaces the ink in a photo uint8 `[H, W, 3]` by paper.

    The paper there gets the local light, horizontal and vertical ruled lines, and the grain of paper nearby.

    Args:
      photo: uint8 `[H, W, 3]`.
      ink: float `[H, W]`, 0 to 1.
      edge: pixels of the ink's soft edge, which is replaced too.
      dark: whether the photo shows light ink on dark paper.
    """
    return 255 - _without_dark_ink(255 - photo, ink, edge) if dark else _without_dark_ink(photo, ink, edge)


def _without_dark_ink(photo: np.ndarray, ink: np.ndarray, edge: int) -> np.ndarray:
    """Estimates smooth paper and the source of the grain in a smaller picture, which is much faster."""
    step = max(min(photo.shape[:2]) // FINE, 1)
    inked = ndimage.maximum_filter(ink[::step, ::step], 2 * -(-edge // step) + 1) > MIN_INK
    smooth = _enlarged(_smooth(np.asarray(Image.fromarray(photo).reduce(step)), ~inked), photo)
    if inked.all():
        return np.rint(smooth).astype(np.uint8)
    weight = ndimage.uniform_filter(_enlarged(inked.astype(np.float32), photo), edge)
    rows, columns = replaced = np.nonzero(weight)
    grain = tuple(np.minimum(index[rows // step, columns // step] * step + at % step, extent - 1)
                  for index, at, extent in zip(_nearest_paper(inked), replaced, photo.shape, strict=False))
    part, result = weight[replaced][:, None], photo.copy()
    paper = smooth[replaced] + photo[grain] - smooth[grain]
    result[replaced] = np.clip(np.rint(photo[replaced] * (1.0 - part) + paper * part), 0, 255)
    return result


def _smooth(photo: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Paper `[H, W, 3]` without grain: light times ruled lines, estimated where `clear` (bool `[H, W]`) of ink."""
    light, reach = _light(photo), int(NEAR * min(photo.shape[:2])) | 1
    reflected = photo / light
    return light * _local_mean(reflected, clear, reach, 1) * _local_mean(reflected, clear, reach, 0)


def _enlarged(plane: np.ndarray, photo: np.ndarray) -> np.ndarray:
    """A plane float32 `[h, w]`, or three `[h, w, 3]`, enlarged to the size of a photo `[H, W, 3]`."""
    if plane.ndim == 2:
        return _resized(plane, photo.shape[1::-1])
    return np.stack([_resized(plane[..., channel], photo.shape[1::-1]) for channel in range(3)], axis=-1)


def _local_mean(reflected: np.ndarray, clear: np.ndarray, reach: int, axis: int) -> np.ndarray:
    """The running mean of the clear pixels of `[H, W, 3]` along an axis; 1 where no pixel is clear."""
    weight = ndimage.uniform_filter1d(clear.astype(np.float32), reach, axis)[..., None]
    total = ndimage.uniform_filter1d(np.where(clear[..., None], reflected, 0.0), reach, axis)
    return np.where(weight > 0.5 / reach, total / np.maximum(weight, 0.5 / reach), 1.0)


def _nearest_paper(inked: np.ndarray) -> tuple[np.ndarray, ...]:
    """The indices of a pixel without ink for each pixel of bool `[H, W]`.

    A clear pixel is its own. An inked one gets its mirror image at the ink's edge, or the edge if that is inked.
    """
    edge = ndimage.distance_transform_edt(inked, return_distances=False, return_indices=True)
    beyond = [np.clip(2 * to - here, 0, extent - 1)
              for to, here, extent in zip(edge, np.indices(inked.shape), inked.shape, strict=True)]
    return tuple(np.where(inked[tuple(beyond)], edge, beyond))
