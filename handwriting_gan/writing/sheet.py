"""A written line as something to keep: on nothing, on paper, as outlines, beside the photo it came from."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from handwriting_gan.writing.composition import LineLayout
from handwriting_gan.writing.paper import bare
from handwriting_gan.writing.photo import Page
from handwriting_gan.writing.segment import Box

Colour = tuple[int, int, int]
CORE = 0.9  # of the darkest ink: what is above has the pen's own colour
EDGE = 127.5  # of 255, where an outline runs
TOLERANCE = 0.15  # pixels by which an outline may be simplified
SOFT_EDGE = 4  # pixels of the page's ink
QUICK = 1  # of 9 levels of compression: a photo of 12 megapixels takes a second, not fifteen
SURROUNDINGS = 0.5  # of a number's height, shown around it


def pen_colour(page: Page, box: Box) -> Colour:
    """The pen's colour, in the median of the ink in a box of the photo."""
    window = page.window(box.top, box.left, (box.height, box.width))
    inked = window.ink >= CORE * window.ink.max()
    inner = ndimage.binary_erosion(inked, iterations=2)
    red, green, blue = np.median(window.photo[inner if inner.any() else inked], axis=0).astype(int).tolist()
    return red, green, blue


def transparent(ink: np.ndarray, colour: Colour) -> np.ndarray:
    """Ink uint8 `[H, W]` in a colour on nothing: uint8 `[H, W, 4]`."""
    return np.dstack([np.full((*ink.shape, 3), colour, np.uint8), ink])


def on_paper(ink: np.ndarray, colour: Colour, paper: np.ndarray) -> np.ndarray:
    """Ink uint8 `[H, W]` in a colour on paper uint8 `[H, W, 3]`: uint8 `[H, W, 3]`."""
    pen = Image.new("RGB", ink.shape[::-1], colour)
    return np.asarray(Image.composite(pen, Image.fromarray(paper), Image.fromarray(ink)))


def paper_for(page: Page, number: Box, layout: LineLayout, width: int) -> np.ndarray:
    """The photo's own paper for a line in place of the number: uint8 `[H, width, 3]`, as high as composed."""
    window = page.window(number.bottom - layout.baseline, number.left - layout.margin, (layout.rows, width))
    return bare(window.photo, window.ink, round(SOFT_EDGE / page.scale), page.is_dark)


def photo_around(page: Page, number: Box) -> np.ndarray:
    """The photo where the number is, and a little around: uint8 `[H, W, 3]`."""
    around = round(SURROUNDINGS * number.height)
    height, width = page.photo.shape[:2]
    return page.photo[max(number.top - around, 0):min(number.bottom + around, height),
                      max(number.left - around, 0):min(number.right + around, width)]


def stack_pictures(upper: np.ndarray, lower: np.ndarray, ground: int = 255) -> np.ndarray:
    """Two pictures uint8 `[H, W, 3]` on a page of one colour: uint8 `[sum of H, larger W, 3]`."""
    width = max(upper.shape[1], lower.shape[1])
    page = np.full((len(upper) + len(lower), width, 3), ground, np.uint8)
    page[:len(upper), :upper.shape[1]] = upper
    page[len(upper):, :lower.shape[1]] = lower
    return page


def outlines(ink: np.ndarray, colour: Colour) -> str:
    """Ink uint8 `[H, W]` as an SVG drawing of as many units, each stroke's edge a closed path."""
    height, width = ink.shape
    edges = (approximate_polygon(edge, TOLERANCE) for edge in find_contours(np.pad(ink, 1), EDGE))
    path = "".join("M" + "L".join(f"{column - 0.5:.2f} {row - 0.5:.2f}" for row, column in edge[:-1]) + "Z"
                   for edge in edges)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}"><path fill="#{bytes(colour).hex()}" fill-rule="evenodd" '
            f'd="{path}"/></svg>\n')


def png(picture: np.ndarray) -> bytes:
    """A picture uint8 `[H, W, 3]` or `[H, W, 4]` as a file."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, format="PNG", compress_level=QUICK)
    return content.getvalue()
